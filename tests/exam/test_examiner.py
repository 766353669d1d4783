"""How an exam goes on when something is missing: orders, the state URL, keys, or the server itself.

What must hold: what could not be seen is not judged and says why; a part of an exam may be held
alone; whoever is not there at the beginning is an error, and whoever dies on the way is a finding.
"""

import socket
from collections import Counter
from pathlib import Path

import pytest

from tests.adapters.servers import MERCHANT
from tests.adapters.shops import send
from tests.exam.conftest import Hold
from tests.exam.peers import answering, http, peer
from tests.exam.plants import ACKNOWLEDGED, END_PLANTS, ENDS, PLANTS
from tests.exam.shops import AGREEMENTS, Addresses, open_shop
from tests.support.wire import gateway_key
from tillgate import Order, Unavailable
from tillgate.exam import ExamRefused, Report, Verdict, as_html, as_junit, names_of
from tillgate.exam.examiner import SILENT_MAX
from tillgate.protocol.profile import Profile

pytestmark = pytest.mark.timeout(180)
NOT_JUDGED_WITHOUT_ORDERS = {"at-once", "failed-payment", *ENDS}
ALL_BUT_ENDS = {
    Verdict.PASSED: len(names_of()) - len(ENDS),
    Verdict.NOT_JUDGED: len(ENDS),
}
"""How a right shop ends when no agreement was given."""

REFUND = (
    '@app.get("/orders/<number>")',
    """@app.post("/orders/<number>/refund")
def refund(number: str) -> str:
    books.execute("UPDATE orders SET state = 'refunded' WHERE number = ?", [number])
    return "done"


@app.get("/orders/<number>")""",
)


def named(report: Report, verdict: Verdict) -> set[str]:
    return {finding.name for finding in report.of(verdict)}


def bought(shop: Addresses) -> str:
    return send(shop.orders, "POST").body.decode()


def test_one_order_string_is_enough_for_nearly_everything(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop, orders=[bought(shop)])

    assert named(report, Verdict.NOT_JUDGED) == NOT_JUDGED_WITHOUT_ORDERS
    assert report.has_passed


def test_three_order_strings_are_enough_for_all(data: Path, tmp_path: Path, hold: Hold) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop, orders=[bought(shop) for _ in range(3)])

    assert Counter(each.verdict for each in report.findings) == ALL_BUT_ENDS


def test_an_order_that_a_fault_spoilt_is_not_used_again(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    patches = PLANTS["no signature check"].patches
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=patches) as shop:
        report = hold(shop, orders=[bought(shop)])

    assert named(report, Verdict.FAILED) == {"forged"}
    assert "unsigned" in named(report, Verdict.NOT_JUDGED)
    assert "paid" in named(report, Verdict.NOT_JUDGED)


AFTER_REPEATS = ("late", "slow-bytes", "other-type", "out-of-order", "after-refund")


def test_what_cannot_be_told_beside_a_delivery_has_not_passed(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    """A sentence that shows a fifth delivery stands beside no "passed"."""
    patches = [
        (" AND state = 'open' RETURNING", " RETURNING"),
        ("    if event.paid and ", "    if "),
    ]
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=patches) as shop:
        report = hold(shop)

    found = {each.name: each for each in report.findings}
    assert {found[name].verdict for name in AFTER_REPEATS} == {Verdict.NOT_JUDGED}
    for name in AFTER_REPEATS:
        assert found[name].happened.startswith("It delivers again; see duplicate. The order: paid")
    held = [each for each in report.of(Verdict.PASSED) if "delivered 3" in each.happened]
    assert not held


def test_a_case_held_alone_tells_of_the_delivery_itself(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    patches = PLANTS["ships again when told again"].patches
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=patches) as shop:
        report = hold(shop, ["late"])

    assert named(report, Verdict.FAILED) == {"late"}


def test_the_word_success_is_acknowledged_nowhere_and_hides_no_delivery(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    page = PLANTS["a page instead of an acknowledgement"].patches
    patches = [
        *[
            (old, new.replace("<!doctype html><title>Thank you</title>", "success"))
            for old, new in page
        ],
        (" AND state = 'open' RETURNING", " RETURNING"),
    ]
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=patches) as shop:
        report = hold(shop)

    assert named(report, Verdict.FAILED) == {*ACKNOWLEDGED, "ack-form"}
    [duplicate] = [each for each in report.findings if each.name == "duplicate"]
    assert "was not acknowledged" in duplicate.happened
    assert "the order went from (paid" in duplicate.happened
    [late] = [each for each in report.findings if each.name == "late"]
    assert "it delivers again; see duplicate. The order: paid" in late.happened
    assert not [each for each in report.findings if ".." in each.happened or ".;" in each.happened]


def test_of_an_error_page_a_report_keeps_the_form_alone(hold: Hold) -> None:
    page = b"<h1>Traceback</h1> SECRETPW=hunter2 chan@example.com"
    broken = answering(http(500, page, "Content-Type: text/html; charset=hunter2"))
    orders = [order_str(f"A-{number}") for number in range(40)]
    with peer(broken) as made:
        report = hold(Addresses(made.url, "", ""), orders=orders, has_state=False)

    written = [as_html(report), as_junit(report).decode(), str(report.plain())]
    for text in written:
        assert "HTTP 500 (text/html, 52 bytes)" in text
        assert not [each for each in ("Traceback", "hunter2", "chan@") if each in text]
    assert report.findings[0].exchanges[0].answer == "text/html, 52 bytes"


def test_without_a_state_url_the_reader_is_told_what_nobody_saw(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop, has_state=False)

    assert not report.sees_orders
    assert report.has_passed
    assert any("--state" in remark for remark in report.remarks)
    assert all("Nobody saw" in each.happened for each in report.findings[:20])


@pytest.mark.parametrize(
    ("condition", "failed"),
    [("state = 'open'", set()), ("state != 'paid'", {"after-refund"})],
    ids=["only an open order is paid", "whatever is not paid is paid"],
)
def test_a_shop_that_was_told_to_refund_must_not_deliver_again(
    condition: str, failed: set[str], hold: Hold, *, data: Path, tmp_path: Path
) -> None:
    patches = [REFUND, (" AND state = 'open' RETURNING", f" AND {condition} RETURNING")]
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=patches) as shop:
        unaware = hold(shop, ["after-refund"])
        report = hold(shop, ["after-refund", "resent"], refund=f"{shop.state}/refund")

    assert unaware.has_passed, "without a refund booked there is nothing to reopen"
    assert named(report, Verdict.FAILED) == failed


def test_a_refund_that_cannot_be_booked_is_not_judged(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop, ["after-refund"], refund=f"{shop.state}/refund")

    [finding] = report.findings
    assert finding.verdict is Verdict.NOT_JUDGED
    assert "should book the refund" in finding.happened


def test_a_report_holds_no_message_that_somebody_could_send_again(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop)

    exchanges = [each for finding in report.findings for each in finding.exchanges]
    signatures = [
        text.partition('"signature":"')[2].partition('"')[0]
        for each in exchanges
        for text in (each.request, each.answer)
        if '"signature":"' in text
    ]
    assert len(signatures) > len(names_of()) // 2
    assert all(len(each) <= 13 for each in signatures)


def test_a_retired_key_that_was_not_given_is_not_judged(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop, ["old-key"], retired=None)

    [finding] = report.findings
    assert (finding.verdict, "--old-key" in finding.happened) == (Verdict.NOT_JUDGED, True)


def test_an_end_that_a_lie_has_brought_is_not_told_again(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    patches = END_PLANTS["no signature check of ends"].patches
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=patches) as shop:
        report = hold(shop, ENDS, has_agreement=True)

    forged, *others = report.findings
    assert forged.verdict is Verdict.FAILED
    assert "the agreement went from active to ended" in forged.happened
    assert {each.verdict for each in others} == {Verdict.NOT_JUDGED}
    assert all("see end-forged" in each.happened for each in others)


def test_without_a_url_that_shows_the_agreement_answers_alone_are_judged(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=AGREEMENTS) as shop:
        report = hold(shop, ENDS, has_agreement=True, has_state=False)

    assert {each.verdict for each in report.findings} == {Verdict.PASSED}
    assert all(
        "Nobody saw the agreement (--agreement-state)" in it.happened for it in report.findings
    )


def test_a_shop_that_has_agreements_and_takes_no_ends_fails(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop, ENDS, has_agreement=True, has_state=False)

    assert named(report, Verdict.FAILED) == {"end", "end-again"}


@pytest.mark.parametrize("names", [["resent"], ["ack-signed"], ["out-of-order", "ack-echo"]])
def test_a_part_of_the_exam_is_held_alone(
    names: list[str], data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop, names)

    assert [finding.name for finding in report.findings] == names
    assert {finding.verdict for finding in report.findings} == {Verdict.PASSED}


def test_the_other_profile_is_examined_too(data: Path, tmp_path: Path, hold: Hold) -> None:
    patches = [
        ("from tillgate import Merchant,", "from tillgate import Profile, Merchant,"),
        (
            '    merchant_id="2160400000002012",\n',
            '    merchant_id="2160400000002012",\n    profile=Profile.ALIPAY_HK,\n',
        ),
    ]
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=patches) as shop:
        report = hold(shop, profile=Profile.ALIPAY_HK)

    assert Counter(each.verdict for each in report.findings) == ALL_BUT_ENDS


def test_nobody_at_the_address_is_an_error(hold: Hold, nowhere: str) -> None:
    with pytest.raises(Unavailable, match="is your server running"):
        hold(Addresses.at(nowhere), orders=[order_str()], has_state=False)


def test_a_server_that_never_answers_is_not_asked_for_ever(hold: Hold) -> None:
    def wait(connection: socket.socket, _: bytes) -> None:
        connection.recv(1)  # Until the exam hangs up.

    with peer(wait) as made:
        at = Addresses(made.url, "", "")
        orders = [order_str(f"A-{number}") for number in range(10)]
        report = hold(at, orders=orders, has_state=False, limit_ms=100)

    assert len(report.of(Verdict.FAILED)) == SILENT_MAX
    assert len(report.findings) == len(names_of())
    [last] = [each for each in report.findings if each.name == "failed-payment"]
    assert "stopped answering" in last.happened


def test_a_server_that_answers_everything_alike_fails_and_says_so(hold: Hold) -> None:
    orders = [order_str(f"A-{number}") for number in range(40)]
    with peer(answering(http(200, b"success"))) as made:
        report = hold(Addresses(made.url, "", ""), orders=orders, has_state=False)

    assert {"forged", "paid", "ack-form", "half-body"} <= named(report, Verdict.FAILED)
    assert "ack-signed" in named(report, Verdict.NOT_JUDGED)
    assert any("proves little" in remark for remark in report.remarks)
    assert any(gateway_key().public.fingerprint in remark for remark in report.remarks)


def test_a_shop_that_acknowledges_and_books_nothing_is_not_told_of_its_keys(
    data: Path, tmp_path: Path, hold: Hold
) -> None:
    forgetful = ("handle=handle)", "handle=lambda event: None)")
    with open_shop("flask", data=data, folder=tmp_path / "shop", patches=[forgetful]) as shop:
        report = hold(shop)

    assert "paid" in named(report, Verdict.FAILED)
    [remark] = report.remarks
    assert "was acknowledged and failed all the same" in remark
    assert "key" not in remark


def test_a_state_url_that_fails_at_once_is_an_error_and_later_a_finding(hold: Hold) -> None:
    told = iter([http(200, b'{"status": "open"}')] * 2)

    def behave(connection: socket.socket, heard: bytes) -> None:
        is_state = heard.startswith(b"GET")
        connection.sendall(next(told, http(500)) if is_state else http(403))

    orders = [order_str(f"A-{number}") for number in range(3)]
    with peer(behave) as made:
        both = Addresses(made.url, "", f"{made.url}/{{merchant_trans_id}}")
        report = hold(both, ["forged", "unsigned"], orders=orders)
        with pytest.raises(ExamRefused, match="not 500"):
            hold(both, ["forged", "unsigned"], orders=orders)

    forged, unsigned = report.findings
    assert forged.verdict is Verdict.PASSED
    assert unsigned.verdict is Verdict.NOT_JUDGED
    assert "not 500" in unsigned.happened


def order_str(number: str = "A-1001") -> str:
    return MERCHANT.order_str(Order(merchant_trans_id=number, amount="10.00 HKD"))
