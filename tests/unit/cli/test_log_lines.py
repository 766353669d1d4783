"""Lines of `tillgate logs`: folded to a terminal's width, and one line each for programs."""

import sys

import pytest

from tillgate.cli.messages import INDENT, _tell
from tillgate.protocol.recording import Exchange, ExchangeKind, Judged, SignatureVerdict

NUMBER = "A-" + "1" * 40
EXCHANGE = Exchange(
    seq=1,
    at="2026-01-31T10:00:00.123+08:00",
    kind=ExchangeKind.FUNCTION,
    function="alipay.intl.acquiring.common.payQuery",
    order=NUMBER,
    client_id="4Q5XSH6SSG02T006",
    signature=Judged(
        verdict=SignatureVerdict.BAD, finding="SLASHES_ESCAPED", sentence="It was changed. " * 12
    ),
    result="INVALID_SIGNATURE",
    status=200,
    elapsed_ms=3,
)


@pytest.mark.parametrize("columns", [80, 60])
def test_on_a_terminal_no_line_is_wider_than_it(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    _tell(EXCHANGE, as_json=False)

    first, *rest = capsys.readouterr().out.splitlines()
    assert len(first) <= columns
    assert rest
    assert all(line.startswith(INDENT) and len(line) <= columns for line in rest)
    assert any(NUMBER in line for line in (first, *rest))


def test_elsewhere_a_message_keeps_its_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    _tell(EXCHANGE, as_json=False)

    assert len(capsys.readouterr().out.splitlines()) == 2
