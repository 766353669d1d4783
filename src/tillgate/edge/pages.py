"""Pages and static files: templates by name, files from a package, a strict policy on each.

What must hold: nothing outside a package's `static` folder is served; every page carries a
Content-Security-Policy that allows nothing inline and nothing from outside.
"""

import mimetypes
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tillgate.edge.asgi import Incoming, Send, reply

LANGUAGES = ("en", "zh-Hant-HK", "zh-Hans-CN")
STATIC_AGE_S = 300
PATH_PARTS_MAX = 4


@final
class Pages:
    """The templates and static files of one package."""

    def __init__(self, package: str) -> None:
        """Find `templates` and `static` in `package`."""
        self._templates = Environment(
            loader=PackageLoader(package),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
        )
        self._static = resources.files(package) / "static"
        self._files: dict[str, bytes] = {}

    async def page(
        self,
        send: Send,
        name: str,
        *,
        status: int = 200,
        policy: bytes,
        context: Mapping[str, Any],
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """Send a template as an HTML page."""
        body = self._templates.get_template(name).render(**context).encode()
        kind = b"text/html; charset=utf-8"
        safe = ((b"content-security-policy", policy), *headers)
        await reply(send, status, body, kind=kind, headers=safe)

    async def file(
        self, send: Send, path: str, *, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        """Send a static file, or 404."""
        body = self._read(path)
        if body is None:
            await reply(send, 404, b"There is no such file.", kind=b"text/plain")
            return
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind.endswith(("javascript", "json", "svg+xml")):
            kind += "; charset=utf-8"
        await reply(send, 200, body, kind=kind.encode(), headers=headers)

    def _read(self, path: str) -> bytes | None:
        if path in self._files:
            return self._files[path]
        parts = path.split("/")
        if len(parts) > PATH_PARTS_MAX or not all(_is_plain(part) for part in parts):
            return None
        found: Traversable = self._static
        for part in parts:
            found = found / part
        if not found.is_file():
            return None
        self._files[path] = found.read_bytes()
        return self._files[path]


def policy(*, ancestors: str = "'self'", frames: str = "'none'", scripts: str = "") -> bytes:
    """Return a Content-Security-Policy; a page says what it frames, and what it runs besides."""
    return (
        f"default-src 'none'; script-src 'self'{' ' if scripts else ''}{scripts}; "
        "style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        f"frame-src {frames}; frame-ancestors {ancestors}; form-action 'self'; base-uri 'none'"
    ).encode()


def language(incoming: Incoming) -> str:
    """Return the page language that the browser asks for first among ours."""
    for wanted in incoming.headers.get("accept-language", "").split(","):
        tag = wanted.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            traditional = ("hant" in tag) or tag.endswith(("hk", "tw", "mo"))
            return LANGUAGES[1] if traditional else LANGUAGES[2]
        if tag.startswith("en"):
            return LANGUAGES[0]
    return LANGUAGES[0]


def _is_plain(part: str) -> bool:
    return bool(part) and part[0] != "." and all(char.isalnum() or char in "._-" for char in part)
