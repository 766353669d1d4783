"""Spans of a payment, as OpenTelemetry's own in-memory exporter receives them.

What must hold: one trace from the request over its decision and commit to the issuer; a
notification is a trace of its own; nothing of a merchant or payer is in any of them; while they are
switched off their library is not even loaded.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.asgi import ask, bearer, sandbox, signed_in
from tests.support.gateway import MERCHANT_ID, merchant_of, order
from tillgate.bootstrap import House, spans
from tillgate.config.settings import Traces, read_settings
from tillgate.config.values import SettingRefused
from tillgate.edge.following import payment_id
from tillgate.edge.tracing import Tracing

NUMBER = "order-of-the-spans"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Return where spans go, in place of a collector."""
    received = InMemorySpanExporter()

    @contextmanager
    def in_memory(where: Traces) -> Iterator[Tracing]:
        assert where is Traces.OTLP
        tracing = Tracing(SimpleSpanProcessor(received))
        yield tracing
        tracing.close()

    monkeypatch.setattr(spans, "spans", in_memory)
    monkeypatch.setenv("TILLGATE_TRACES", "otlp")
    return received


@pytest.fixture
async def house(exporter: InMemorySpanExporter, tmp_path: Path) -> AsyncIterator[House]:
    async with sandbox(tmp_path / "data") as house:
        yield house


async def test_a_request_its_decision_its_commit_and_its_issuer_are_one_trace(
    house: House, exporter: InMemorySpanExporter
) -> None:
    me = [bearer(await signed_in(house, "unknown-then-paid"))]
    signed = order(NUMBER, notify_url="http://127.0.0.1:9/told")
    call = {"orderStr": merchant_of(house.folder.path).order_str(signed), "callId": "c"}
    reply = await ask(house, "POST", "/cashier/trade-pay", call, headers=me)
    path = reply.json()["cashierUrl"].partition("8080")[2]
    exporter.clear()
    await ask(house, "POST", f"{path}/confirm", {"pin": "123456"}, headers=me)
    found = exporter.get_finished_spans()

    (request,) = _named(found, "request")
    (issuer,) = _named(found, "issuer ask")
    assert issuer.context.trace_id == request.context.trace_id
    assert issuer.parent is not None
    assert issuer.parent.span_id == request.context.span_id
    mine = [span for span in found if span.context.trace_id == request.context.trace_id]
    verbs = [str(_said(span)["tillgate.verb"]) for span in mine if span.name == "commit"]
    assert verbs[0] == "ReservePinTry"
    assert verbs[-2:] == ["Confirm", "AnswerAttempt"]
    assert len(_named(mine, "decide")) == len(verbs)
    for span in mine:
        assert _when(request)[0] <= _when(span)[0] <= _when(span)[1] <= _when(request)[1]
    assert _said(request) == {
        "tillgate.door": "cashier",
        "tillgate.status": 200,
        "tillgate.payment": payment_id(MERCHANT_ID, NUMBER),
    }
    assert _said(issuer)["tillgate.answer"] == "Unknown"
    assert _said(issuer)["tillgate.payment"] == payment_id(MERCHANT_ID, NUMBER)


async def test_a_notification_is_traced_under_the_payments_id(
    house: House, exporter: InMemorySpanExporter
) -> None:
    me = [bearer(await signed_in(house, "rich"))]
    signed = order(NUMBER, notify_url="http://127.0.0.1:9/told")
    call = {"orderStr": merchant_of(house.folder.path).order_str(signed), "callId": "c"}
    reply = await ask(house, "POST", "/cashier/trade-pay", call, headers=me)
    path = reply.json()["cashierUrl"].partition("8080")[2]
    await ask(house, "POST", f"{path}/confirm", {"pin": "123456"}, headers=me)
    for _ in range(5_000):
        if _named(exporter.get_finished_spans(), "notify send"):
            break
        await _moment()

    (send,) = _named(exporter.get_finished_spans(), "notify send")
    assert _said(send) == {
        "tillgate.number": 1,
        "tillgate.payment": payment_id(MERCHANT_ID, NUMBER),
    }
    told = " ".join(span.to_json() for span in exporter.get_finished_spans())
    for secret in (NUMBER, "rich", "123456", MERCHANT_ID, "127.0.0.1:9", path.rpartition("/")[2]):
        assert secret not in told, secret


def test_without_the_setting_nothing_of_the_library_is_loaded() -> None:
    program = (
        "import sys; from tillgate.bootstrap import house; import tillgate.cli.running;"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_where_the_library_is_missing_the_line_to_type_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLGATE_TRACES", "otlp")
    monkeypatch.setitem(sys.modules, "tillgate.bootstrap.spans", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(SettingRefused, match=r'pip install "tillgate\[gateway,otel\]"'):
        async with sandbox(tmp_path / "data"):
            pass


def test_a_word_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="off or console or otlp"):
        read_settings({"traces": "yes"}, {}, home=tmp_path)


def _named(found: "tuple[ReadableSpan, ...] | list[ReadableSpan]", name: str) -> list[ReadableSpan]:
    return [span for span in found if span.name == name]


def _said(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def _when(span: ReadableSpan) -> tuple[int, int]:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.start_time, span.end_time


async def _moment() -> None:
    await asyncio.sleep(0.02)
