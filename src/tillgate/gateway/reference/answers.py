"""What the doors of our own answer (PROTOCOL 11.4), described as messages are.

Doors build these answers piece by piece, so this is a description and not the maker. What must
hold: a door answers exactly these members; the tests hold every answer of a running gateway against
them, unknown members included.
"""

from typing import Annotated, final

import msgspec

from tillgate.kernel.results import CallbackCode
from tillgate.protocol.members import items, member, part
from tillgate.protocol.messages.common import MerchantTransIdText
from tillgate.protocol.rules import one_of

STATES = ("SIGN_IN", "CONFIRM", "PROCESSING", "DONE")
FORMS = ("wallet", "page")
EMITTED = tuple(
    code.code
    for code in CallbackCode
    if code not in {CallbackCode.NETWORK_UNKNOWN, CallbackCode.LEFT}
)
"""The seed's eight; the others are only read (C16)."""

Memo = Annotated[str, member("a name and a sentence", sample="PAID: The order is paid.")]


class Answer(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What a door answers: these members and no others."""


@final
class Opened(Answer, frozen=True, kw_only=True):
    """The order may be paid: open this address."""

    cashier_url: Annotated[
        str,
        member(
            "where the buyer confirms; good for this browser alone",
            sample="http://127.0.0.1:8080/cashier/3q2-7wAAAAAAAAAAAAAAAA",
        ),
    ]


@final
class Outcome(Answer, frozen=True, kw_only=True):
    """How a tradePay call ended; the page's callback is given the code and the memo."""

    result_code: Annotated[
        str, member("callback code", sample="9000", rule=one_of(*EMITTED, type_name="string"))
    ]
    memo: Memo
    return_url: (
        Annotated[
            str,
            member(
                "where the page goes then, signed by the gateway; for 9000 and 8000 only",
                sample="https://merchant.example/result?merchantId=…&signature=…",
            ),
        ]
        | None
    ) = None


@final
class NotYet(Answer, frozen=True, kw_only=True):
    """Nothing has ended: try again, or do what the memo says."""

    result_code: Annotated[None, part("always null: no outcome")]
    memo: Memo
    tries_left: (
        Annotated[int, part("how often a PIN may still be tried; after a wrong PIN only")] | None
    ) = None


@final
class Said(Answer, frozen=True, kw_only=True):
    """The address or the way it was asked is wrong."""

    memo: Annotated[str, member("a sentence", sample="There is nothing at this address.")]


@final
class ShownMoney(Answer, frozen=True, kw_only=True):
    """An amount as the wire writes it, with the currency's digits for pages."""

    currency: Annotated[str, member("currency by ISO 4217", sample="HKD")]
    value: Annotated[str, member("amount in the currency's smallest unit", sample="1000")]
    exponent: Annotated[int, part("digits after the point", sample="2")]


@final
class ShownPayer(Answer, frozen=True, kw_only=True):
    """A payer, shown to the payer alone."""

    id: Annotated[str, member("the payer's name at sign-in", sample="rich")]
    name: Annotated[str, member("the payer's name on pages", sample="Riley Rich")]
    balance: Annotated[
        ShownMoney | None, part("what the account holds; null where another issuer holds it")
    ]


@final
class KnownPayer(Answer, frozen=True, kw_only=True):
    """A payer of the sandbox, to sign in with."""

    id: Annotated[str, member("the payer's name at sign-in", sample="rich")]
    name: Annotated[str, member("the payer's name on pages", sample="Riley Rich")]
    about: Annotated[str, member("what is special about it")]


@final
class Session(Answer, frozen=True, kw_only=True):
    """A payer's session; it is also set as a cookie, for the wallet's own pages."""

    token: Annotated[str, member("sent as `Authorization: Bearer`", sample="rich.1893456000.…")]
    expires_in: Annotated[int, part("how many seconds it lasts", sample="1800")]
    payer: Annotated[ShownPayer, part("who signed in")]


@final
class SignedOut(Answer, frozen=True, kw_only=True):
    """The session's cookie is gone."""

    signed_out: Annotated[bool, part("always true")]


@final
class CashierView(Answer, frozen=True, kw_only=True):
    """What the cashier shows."""

    title: Annotated[str, part("the order's title; may be empty", sample="Women Summer Dress")]
    order_amount: Annotated[ShownMoney, part("what the order asks for")]
    pay_amount: Annotated[ShownMoney, part("what the payer pays")]
    payee: Annotated[str, member("who is paid", sample="COD")]
    merchant_trans_id: MerchantTransIdText
    seconds_left: Annotated[int, part("until the order is over", sample="172")]
    state: Annotated[
        str, member("what comes next", sample="CONFIRM", rule=one_of(*STATES, type_name="enum"))
    ]
    form: Annotated[str, member("how trade-pay was posted", sample="wallet", rule=one_of(*FORMS))]
    payer: Annotated[ShownPayer | None, part("who pays; null before somebody signed in")]
    payers: Annotated[list[KnownPayer], items("a sandbox's payers; else empty")]
    result: Annotated[Outcome | None, part("how it ended; null while it has not")]
