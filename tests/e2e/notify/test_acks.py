"""What counts as an acknowledgement (U7), told by a table of answers.

Each row is an answer as it comes through the sender, and the verdict on it. What must hold: nothing
that U7 does not name is leaned on, and nothing it names may lack.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.notify import shops
from tests.e2e.notify.shops import Shop, resigned
from tests.e2e.notify.stage import NOON_MS, QUICK, sender, staged
from tests.support.wire import gateway_key, merchant_key, stranger_key
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.states import AcquirementState, NotificationState
from tillgate.edge.story import StepKind
from tillgate.kernel.ids import (
    AcquirementId,
    ClientId,
    MerchantId,
    MerchantTransId,
    NotificationId,
    ReqMsgId,
)
from tillgate.kernel.money import Money
from tillgate.protocol.envelope import Kind
from tillgate.protocol.messages.notify_pay import FUNCTION
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal
from tillgate.workers.ack import SENTENCE_LENGTH_MAX, Judgement, Verdict, judge
from tillgate.workers.notifier import Notifier
from tillgate.workers.notify_message import notify_message
from tillgate.workers.outgoing.port import SendFailure, SendResult

Content = Mapping[str, Any]

ROW = Notification(
    merchant_id=MerchantId("M-1"),
    notification_id=NotificationId("A-1.paid"),
    merchant_trans_id=MerchantTransId("A-1"),
    acquirement_id=AcquirementId("2026"),
    client_id=ClientId("C-1"),
    version="2.0.0",
    url="http://127.0.0.1/",
    result="SUCCESS",
    pay_status=AcquirementState.TRADE_SUCCESS,
    amount=Money.parse("10.00 HKD"),
    paid_at_ms=NOON_MS,
    extend_info="",
    state=NotificationState.PENDING,
    created_at_ms=NOON_MS,
    due_at_ms=NOON_MS,
)
MESSAGE = notify_message(
    ROW,
    req_msg_id=ReqMsgId("m-1"),
    now_ms=NOON_MS,
    key=gateway_key(),
    profile=Profile.TILLGATE,
)
HEAD = {"function": FUNCTION.name, "reqMsgId": "m-1"}
SUCCESS = {"resultInfo": {"resultCode": "SUCCESS"}}
LEAN = {"head": HEAD, "body": SUCCESS}
FULL = {
    "head": {**HEAD, "version": "2.0.0", "clientId": "C-1", "respTime": "yesterday", "reserve": {}},
    "body": {"resultInfo": {"resultStatus": "S", "resultCode": "SUCCESS"}},
}


def said(content: Content, profile: Profile = Profile.TILLGATE) -> bytes:
    """Return a response that the merchant signed."""
    return seal(Kind.RESPONSE, json.dumps(content).encode(), merchant_key(), profile)


def unsigned(content: Content, **more: str | None) -> bytes:
    """Return a response without a signature."""
    return json.dumps({"response": content, **more}).encode()


def judged(
    body: bytes,
    *,
    status: int | None = 200,
    failure: SendFailure | None = None,
    profile: Profile = Profile.TILLGATE,
    known: bool = True,
) -> Judgement:
    result = SendResult(
        status=status,
        body=body,
        elapsed_ms=1,
        connected_address=None,
        failure=failure,
        sentence=failure.sentence if failure else "",
    )
    keys = [stranger_key().public, merchant_key().public] if known else []
    return judge(result, MESSAGE, keys=keys, profile=profile)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (said(LEAN), Verdict.ACKNOWLEDGED),
        (said(FULL), Verdict.ACKNOWLEDGED),
        (b"\r\n " + said(LEAN) + b"\n", Verdict.ACKNOWLEDGED),
        (unsigned(LEAN), Verdict.ACKNOWLEDGED_UNSIGNED),
        (unsigned(FULL, signature=""), Verdict.ACKNOWLEDGED_UNSIGNED),
        (unsigned(FULL, signature=None), Verdict.ACKNOWLEDGED_UNSIGNED),
        # No envelope of ours.
        (b"", Verdict.NOT_AN_ENVELOPE),
        (b"success", Verdict.NOT_AN_ENVELOPE),
        (b"{}", Verdict.NOT_AN_ENVELOPE),
        (b"[" * 60_000, Verdict.NOT_AN_ENVELOPE),
        (b"\xff\xfe", Verdict.NOT_AN_ENVELOPE),
        (json.dumps({"request": LEAN}).encode(), Verdict.NOT_AN_ENVELOPE),
        (json.dumps(LEAN).encode(), Verdict.NOT_AN_ENVELOPE),
        (unsigned(LEAN).replace(b"{", b'{"response":{},', 1), Verdict.NOT_AN_ENVELOPE),
        # Signed, and not so.
        (unsigned(LEAN, signature="XXX"), Verdict.WRONG_SIGNATURE),
        (resigned(said(LEAN), gateway_key()), Verdict.WRONG_SIGNATURE),
        (said(LEAN).replace(b"m-1", b"m-2"), Verdict.WRONG_SIGNATURE),
        (said(LEAN).replace(b'"head"', b' "head"'), Verdict.WRONG_SIGNATURE),
        (said(LEAN, Profile.ALIPAY_HK), Verdict.WRONG_SIGNATURE),
        # Signed, and no acknowledgement.
        (said({"head": HEAD}), Verdict.UNREADABLE),
        (said({"body": SUCCESS}), Verdict.UNREADABLE),
        (said({"head": HEAD, "body": {"resultCode": "SUCCESS"}}), Verdict.UNREADABLE),
        (said({"head": HEAD, "body": {"resultInfo": {"resultCode": 0}}}), Verdict.UNREADABLE),
        (said({"head": {"function": FUNCTION.name}, "body": SUCCESS}), Verdict.UNREADABLE),
        (said({**LEAN, "note": "\0"}), Verdict.UNREADABLE),
        (said({**LEAN, "head": {**HEAD, "reqMsgId": "m-0"}}), Verdict.OTHER_MESSAGE),
        (unsigned({**LEAN, "head": {**HEAD, "reqMsgId": "m-0"}}), Verdict.OTHER_MESSAGE),
        (
            said({**LEAN, "head": {**HEAD, "function": "alipay.intl.acquiring.cashier.wap.pay"}}),
            Verdict.OTHER_FUNCTION,
        ),
        (said({**LEAN, "body": {"resultInfo": {"resultCode": "FAIL"}}}), Verdict.NOT_SUCCESS),
        (said({**LEAN, "body": {"resultInfo": {"resultCode": "success"}}}), Verdict.NOT_SUCCESS),
        (said({**LEAN, "body": {"resultInfo": {"resultCode": "x\n" * 999}}}), Verdict.NOT_SUCCESS),
    ],
)
def test_an_answer_is_judged(answer: bytes, verdict: Verdict) -> None:
    judgement = judged(answer)
    assert judgement.verdict == verdict.name, judgement.sentence
    assert judgement.acknowledged is verdict.acknowledges
    assert judgement.sentence.startswith(verdict.sentence)
    assert judgement.sentence.isprintable()
    assert len(judgement.sentence) <= SENTENCE_LENGTH_MAX


@pytest.mark.parametrize("status", [199, 300, 304, 400, 500, None])
def test_only_2xx_acknowledges(status: int | None) -> None:
    assert judged(said(LEAN), status=status).verdict == Verdict.WRONG_STATUS.name


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_acknowledges(status: int) -> None:
    assert judged(said(LEAN), status=status).acknowledged


@pytest.mark.parametrize("failure", SendFailure)
def test_an_answer_that_did_not_end_well_never_acknowledges(failure: SendFailure) -> None:
    judgement = judged(said(LEAN), failure=failure)
    assert (judgement.acknowledged, judgement.verdict) == (False, failure.name)
    assert judgement.sentence == failure.sentence


def test_a_client_of_the_other_profile_signs_its_own_way() -> None:
    answer = said(LEAN, Profile.ALIPAY_HK)
    assert judged(answer, profile=Profile.ALIPAY_HK).verdict == Verdict.ACKNOWLEDGED.name
    assert judged(said(LEAN), profile=Profile.ALIPAY_HK).verdict == Verdict.WRONG_SIGNATURE.name


def test_a_client_without_a_key_that_counts_can_only_answer_unsigned() -> None:
    assert judged(said(LEAN), known=False).verdict == Verdict.WRONG_SIGNATURE.name
    assert judged(unsigned(LEAN), known=False).verdict == Verdict.ACKNOWLEDGED_UNSIGNED.name


def test_no_verdict_has_the_name_of_a_failure() -> None:
    assert not {verdict.name for verdict in Verdict} & {failure.name for failure in SendFailure}


async def test_an_unsigned_acknowledgement_ends_it_and_is_shown_as_unsigned() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges_unsigned)
        await stage.registers(shop)
        async with shop.opened():
            await stage.pays(shop, "A-1")
            await Notifier(stage.desk, sender(), QUICK).tick()
        assert (await stage.owed(shop, "A-1")).state is NotificationState.ACKNOWLEDGED
        [send] = await stage.sends(shop, "A-1")
        assert (send.verdict, send.status) == (Verdict.ACKNOWLEDGED_UNSIGNED.name, 200)
        [told] = await stage.told(StepKind.NOTIFICATION_ACKNOWLEDGED)
        assert told.detail["verdict"] == Verdict.ACKNOWLEDGED_UNSIGNED.name
        assert "without a signature" in told.summary
        assert told.raw == send.response.decode()
        [sent] = await stage.told(StepKind.NOTIFICATION_SENT)
        assert sent.raw == send.request.decode() == shop.bodies[0].decode()
