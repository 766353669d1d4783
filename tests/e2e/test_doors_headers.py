"""Which hosts are answered, and the headers that every answer carries.

What must hold: an unknown Host is told 421 before any door sees it; every answer of every door,
good or bad, keeps itself in its place.
"""

from collections.abc import Iterator

import pytest

from tests.support.doors import Browser
from tests.support.gateway import Gateway, running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("headers") / "gateway") as started:
        yield started


@pytest.fixture
def browser(gateway: Gateway) -> Iterator[Browser]:
    opened = Browser(gateway)
    with opened.http:
        yield opened


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", "", "127.0.0.1:{port}@x"]
)
@pytest.mark.parametrize("path", ["/cashier/trade-pay", "/wallet", "/healthz", "/bridge.js", "/x"])
def test_an_unknown_host_is_told_421_and_nothing_else(
    gateway: Gateway, browser: Browser, host: str, path: str
) -> None:
    answer = browser.http.get(path, headers={"host": host.format(port=gateway.port)})
    assert answer.status_code == 421
    assert set(answer.json()) == {"memo"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/nothing"),
        ("GET", "/bridge.js"), ("GET", "/wallet"), ("GET", "/wallet/me"),
        ("POST", "/wallet/session"), ("GET", "/cashier/none"),
        ("POST", "/cashier/trade-pay"), ("OPTIONS", "/cashier/trade-pay"),
        ("POST", "/cashier/none/confirm"), ("POST", "/control"), ("GET", "/control"),
        ("GET", "/static/cashier/css/cashier.css"), ("GET", "/static/wallet/css/none.css"),
    ],
)  # fmt: skip
def test_every_answer_carries_the_headers_that_keep_it_in_its_place(
    browser: Browser, method: str, path: str
) -> None:
    answer = browser.http.request(method, path, headers={"accept": "text/html"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] in {"no-store", "no-cache"}
    assert "server" not in answer.headers
    if answer.headers.get("content-type", "").startswith("text/html"):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'self'" in policy
