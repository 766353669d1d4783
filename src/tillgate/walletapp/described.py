"""The wallet's doors as the reference describes them.

What must hold: every status and every member that these doors answer is listed here.
"""

from typing import Annotated, final

from tillgate.acquiring.acquirement import CloseReason
from tillgate.acquiring.states import AcquirementState, AgreementState, RefundState
from tillgate.edge.described import (
    ABSENT,
    BUSY,
    FOREIGN,
    MALFORMED,
    NOBODY,
    Credential,
    Described,
    Door,
    KnownPayer,
    Memo,
    NotYet,
    Outcome,
    Session,
    ShownMoney,
    ShownPayer,
    Types,
)
from tillgate.protocol import tradepay
from tillgate.protocol.members import Message, items, member, part
from tillgate.protocol.messages.common import (
    AcquirementIdText,
    MerchantIdText,
    MerchantTransIdText,
)
from tillgate.protocol.rules import CURRENCY, DATETIME, Rule, one_of
from tillgate.walletapp.bodies import AgreementIdMember, Named, SetLimits, Sign

SIGNING_STATES = ("SIGN_IN", "SIGN", "SIGNED", "OVER")
ENDED_BY = ("payer", "merchant")
CURSOR = Rule(must_be="a cursor that an answer gave", pattern=r"^[0-9]{1,15}\.[0-9]{1,3}\Z")

Payee = Annotated[str, member("who is paid, as a payer knows them", sample="COD")]
Currency = Annotated[str, member("currency by ISO 4217", sample="HKD", rule=CURRENCY)]
When = Annotated[str, member("when", sample="2018-12-04T22:01:12+08:00", rule=DATETIME)]
RedirectUrl = Annotated[
    str,
    member(
        "where the payer goes back to the merchant",
        sample="https://merchant.example/agreed?state=…&authResult=SUCCESS",
    ),
]


@final
class SignedOut(Described, frozen=True, kw_only=True):
    """Every session of the payer is over, and the cookie is gone."""

    signed_out: Annotated[bool, part("always true")]


@final
class PageOfHistory(Message, frozen=True, kw_only=True):
    """Where a page of the history begins; absent for the newest payments."""

    cursor: (
        Annotated[str, member("what `next` said", sample="1543932072000.1", rule=CURSOR)] | None
    ) = None


@final
class ShownRefund(Described, frozen=True, kw_only=True):
    """What was given back of a payment."""

    refund_amount: Annotated[ShownMoney, part("how much")]
    reason: Annotated[str, part("why, as the merchant says; may be empty")]
    state: Annotated[str, member("how it stands", sample="DONE", rule=one_of(*RefundState))]
    at: When


@final
class ShownPayment(Described, frozen=True, kw_only=True):
    """One payment of the payer."""

    payee: Payee
    title: Annotated[str, part("the order's title; may be empty", sample="Women Summer Dress")]
    order_amount: Annotated[ShownMoney, part("what was paid")]
    paid_at: Annotated[When | None, part("when it was paid; null while that is open")]
    merchant_trans_id: MerchantTransIdText
    acquirement_id: AcquirementIdText
    state: Annotated[
        str, member("how it stands", sample="TRADE_SUCCESS", rule=one_of(*AcquirementState))
    ]
    close_reason: Annotated[
        str | None, part(f"why it is closed, else null: {', '.join(CloseReason)}")
    ]
    automatic: Annotated[bool, part("whether an agreement was debited, without a PIN")]
    refunded: Annotated[ShownMoney, part("what was given back in all")]
    refunds: Annotated[list[ShownRefund], items("what was given back, the oldest first")]


@final
class History(Described, frozen=True, kw_only=True):
    """A page of what a payer paid, the newest first."""

    payments: Annotated[list[ShownPayment], items("the payments")]
    next: Annotated[str | None, part("the cursor of the next page; null when there is none")]


@final
class ShownAgreement(Described, frozen=True, kw_only=True):
    """Where a payer allowed automatic payments."""

    merchant_id: MerchantIdText
    payee: Payee
    merchant_agreement_id: AgreementIdMember
    signed_at: Annotated[When | None, part("when it was signed; null before that")]
    cancelled_at: Annotated[When | None, part("when it was ended; null while it stands")]
    cancelled_by: Annotated[str | None, part(f"who ended it, else null: {' or '.join(ENDED_BY)}")]
    state: Annotated[str, member("how it stands", sample="ACTIVE", rule=one_of(*AgreementState))]
    currency: Currency
    single_max: Annotated[ShownMoney | None, part("the most one payment may be; null: no limit")]
    daily_max: Annotated[ShownMoney | None, part("the most a day may come to; null: no limit")]
    spent_today: Annotated[ShownMoney, part("what was debited today")]


@final
class Agreements(Described, frozen=True, kw_only=True):
    """All of a payer's agreements, those that stand first."""

    agreements: Annotated[list[ShownAgreement], items("the agreements")]


@final
class OneAgreement(Described, frozen=True, kw_only=True):
    """The agreement as it stands now."""

    agreement: Annotated[ShownAgreement, part("the agreement")]


@final
class PinNeeded(Described, frozen=True, kw_only=True):
    """Nothing was changed: send the same again with the PIN."""

    result_code: Annotated[None, part("always null: no outcome")]
    memo: Memo
    needs_pin: Annotated[bool, part("always true")]


@final
class SigningView(Described, frozen=True, kw_only=True):
    """What the signing page shows."""

    payee: Payee
    merchant_id: MerchantIdText
    merchant_agreement_id: AgreementIdMember
    currency: Currency
    exponent: Annotated[int, part("digits after the currency's point", sample="2")]
    seconds_left: Annotated[int, part("how long it may still be signed", sample="1790")]
    state: Annotated[str, member("what comes next", sample="SIGN", rule=one_of(*SIGNING_STATES))]
    payer: Annotated[ShownPayer | None, part("who is signed in; null when nobody is")]
    payers: Annotated[list[KnownPayer], items("a sandbox's payers; else empty")]
    redirect_url: RedirectUrl | None = None


@final
class WayBack(Described, frozen=True, kw_only=True):
    """The payer has answered: lead them back."""

    redirect_url: RedirectUrl


_CONFLICT: dict[int, Types] = {409: (NotYet,)}
_OWN: dict[int, Types] = {**NOBODY, **FOREIGN}

DOORS: tuple[Door, ...] = (
    Door(
        method="POST",
        path="/wallet/session",
        title="Sign in",
        meaning="Gives a payer a session for the PIN.",
        credential=Credential.NONE,
        body=tradepay.SignIn,
        answers={
            200: (Session,),
            401: (NotYet,),
            403: (NotYet, Outcome),
            **MALFORMED,
            **BUSY,
        },
        notes=(
            "A try counts before the PIN is checked; the third wrong one locks the account.",
            "In production 401 is the one answer to every failure, and takes as long for each.",
            "There a browser that the payer never signed in from leaves the last try to the payer.",
        ),
    ),
    Door(
        method="DELETE",
        path="/wallet/session",
        title="Sign out",
        meaning="Ends every session of the session's payer, and takes the cookie back.",
        credential=Credential.NONE,
        answers={200: (SignedOut,), **FOREIGN},
    ),
    Door(
        method="GET",
        path="/wallet/me",
        title="Who is signed in",
        meaning="Shows the session's payer and balance.",
        credential=Credential.SESSION,
        answers={200: (ShownPayer,), **_OWN},
    ),
    Door(
        method="GET",
        path="/wallet/history",
        title="Payments of the payer",
        meaning="Lists what the session's payer paid, page by page, with what was given back.",
        credential=Credential.SESSION,
        query=PageOfHistory,
        answers={200: (History,), 400: (NotYet,), **_OWN},
    ),
    Door(
        method="GET",
        path="/wallet/agreements",
        title="Automatic payments of the payer",
        meaning="Lists where the session's payer allowed automatic payments, with the limits.",
        credential=Credential.SESSION,
        answers={200: (Agreements,), **_OWN},
    ),
    Door(
        method="POST",
        path="/wallet/agreements/limits",
        title="Set limits",
        meaning="Sets both limits of one of the payer's agreements; one that is absent is lifted.",
        credential=Credential.SESSION,
        body=SetLimits,
        answers={
            200: (OneAgreement, PinNeeded, NotYet),
            **_OWN,
            **ABSENT,
            **_CONFLICT,
            **MALFORMED,
            **BUSY,
        },
        notes=(
            "A limit that rises or is lifted needs the PIN; without it nothing is changed.",
            "Lower limits need no PIN, and a PIN that comes with them is not checked.",
        ),
    ),
    Door(
        method="POST",
        path="/wallet/agreements/cancel",
        title="End automatic payments",
        meaning="Ends one of the payer's agreements; the merchant is told. Needs no PIN.",
        credential=Credential.SESSION,
        body=Named,
        answers={200: (OneAgreement,), **_OWN, **ABSENT, **MALFORMED, **BUSY},
    ),
    Door(
        method="GET",
        path="/wallet/agreement/{token}.json",
        title="Look at an agreement to sign",
        meaning="Shows who asks to debit without a PIN; without `.json` it is the page itself.",
        credential=Credential.OPTIONAL_SESSION,
        answers={200: (SigningView,), **FOREIGN, **ABSENT},
    ),
    Door(
        method="POST",
        path="/wallet/agreement/{token}/sign",
        title="Sign an agreement",
        meaning="Checks the PIN, puts the payer's permission on record, and leads back.",
        credential=Credential.SESSION,
        body=Sign,
        answers={200: (WayBack, NotYet), **_OWN, **ABSENT, **_CONFLICT, **MALFORMED, **BUSY},
        notes=("A repeat of what this payer signed costs no PIN try.",),
    ),
    Door(
        method="POST",
        path="/wallet/agreement/{token}/decline",
        title="Decline an agreement",
        meaning="Leads back with a no; nothing is changed.",
        credential=Credential.NONE,
        body=tradepay.Nothing,
        answers={200: (WayBack,), **FOREIGN, **ABSENT, **_CONFLICT, **MALFORMED, **BUSY},
    ),
)
