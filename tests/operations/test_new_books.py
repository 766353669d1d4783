"""A gateway in production that finds an empty database says that its books are new.

What must hold: it is said once, and not of books that are there already, nor by a sandbox.
"""

from pathlib import Path

from structlog.testing import capture_logs

from tests.security.production import ORIGIN, production
from tests.support.asgi import sandbox
from tillgate.bootstrap import open_house
from tillgate.cli.operate import settings_of


async def test_new_books_are_told_once(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    with capture_logs() as first:
        async with production(data):
            pass
    [told] = [line for line in first if line["event"] == "new_books"]
    assert (told["database"], told["log_level"]) == (str(data / "tillgate.sqlite"), "warning")

    settings = settings_of(str(data), mode="production", public_url=ORIGIN)
    with capture_logs() as again:
        async with open_house(settings, port=8080):
            pass
        async with sandbox(tmp_path / "sandbox"):
            pass
    assert not [line for line in again if line["event"] == "new_books"]
