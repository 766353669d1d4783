"""Scan a gateway for general web faults, with wapiti from Debian; `apt-get install wapiti` first.

It starts a sandbox of its own on this machine, behind a TLS end as in production, signs a payer in,
opens a cashier and a signing page, and lets the scanner at all of it for a bounded time; then it
sums up and ends everything.
Nothing but 127.0.0.1 is ever asked: modules that call out, or need lists from elsewhere, are left
out. Exit 0: nothing above informational; 1: findings, which are printed; 3: there is no scanner.

    .venv/bin/python tools/scan.py [--seconds 300] [--json report.json]
"""

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

HERE: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from tests.e2e.outgoing.certificates import Authority  # noqa: E402  The path is set first.
from tests.support.doors import Browser  # noqa: E402  The path is set first.
from tests.support.gateway import PIN, Gateway, order, running  # noqa: E402  The path is set first.

MODULES: Final = (
    *("backup", "blindsql", "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess"),
    *("http_headers", "methods", "permanentxss", "redirect", "shellshock", "sql", "xss"),
)
PAGES: Final = (
    *("/", "/wallet", "/wallet/me", "/wallet/history?cursor=1.1", "/wallet/agreements"),
    *("/docs", "/docs/codes", "/docs/doors", "/docs/callback", "/openapi.json", "/bridge.js"),
    *("/docs/alipay.intl.acquiring.cashier.wap.pay", "/healthz", "/readyz", "/metrics"),
    *("/api/alipay/intl/acquiring/cashier/wap/pay.htm", "/static/cashier/css/cashier.css"),
    *("/cashier/trade-pay", "/wallet/session", "/control"),
)
SHOP: Final = ("/shop", "/shop/seed", "/shop/result?merchantTransId=1", "/shop/agreed?state=1")


def main() -> int:
    """Scan, sum up, and tell whether anything is above informational."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--seconds", type=int, default=300, help="how long each of two sites takes")
    given.add_argument("--json", type=Path, help="where the whole report is written")
    said = given.parse_args()
    if shutil.which("wapiti") is None:
        sys.stderr.write("There is no scanner here: apt-get install wapiti\n")
        return 3
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as outer:
        work, port = Path(folder), outer.getsockname()[1]
        # A second of the scanner is many seconds of a person: nothing is turned away here.
        settings = {"requests_per_s_max": "100000", "public_url": f"https://127.0.0.1:{port}"}
        with running(work / "gateway", **settings) as gateway, _tls(outer, gateway.port, work):
            reports = {
                origin: _scanned(origin, pages, cookies, work=work, seconds=said.seconds)
                for origin, pages, cookies in _sites(gateway, port)
            }
            logged = gateway.logged()
    if said.json:
        said.json.write_text(json.dumps(reports, indent=2))
    return _told(reports, logged)


@contextmanager
def _tls(outer: socket.socket, port: int, work: Path) -> Iterator[None]:
    """Pass on to the gateway what comes over TLS; the shop is known there by its own port."""
    context = Authority().serving("localhost", work)
    names = (f"localhost:{outer.getsockname()[1]}".encode(), f"localhost:{port}".encode())

    def pass_on(source: socket.socket, sink: socket.socket, *renamed: bytes) -> None:
        with suppress(OSError):
            while part := source.recv(64 * 1024):
                sink.sendall(part.replace(*renamed) if renamed else part)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def serve(raw: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(raw, server_side=True) as near,
            socket.create_connection(("127.0.0.1", port)) as far,
        ):
            back = threading.Thread(target=pass_on, args=(far, near), daemon=True)
            back.start()
            pass_on(near, far, *names)
            back.join(10)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(outer.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield
    outer.close()


def _sites(gateway: Gateway, port: int) -> list[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Return what is scanned: an origin, the pages to begin with, the cookies of a payer."""
    browser, merchant = Browser(gateway), gateway.merchant()
    said = {"payer": "rich", "pin": PIN}
    with browser.http:
        there = httpx2.post(f"{gateway.origin}/wallet/session", json=said, trust_env=False)
        cookies = dict(
            text.partition(";")[0].partition("=")[::2]
            for text in there.headers.get_list("set-cookie")
        )
        me = {"authorization": f"Bearer {there.json()['token']}"}
        signed = merchant.order_str(order("SCAN-1"))
        cashiers = (
            browser.cashier(signed, "scan-page"),
            browser.cashier(signed, "scan-wallet", **me),
        )
        asked = merchant.prepare_agreement(
            agreement_id="5" * 32, redirect_url=f"{gateway.shop_origin}/shop/agreed", state="scan"
        )
        signing = urlsplit(asked.url).path
    pages = (*PAGES, *cashiers, signing, f"{signing}.json")
    return [(f"https://127.0.0.1:{port}", pages, cookies), (f"https://localhost:{port}", SHOP, {})]


def _scanned(
    origin: str, pages: tuple[str, ...], cookies: dict[str, str], *, work: Path, seconds: int
) -> dict[str, Any]:
    """Return the scanner's report on one site of this machine."""
    host = urlsplit(origin).hostname or ""
    if host not in {"127.0.0.1", "localhost"}:
        message = f"{origin} is not this machine"
        raise ValueError(message)
    jar, report = work / f"{host}.cookies", work / f"{host}.json"
    kept = {
        name: {"value": value, "expires": None, "secure": True, "port": None, "version": 0}
        for name, value in cookies.items()
    }
    jar.write_text(json.dumps({host: {"/": kept}}))
    asked = [
        *("wapiti", "-u", f"{origin}/", "--scope", "domain", "-m", ",".join(MODULES)),
        *(part for page in pages for part in ("-s", f"{origin}{page}")),
        *("--max-scan-time", str(seconds), "--max-attack-time", str(max(10, seconds // 8))),
        *("-d", "3", "--max-links-per-page", "60", "-t", "10", "-v", "0", "--no-bugreport"),
        *("--cookie", str(jar), "--flush-session", "--store-session", str(work / host)),
        *("--store-config", str(work / "config"), "-f", "json", "-o", str(report)),
    ]
    subprocess.run(
        asked, timeout=2 * seconds + 120, check=False, stdin=subprocess.DEVNULL, cwd=work
    )
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def _told(reports: dict[str, dict[str, Any]], logged: str) -> int:
    """Print what was found, and return the exit code."""
    bad = 0
    for origin, report in reports.items():
        sys.stdout.write(f"{origin}: {report['infos'].get('version', 'wapiti')}\n")
        for part in ("vulnerabilities", "anomalies", "additionals"):
            for name, found in report.get(part, {}).items():
                sys.stdout.write(f"  {part}: {name}: {len(found)}\n" if found else "")
                for each in found:
                    sys.stdout.write(f"    {each['method']} {each['path']}: {each['info']}\n")
                bad += len(found) if part != "additionals" else 0
    broken = [line for line in logged.splitlines() if "broken" in line or "Traceback" in line]
    for line in broken:
        sys.stdout.write(f"  the gateway's own log: {line}\n")
    sys.stdout.write(f"{bad + len(broken)} findings above informational.\n")
    return 1 if bad or broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
