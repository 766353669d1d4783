"""A site that is no part of this house: another origin, with pages of a stranger's own making.

What must hold: it knows the gateway by the address of `/bridge.js` alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, final
from urllib.parse import parse_qs, urlsplit

MERCHANT = (
    '<!doctype html><html lang="en"><title>Stall</title><script src="{origin}/bridge.js"></script>'
)
BLANK = "<!doctype html><title>Elsewhere</title>"
FRAMING = '<!doctype html><title>Frames</title><iframe src="{of}"></iframe>'


@final
class Site:
    """Where the stranger's pages are."""

    def __init__(self, origin: str) -> None:
        """Name the site's origin."""
        self.origin = origin

    @property
    def merchant(self) -> str:
        """Return a page with the one script tag that any page may have."""
        return f"{self.origin}/merchant"

    @property
    def blank(self) -> str:
        """Return a page with nothing in it."""
        return f"{self.origin}/blank"

    def framing(self, address: str) -> str:
        """Return a page that frames an address."""
        return f"{self.origin}/framing?of={address}"


@contextmanager
def foreign_site(gateway_origin: str) -> Iterator[Site]:
    """Run the site for as long as the block lasts."""

    class Handler(_Handler):
        gateway = gateway_origin

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Site(f"http://localhost:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    gateway: ClassVar[str]

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        page = {"/merchant": MERCHANT, "/framing": FRAMING}.get(asked.path, BLANK)
        of = parse_qs(asked.query).get("of", [""])[0]
        body = page.format(origin=self.gateway, of=of).encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base class's name.
        """Say nothing."""
