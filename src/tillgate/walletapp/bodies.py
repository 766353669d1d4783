"""What the wallet's pages post: a PIN, limits as a person writes them, the name of an agreement.

Plain JSON, read by its description alone, as the cashier's doors are. What must hold: a limit is
money of the agreement's own currency and above zero; a day's limit is no less than a payment's.
"""

from typing import Annotated, NamedTuple, final

from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.protocol.members import Message, member, secret
from tillgate.protocol.rules import IDENTIFIER, Rule
from tillgate.protocol.tradepay import PIN

LIMIT = Rule(
    must_be="an amount in major units of 1 to 10 ASCII digits before the point, as in 500 or 99.50",
    pattern=r"^[0-9]{1,10}(?:\.[0-9]{1,4})?\Z",
)
SINGLE_MAX = "singleMax"
DAILY_MAX = "dailyMax"

SingleMax = Annotated[
    str, member("the most one payment may be; absent for no limit", sample="500.00", rule=LIMIT)
]
DailyMax = Annotated[
    str, member("the most a day may come to; absent for no limit", sample="1000", rule=LIMIT)
]
MerchantIdMember = Annotated[
    str, member("who is allowed to debit", sample="2160400000002012", length=64, rule=IDENTIFIER)
]
AgreementIdMember = Annotated[
    str,
    member(
        "the merchant's number of the agreement",
        sample="8b0b4dd8218a42269483f5806e17a7d4",
        length=32,
        rule=IDENTIFIER,
    ),
]


@final
class Sign(Message, frozen=True, kw_only=True):
    """`POST /wallet/agreement/{token}/sign`: the payer agrees."""

    pin: Annotated[str, secret("the payer's PIN", length=6, rule=PIN)]
    single_max: SingleMax | None = None
    daily_max: DailyMax | None = None


@final
class Named(Message, frozen=True, kw_only=True):
    """`POST /wallet/agreements/cancel`: which agreement ends."""

    merchant_id: MerchantIdMember
    merchant_agreement_id: AgreementIdMember


@final
class SetLimits(Message, frozen=True, kw_only=True):
    """`POST /wallet/agreements/limits`: which agreement, and both of its limits."""

    merchant_id: MerchantIdMember
    merchant_agreement_id: AgreementIdMember
    pin: (
        Annotated[
            str,
            secret("the payer's PIN, when a limit rises or is lifted", length=6, rule=PIN),
        ]
        | None
    ) = None
    single_max: SingleMax | None = None
    daily_max: DailyMax | None = None


class Limits(NamedTuple):
    """Limits in minor units; None is no limit."""

    single_max: int | None
    daily_max: int | None


def read_limits(said: Sign | SetLimits, currency: str) -> Limits:
    """Return the limits that were typed, in an agreement's currency.

    Raises:
        Refused: PARAM_ILLEGAL, with the path of the first fault.
    """
    single = _minor(said.single_max, currency, SINGLE_MAX)
    daily = _minor(said.daily_max, currency, DAILY_MAX)
    if single is not None and daily is not None and daily < single:
        sentence = "A day's limit must not be below the limit of one payment."
        raise Refused(Result.PARAM_ILLEGAL, sentence, path=DAILY_MAX)
    return Limits(single, daily)


def _minor(text: str | None, currency: str, path: str) -> int | None:
    if text is None:
        return None
    try:
        money = Money.parse(f"{text} {currency}")
    except ValueError as fault:
        sentence = f"{path}: {fault}."
        raise Refused(Result.PARAM_ILLEGAL, sentence, path=path) from fault
    if not money.is_positive:
        sentence = f"{path} must be above zero; leave it out for no limit."
        raise Refused(Result.PARAM_ILLEGAL, sentence, path=path)
    return money.minor
