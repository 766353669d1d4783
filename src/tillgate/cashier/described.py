"""The cashier's doors as the reference describes them (PROTOCOL 11.4).

What must hold: every status and every member that these doors answer is listed here.
"""

from typing import Annotated, final

from tillgate.acquiring.call import Form
from tillgate.edge.described import (
    ABSENT,
    BUSY,
    FOREIGN,
    MALFORMED,
    Credential,
    Described,
    Door,
    KnownPayer,
    NotYet,
    Outcome,
    Session,
    ShownMoney,
    ShownPayer,
)
from tillgate.protocol import tradepay
from tillgate.protocol.members import items, member, part
from tillgate.protocol.messages.common import MerchantTransIdText
from tillgate.protocol.rules import one_of

STATES = ("SIGN_IN", "CONFIRM", "PROCESSING", "DONE")
FORMS = (Form.WALLET.lower(), Form.PAGE.lower())


@final
class Opened(Described, frozen=True, kw_only=True):
    """The order may be paid: open this address."""

    cashier_url: Annotated[
        str,
        member(
            "where the buyer confirms; good for this browser alone",
            sample="http://127.0.0.1:8080/cashier/3q2-7wAAAAAAAAAAAAAAAA",
        ),
    ]


@final
class CashierView(Described, frozen=True, kw_only=True):
    """What the cashier shows."""

    title: Annotated[str, part("the order's title; may be empty", sample="Women Summer Dress")]
    order_amount: Annotated[ShownMoney, part("what the order asks for")]
    pay_amount: Annotated[ShownMoney, part("what the payer pays")]
    payee: Annotated[str, member("who is paid", sample="COD")]
    merchant_trans_id: MerchantTransIdText
    seconds_left: Annotated[int, part("until the order is over", sample="172")]
    state: Annotated[str, member("what comes next", sample="CONFIRM", rule=one_of(*STATES))]
    form: Annotated[str, member("how trade-pay was posted", sample="wallet", rule=one_of(*FORMS))]
    payer: Annotated[ShownPayer | None, part("who pays; null before somebody signed in")]
    payers: Annotated[list[KnownPayer], items("a sandbox's payers; else empty")]
    result: Annotated[Outcome | None, part("how it ended; null while it has not")]


DOORS: tuple[Door, ...] = (
    Door(
        method="POST",
        path="/cashier/trade-pay",
        title="tradePay",
        meaning="Takes a page's tradePay call: an order string becomes a cashier, or an outcome.",
        credential=Credential.OPTIONAL_SESSION,
        body=tradepay.TradePay,
        answers={200: (Opened, Outcome)},
        notes=(
            "Always HTTP 200 with a final outcome or a next step, whatever was sent.",
            "With a payer's session it is the wallet form; only this form may debit an agreement.",
            "Without one it is the page form: any origin, no credentials read; it never pays.",
            "The same callId gets its recorded outcome: a repeat pays nothing twice.",
            "Another call for a paid order gets 5000.",
        ),
    ),
    Door(
        method="GET",
        path="/cashier/{token}",
        title="Look at the order",
        meaning="Shows what the cashier shows; a browser that asks for HTML gets the page.",
        credential=Credential.CASHIER,
        answers={200: (CashierView,), **FOREIGN, **ABSENT},
    ),
    Door(
        method="POST",
        path="/cashier/{token}/sign-in",
        title="Sign in at the cashier",
        meaning="Signs a payer in where no wallet is around the page, and binds them to the order.",
        credential=Credential.CASHIER,
        body=tradepay.SignIn,
        answers={200: (Session, NotYet), **FOREIGN, **ABSENT, **MALFORMED, **BUSY},
    ),
    Door(
        method="POST",
        path="/cashier/{token}/confirm",
        title="Confirm",
        meaning="Checks the PIN and pays.",
        credential=Credential.CASHIER,
        body=tradepay.Confirm,
        answers={200: (Outcome, NotYet), **FOREIGN, **ABSENT, **MALFORMED, **BUSY},
        notes=(
            "The payment goes on when the page stops waiting; ask again for its outcome.",
            "A call that has its outcome answers it again and costs no PIN try.",
        ),
    ),
    Door(
        method="POST",
        path="/cashier/{token}/cancel",
        title="Cancel",
        meaning="Ends the call because the buyer says so.",
        credential=Credential.CASHIER,
        body=tradepay.Nothing,
        answers={200: (Outcome,), **FOREIGN, **ABSENT, **MALFORMED, **BUSY},
    ),
)
