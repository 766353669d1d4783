"""The example shops in this process: their own source text, patched by name, behind a real server.

A test takes an example as it stands, or with a fault planted in its text, and gets its address.
What must hold: a patch that does not find what it changes fails; apart from patches, only the line
that starts the server and Django's settings, of which a process has one set, are ours.
"""

import contextlib
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

from django.core.wsgi import get_wsgi_application
from django.test.utils import override_settings

from tests.adapters.servers import configure_django, over_uvicorn, over_werkzeug
from tests.adapters.shops import EXAMPLES

Patch = tuple[str, str]
"""What stands in a shop's text, once, and what stands there instead."""
AGREEMENT: Final = "8b0b4dd8218a42269483f5806e17a7d4"
_END: Final = """

agreements = "INSERT INTO orders VALUES (?, '', 'active', 0)"
books.execute(agreements, ["8b0b4dd8218a42269483f5806e17a7d4"])


def end(event) -> None:
    over = "UPDATE orders SET state = 'ended' WHERE number = ?"
    books.execute(over, [event.agreement_id])
"""
AGREEMENTS: Final[Sequence[Patch]] = [
    ("\n\ndef handle", f"{_END}\n\ndef handle"),
    ("handle=handle)", "handle=handle, handle_agreement=end)"),
]
"""A shop with an agreement that stands, which it shows where it shows orders."""
_RUNS: Final[dict[str, Sequence[Patch]]] = {
    "fastapi": [("uvicorn.run(app, port=PORT)", "served = app")],
    "flask": [("app.run(port=PORT)", "served = app")],
    "django": [
        ('settings.configure(ALLOWED_HOSTS=["127.0.0.1"],', "dict("),
        ('execute_from_command_line(["", "runserver", "--noreload", str(PORT)])', "served = ..."),
    ],
}


class Addresses(NamedTuple):
    """Where a shop is."""

    notify: str
    orders: str
    state: str

    @classmethod
    def at(cls, origin: str) -> "Addresses":
        """Return the addresses of a shop with this origin."""
        orders = f"{origin}/orders"
        return cls(f"{origin}/notify", orders, f"{orders}/{{merchant_trans_id}}")


def text_of(framework: str, patches: Sequence[Patch] = ()) -> str:
    """Return an example's source text with faults planted in it."""
    text = (EXAMPLES / f"{framework}_shop.py").read_text()
    for old, new in patches:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {framework}_shop"
        text = text.replace(old, new)
    return text


@contextmanager
def open_shop(
    framework: str, *, data: Path, folder: Path, patches: Sequence[Patch] = ()
) -> Iterator[Addresses]:
    """Serve an example with the keys in `data` for as long as the block lasts."""
    folder.mkdir()
    text = text_of(framework, [*patches, *_RUNS[framework]])
    shop: dict[str, Any] = {"__name__": f"shop_of_{folder.name}"}
    with contextlib.chdir(folder), mock.patch.object(sys, "argv", ["shop", str(data), "8001"]):
        exec(compile(text, f"{framework}_shop.py", "exec"), shop)  # noqa: S102  Our own examples.
    books: sqlite3.Connection = shop["books"]
    try:
        with _serving(framework, shop) as origin:
            yield Addresses.at(origin)
    finally:
        books.close()


@contextmanager
def _serving(framework: str, shop: dict[str, Any]) -> Iterator[str]:
    match framework:
        case "fastapi":
            with over_uvicorn(shop["served"]) as origin:
                yield origin
        case "flask":
            with over_werkzeug(shop["served"]) as origin:
                yield origin
        case _:
            configure_django()
            site = tuple(shop["urlpatterns"])
            with (
                override_settings(ROOT_URLCONF=site, MIDDLEWARE=[]),
                over_werkzeug(get_wsgi_application()) as origin,
            ):
                yield origin
