"""Addresses come out as a browser would read them, or are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.protocol import urls


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("https://shop.example/a?b=c#d", "https://shop.example/a?b=c#d"),
        (" https://shop.example/result.html ", "https://shop.example/result.html"),
        ("\x00\x1fhttps://shop.example/\x1f\x00", "https://shop.example/"),
        ("ht\ntp\ts://sh\rop.example/a\nb", "https://shop.example/ab"),
        ("HTTPS://Shop.EXAMPLE/Path", "https://shop.example/Path"),
        ("https:shop.example/a", "https://shop.example/a"),
        ("https:/shop.example/a", "https://shop.example/a"),
        ("https:////shop.example//a", "https://shop.example//a"),
        ("https:\\\\shop.example\\a\\b", "https://shop.example/a/b"),
        ("https://shop.example\\@evil.example/", "https://shop.example/@evil.example/"),
        ("https://shop.example:443/", "https://shop.example/"),
        ("http://shop.example:80/", "http://shop.example/"),
        ("http://shop.example:0443/", "http://shop.example:443/"),
        ("http://shop.example:/", "http://shop.example/"),
        ("https://shop.example/a/./b/../c/%2e%2E/d/.", "https://shop.example/a/d/"),
        ("https://shop.example/../../x", "https://shop.example/x"),
        ("https://shop.example/..", "https://shop.example/"),
        ("https://shop.example/a b/裙?q=a b'\"<>#f `", None),
        ("https://shop.example/%E8%A3%99", "https://shop.example/%E8%A3%99"),
        ("https://sh%6Fp.example/", "https://shop.example/"),
        ("https://xn--fiqs8s.example/", "https://xn--fiqs8s.example/"),
        ("https://shop.example?", "https://shop.example/?"),
        ("https://shop.example/#", "https://shop.example/#"),
        ("https://shop.example/?a=1?b=2", "https://shop.example/?a=1?b=2"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7f.0.0.1/", "http://127.0.0.1/"),
        ("http://0177.0.0.01/", "http://127.0.0.1/"),
        ("http://0x/", "http://0.0.0.0/"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ("http://localhost:8080/wallet", "http://localhost:8080/wallet"),
    ],
)
def test_an_address_is_written_as_a_browser_writes_it(text: str, normal: str | None) -> None:
    expected = normal or "https://shop.example/a%20b/%E8%A3%99?q=a%20b%27%22%3C%3E#f%20%60"

    assert urls.normalise(text) == expected
    assert urls.normalise(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "/path", "//evil.example/", "\\\\evil.example", "shop.example", "https"),
        *("https:", "https://", "https:///", "https://?a", "https://#a", "http://:80/"),
        *("ftp://shop.example/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"),
        *("java\nscript:alert(1)", "https;//shop.example", "blob:https://shop.example/x"),
        *("https://a@shop.example/", "https://a:b@shop.example/", "https://@shop.example/"),
        *("https://shop.example@evil.example/", "https://shop.example%40evil.example/"),
        *("https://shop.example:99999/", "https://shop.example:8x/", "https://shop.example:-1/"),
        *("https://shop example/", "https://shop%20.example/", "https://sho%00p.example/"),
        *("https://shop%2fevil.example/", "https://shop..example/", "https://.example/"),
        *(
            "https://裙.example/",
            "https://\uff53\uff48\uff4f\uff50.example/",
            "https://shop.example。evil/",
        ),
        *("http://256.1.1.1/", "http://1.2.3.4.5/", "http://1.2.3.08/", "http://a.1/"),
        *("http://0xffffffff1/", "http://[::1/", "http://[::g]/", "http://[]/", "http://[::1]x/"),
        *("http://[fe80::1%25eth0]/", "https://a^b.example/", "https://a|b.example/"),
    ],
)
def test_what_is_no_usable_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        urls.normalise(text)


@pytest.mark.parametrize("name", urls.RESERVED_PARAMETERS)
def test_a_parameter_of_ours_may_not_be_there_before_us(name: str) -> None:
    for query in (f"{name}=x", f"a=1&{name}", f"a=1&{name}=", f"%{ord(name[0]):x}{name[1:]}=x"):
        with pytest.raises(ValueError, match=name):
            urls.check_return_url(f"https://shop.example/?{query}")


def test_parameters_of_the_merchants_own_may_be_there() -> None:
    urls.check_return_url("https://shop.example/?order=merchantId&MERCHANTID=1#signature=x")


def test_hosts_and_origins_are_the_browsers() -> None:
    assert urls.host_of("https://Shop.example\\@evil.example/") == "shop.example"
    assert urls.host_of("http://0x7f.1:8080/") == "127.0.0.1"
    assert urls.origin_of("HTTP://localhost:8080/shop?x") == "http://localhost:8080"
    assert urls.origin_of("https://shop.example:443/a") == "https://shop.example"


@given(st.text(max_size=60))
def test_any_text_is_normalised_once_and_for_all_or_refused(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://shop.example/{text}"):
        try:
            normal = urls.normalise(candidate)
        except ValueError:
            continue
        assert normal.isascii()
        assert normal.startswith(("http://", "https://"))
        assert urls.normalise(normal) == normal
        assert urls.host_of(normal) == urls.host_of(candidate)


@given(st.from_regex(urls._PLAIN, fullmatch=True))  # noqa: SLF001  The shortcut must change nothing.
def test_the_shortcut_for_plain_addresses_gives_the_long_ways_answer(text: str) -> None:
    try:
        slow = str(urls.parse(text))
    except ValueError:
        slow = ""

    assert slow == text
