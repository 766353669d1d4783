"""Parts that several messages share (PROTOCOL 2.5): money on the wire, result, order, seller.

What must hold: an amount on the wire is a string of digits that count minor units, and becomes
`Money` only through `WireMoney.money`.
"""

from typing import Annotated, ClassVar, Self, final

from tillgate.kernel.money import MINOR_DIGITS_MAX, Money, currency
from tillgate.kernel.results import Result
from tillgate.protocol.members import Message, member, part
from tillgate.protocol.rules import (
    AMOUNT,
    CATEGORY_CODE,
    CURRENCY,
    DATETIME,
    IDENTIFIER,
    JSON_OBJECT,
    Rule,
    one_of,
    open_set,
)
from tillgate.protocol.urls import NOTIFY_URL

RESULT_MESSAGE_CHARACTERS_MAX = 256
RESULT_SAMPLE = '{"resultStatus":"S","resultCodeId":"00000000","resultCode":"SUCCESS"}'
MONEY_SAMPLE = '{"currency":"HKD","value":"1000"}'
REFUND_MONEY_SAMPLE = '{"currency":"HKD","value":"400"}'
ORDER_SAMPLE = f'{{"orderAmount":{MONEY_SAMPLE},"orderTitle":"testTitle"}}'
PAY_STATUSES = ("WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED")
"""What a payment may be (U2)."""

MerchantIdText = Annotated[
    str,
    member(
        "merchant id: whom the acquirer settles to",
        sample="2160400000002012",
        length=64,
        rule=IDENTIFIER,
    ),
]
MerchantTransIdText = Annotated[
    str,
    member(
        "the merchant's own unique order number",
        sample="201904030205425512477",
        length=64,
        rule=IDENTIFIER,
    ),
]
AcquirementIdText = Annotated[
    str,
    member(
        "the acquirer's number of the order",
        sample="20181210194010800100160960000444145",
        length=64,
        rule=IDENTIFIER,
    ),
]
ExtendInfo = Annotated[
    str,
    member(
        "reserved for extended information: a string that holds a JSON object",
        sample='{"productScene":"Prepay"}',
        length=2048,
        rule=JSON_OBJECT,
    ),
]
SettleContractId = Annotated[
    str,
    member(
        "the settlement contract; the default one if absent",
        sample="USD-1",
        length=64,
        rule=IDENTIFIER,
    ),
]
NotifyUrl = Annotated[
    str,
    member(
        "where the notification of the result is posted",
        sample="https://merchant.example/notify",
        length=512,
        rule=NOTIFY_URL,
        other_name="notify_url",
    ),
]
PayStatus = Annotated[
    str,
    member("state of the payment", sample="TRADE_SUCCESS", length=64, rule=open_set(*PAY_STATUSES)),
]
PaymentTime = Annotated[
    str, member("when the buyer paid", sample="2018-12-04T22:01:12-08:00", rule=DATETIME)
]
CancelTime = Annotated[
    str, member("when it was ended", sample="2018-12-04T22:05:00-08:00", rule=DATETIME)
]


@final
class WireMoney(Message, frozen=True, kw_only=True):
    """An amount in the smallest unit of its currency."""

    TYPE_NAME: ClassVar[str] = "Money"

    currency: Annotated[str, member("currency by ISO 4217", sample="HKD", length=3, rule=CURRENCY)]
    value: Annotated[
        str, member("amount in the currency's smallest unit", sample="1000", length=12, rule=AMOUNT)
    ]

    @property
    def money(self) -> Money:
        """Return the amount as money."""
        return Money(int(self.value), currency(self.currency))

    @classmethod
    def of(cls, money: Money) -> Self:
        """Write money for the wire.

        Raises:
            ValueError: the amount is not above zero, or has more digits than the wire carries.
        """
        if not money.is_positive or len(str(money.minor)) > MINOR_DIGITS_MAX:
            message = (
                f"{money} cannot be sent: an amount on the wire is above zero and has at most "
                f"{MINOR_DIGITS_MAX} digits in minor units"
            )
            raise ValueError(message)
        return cls(currency=money.currency.code, value=str(money.minor))


@final
class ResultInfo(Message, frozen=True, kw_only=True):
    """What became of a request."""

    result_status: Annotated[
        str,
        member(
            "S done, F failed for good, U not known",
            sample="S",
            length=2,
            rule=one_of("S", "F", "U"),
        ),
    ]
    result_code_id: (
        Annotated[
            str,
            member(
                "number of the result code",
                sample="00000000",
                length=16,
                rule=Rule(must_be="ASCII digits", pattern=r"^[0-9]+\Z"),
            ),
        ]
        | None
    ) = None
    result_code: Annotated[
        str, member("name of the result code", sample="SUCCESS", length=64, rule=IDENTIFIER)
    ]
    result_msg: (
        Annotated[str, member("what it means and what to do", sample="success", length=256)] | None
    ) = None

    @classmethod
    def of(cls, result: Result, sentence: str = "") -> Self:
        """Write a result for the wire, with its own sentence unless another is given."""
        text = sentence or result.sentence
        return cls(
            result_status=result.status.value,
            result_code_id=result.id,
            result_code=result.name,
            result_msg=text[:RESULT_MESSAGE_CHARACTERS_MAX],
        )


@final
class Seller(Message, frozen=True, kw_only=True):
    """Who sells, when that is not the merchant itself."""

    seller_id: (
        Annotated[str, member("seller id", sample="2160400000002012", length=64, rule=IDENTIFIER)]
        | None
    ) = None
    seller_name: Annotated[str, member("seller name", sample="COD", length=256)] | None = None
    mcc: (
        Annotated[
            str,
            member(
                "merchant category code by ISO 18245", sample="1234", length=4, rule=CATEGORY_CODE
            ),
        ]
        | None
    ) = None


@final
class Order(Message, frozen=True, kw_only=True):
    """What is bought, for how much."""

    order_amount: Annotated[WireMoney, part("what the buyer pays", sample=MONEY_SAMPLE)]
    order_title: (
        Annotated[str, member("title, shown to the buyer", sample="Women Summer Dress", length=256)]
        | None
    ) = None
    order_detail: (
        Annotated[str, member("detail, shown to the buyer", sample="testOrder", length=2048)] | None
    ) = None
    seller: (
        Annotated[
            Seller,
            part(
                "who sells",
                sample='{"sellerId":"2160400000002012","sellerName":"COD","mcc":"1234"}',
            ),
        ]
        | None
    ) = None


ResultOfRequest = Annotated[ResultInfo, part("what became of the request", sample=RESULT_SAMPLE)]
OrderAmount = Annotated[WireMoney, part("what the order asked for", sample=MONEY_SAMPLE)]
OrderPart = Annotated[Order, part("what is bought, for how much", sample=ORDER_SAMPLE)]
