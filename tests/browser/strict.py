"""A merchant that has never heard of Tillgate, with the strictest policy a page can pay under.

One page, one script file, both on a site of its own. The policy allows that script and nothing
else: no connection, no frame, no inline script, no style; and the page cuts itself off from every
window it did not open. What must hold: no word of a gateway is in it but the signed order.
"""

import html
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Final, final
from urllib.parse import parse_qs, urlsplit

WAIT_S_MAX: Final = 60.0
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
PAGE: Final = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
    '<title>Stall</title><script src="/early.js"></script><h1>Stall</h1>'
    '<button id="pay" data-order="{order}">Pay</button><script src="/page.js"></script></html>'
)
EARLY: Final = """
document.documentElement.dataset.early = String('AlipayJSBridge' in window);
document.addEventListener('AlipayJSBridgeReady', function () {
  document.documentElement.dataset.ready = 'yes';
});
"""
SCRIPT: Final = """
(function () {
  var button = document.getElementById('pay');
  var count = 0;
  function pay() {
    var asked = {orderStr: button.dataset.order, version: '2.0.0'};
    AlipayJSBridge.call('tradePay', asked, function (result) {
      count += 1;
      sessionStorage.setItem('heard', JSON.stringify({count: count, result: result}));
      document.documentElement.dataset.code = result.resultCode;
    });
  }
  button.addEventListener('click', function () {
    if (window.AlipayJSBridge) pay();
    else document.addEventListener('AlipayJSBridgeReady', pay, false);
  });
})();
"""
EAGER: Final = (
    '<!doctype html><html lang="en" data-order="{order}"><title>Stall</title>'
    '<script src="/eager.js"></script><script src="/slow.js"></script><h1>Stall</h1></html>'
)
EAGER_SCRIPT: Final = """
(function () {
  var root = document.documentElement;
  AlipayJSBridge.call('tradePay', {orderStr: root.dataset.order}, function (result) {
    root.dataset.code = result.resultCode;
  });
})();
"""
DONE: Final = '<!doctype html><html lang="en"><title>Thank you</title><h1>Thank you</h1></html>'


@final
class Stall:
    """Where the merchant's pages are."""

    def __init__(self, origin: str) -> None:
        """Name the site's origin."""
        self.origin = origin
        self.go_on = threading.Event()

    @property
    def done(self) -> str:
        """Return the address that orders name as their returnUrl."""
        return f"{self.origin}/done"

    def eager(self, number: str) -> str:
        """Return a page that asks to be paid at once, and loads until `go_on` is set."""
        return f"{self.origin}/eager?number={number}"

    def checkout(self, number: str) -> str:
        """Return the page that sells one order."""
        return f"{self.origin}/checkout?number={number}"


@contextmanager
def stall(order_of: Callable[[str, str], str]) -> Iterator[Stall]:
    """Run the site for as long as the block lasts.

    `order_of` signs an order: its number and its returnUrl are handed to it.
    """

    class Handler(_Handler):
        def order(self, number: str) -> str:
            return order_of(number, here.done)

        def wait(self) -> None:
            here.go_on.wait(WAIT_S_MAX)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = Stall(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    scripts: ClassVar = {
        "/early.js": EARLY,
        "/page.js": SCRIPT,
        "/eager.js": EAGER_SCRIPT,
        "/slow.js": "",
    }
    pages: ClassVar = {"/checkout": PAGE, "/eager": EAGER}

    def order(self, number: str) -> str:
        raise NotImplementedError(number)

    def wait(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/slow.js":
            self.wait()
        if asked.path in self.scripts:
            self._send(self.scripts[asked.path], "text/javascript")
        elif asked.path in self.pages:
            number = parse_qs(asked.query)["number"][0]
            self._send(
                self.pages[asked.path].format(order=html.escape(self.order(number))), "text/html"
            )
        else:
            self._send(DONE, "text/html")

    def _send(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base class's name.
        """Say nothing."""
