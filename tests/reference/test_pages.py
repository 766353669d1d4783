"""The pages: complete, made from the types, the same in three languages, strict in headers."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.asgi import Reply, ask, sandbox
from tillgate.bootstrap import House
from tillgate.bootstrap.doors import DESCRIBED as DOORS
from tillgate.gateway.reference.codes import codes_of
from tillgate.gateway.reference.tables import LETTERS, rows
from tillgate.gateway.reference.words import FILES, PACKAGE
from tillgate.kernel.results import Actor, CallbackCode, Result, Status
from tillgate.protocol.function import Function
from tillgate.protocol.functions import ALL_FUNCTIONS

PAGES = ("/docs", "/docs/codes", "/docs/callback", "/docs/doors")
FUNCTION_PAGES = tuple(f"/docs/{each.name}" for each in ALL_FUNCTIONS)
FOLDER = resources.files(PACKAGE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with sandbox(tmp_path_factory.mktemp("reference")) as open_house:
        yield open_house


pytestmark = pytest.mark.asyncio(loop_scope="module")


class _Page(HTMLParser):
    """Collects what a page holds: anchors, links, and elements that are inline."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if "id" in named:
            self.ids.append(named["id"] or "")
        self.links += [named[name] or "" for name in ("href", "src") if name in named]
        events = [name for name in named if name.startswith("on")]
        if tag == "style" or "style" in named or events or (tag == "script" and "src" not in named):
            self.inline.append(tag)


async def _page(house: House, path: str, language: str = "en") -> Reply:
    return await ask(house, "GET", path, headers=[(b"accept-language", language.encode())])


def _text(reply: Reply) -> str:
    """Return the words of a page; what only lets a line break is left out."""
    return unescape(re.sub(r"<[^>]+>", "", reply.body.decode())).replace("\u200b", "")


@pytest.mark.parametrize("path", [*PAGES, *FUNCTION_PAGES])
async def test_a_page_is_strict_and_its_links_lead_somewhere(house: House, path: str) -> None:
    reply = await _page(house, path)
    page = _Page(reply.body.decode())
    assert reply.status == 200
    assert reply.headers["content-security-policy"].startswith("default-src 'none'; script-src 's")
    assert "unsafe" not in reply.headers["content-security-policy"]
    assert page.inline == []
    assert len(set(page.ids)) == len(page.ids)
    for link in set(page.links):
        there, _, anchor = link.partition("#")
        assert there.startswith("/") or not there, link
        found = await _page(house, there) if there and there != path else reply
        assert found.status == 200, link
        assert not anchor or f'id="{anchor}"' in found.body.decode(), link


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)
async def test_a_function_s_page_lists_each_member_and_each_code(
    house: House, function: Function
) -> None:
    reply = await _page(house, f"/docs/{function.name}")
    page, text = _Page(reply.body.decode()), _text(reply)
    assert function.name in text
    assert function.meaning in text
    for kind, body in (("request", function.request), ("response", function.response)):
        for row in rows(body) if body else ():
            assert f"{kind}-{row.path}" in page.ids
            assert row.member.meaning in text
            assert row.must_be in text
            assert row.sample in text
    for code in codes_of(function):
        assert code.name in page.ids
        assert code.id in text
        assert code.sentence in text


async def test_the_tables_list_every_code_in_order_and_every_door(house: House) -> None:
    codes = _Page((await _page(house, "/docs/codes")).body.decode()).ids
    listed = [Result[name] for name in codes if name in Result.__members__]
    assert set(listed) == set(Result)
    assert [code.check for code in listed] == sorted(code.check for code in listed)
    callbacks = _text(await _page(house, "/docs/callback"))
    assert all(code.code in callbacks and code.sentence in callbacks for code in CallbackCode)
    doors = _text(await _page(house, "/docs/doors"))
    assert all(door.path in doors and door.meaning in doors for door in DOORS)


async def test_a_page_is_served_in_the_language_the_browser_asks_for(house: House) -> None:
    for asked, tag in (("zh-HK", "zh-Hant-HK"), ("zh-CN,en", "zh-Hans-CN"), ("de, en", "en")):
        reply = await _page(house, "/docs", asked)
        words = json.loads((FOLDER / "static" / "locales" / FILES[tag]).read_text("utf-8"))
        assert f'<html lang="{tag}">' in reply.body.decode()
        assert words["index.heading"] in _text(reply)


async def test_the_languages_have_the_same_words_and_the_same_code_in_them() -> None:
    english, *others = (
        json.loads((FOLDER / "static" / "locales" / name).read_text("utf-8"))
        for name in FILES.values()
    )
    for words in others:
        assert list(words) == list(english)
        for key, text in english.items():
            assert sorted(re.findall(r"`[^`]+`", words[key])) == sorted(
                re.findall(r"`[^`]+`", text)
            ), key


async def test_no_word_is_left_over_and_none_is_missing() -> None:
    templates = Path(str(FOLDER / "templates"))
    said = "\n".join(path.read_text("utf-8") for path in templates.glob("*.html"))
    said += Path(str(FOLDER / "static" / "js" / "main.js")).read_text("utf-8")
    words = json.loads((FOLDER / "static" / "locales" / "en.json").read_text("utf-8"))
    begun = set(re.findall(r"""["']([a-z. ]+\.)["'] ~""", said))
    written = set(re.findall(r"""["']([a-z]+(?:\.[A-Za-z0-9 ]+)+)["']""", said))
    begun -= {"actor.", "code.", "field.", "letter.", "status."}  # Each of these is held below.
    made = {"field." + name for name in ("name", "must", "type", "length", "meaning")}
    made |= {
        "code." + name for name in ("name", "status", "actor", "again", "meaning", "yes", "no")
    }
    made |= {f"status.{each.value}" for each in Status} | {f"actor.{each.value}" for each in Actor}
    made |= {f"letter.{letter}" for letter in LETTERS.values()}
    for key in words:
        known = key in written | made or key.startswith(tuple(begun))
        assert known, f"{key} is said nowhere"
    assert made <= set(words)


async def test_an_alias_leads_to_its_function_and_nonsense_to_the_list(house: House) -> None:
    alias = await _page(house, "/docs/alipay.intl.acquiring.agreement.payCancel")
    assert alias.status == 302
    assert alias.headers["location"] == "/docs/alipay.intl.acquiring.common.payCancel"
    for path in ("/docs/nothing", "/docs/codes/more", "/docs/<script>", "/docs/%0d%0ax: y"):
        missing = await _page(house, path)
        assert missing.status == 404, path
        assert ALL_FUNCTIONS[0].name in _text(missing)
        assert "<script>" not in missing.body.decode().replace('<script type="module"', "")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/samples/key.pem"])
async def test_the_reference_is_only_read(house: House, path: str) -> None:
    reply = await ask(house, "POST", path, {})
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD"
    assert (await ask(house, "HEAD", path)).status == 200


@pytest.mark.parametrize("path", ["", "x", "/", "key.pem/x", "alipay/request.json"])
async def test_a_sample_that_is_none_is_not_found(house: House, path: str) -> None:
    assert (await ask(house, "GET", f"/docs/samples/{path}")).status == 404


async def test_no_secret_of_the_gateway_is_on_a_page(house: House) -> None:
    own = house.desk.key_ring.private.public.bare()
    for path in (*PAGES, *FUNCTION_PAGES, "/openapi.json"):
        text = (await _page(house, path)).body.decode()
        assert "PRIVATE KEY" not in text
        assert own[:64] not in text
