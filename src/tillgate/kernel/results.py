"""The one table of result codes (PROTOCOL 5 and U3): the only home of names, ids and statuses.

A member says its id, status, the check that gives it, who must act, whether the same data may be
sent again, and a sentence. What must hold: a request with several faults is told the first in the
order of `Check`; codes without a public id take the next free one from 1299xxxx.
"""

from enum import Enum, IntEnum, StrEnum, unique


@unique
class Status(StrEnum):
    """What a result says of the request (PROTOCOL 5.2)."""

    SUCCESS = "S"
    FAILURE = "F"
    UNKNOWN = "U"


@unique
class Check(IntEnum):
    """The order in which a request is judged; the first that fails gives the answer (U3)."""

    SIZE = 1
    PARSE = 2
    ENVELOPE = 3
    CLIENT = 4
    SIGNATURE = 5
    FUNCTION = 6
    REQUIRED = 7
    FORMAT = 8
    FRESHNESS = 9
    REPLAY = 10
    RIGHTS = 11
    MERCHANT = 12
    CONTRACT = 13
    EXISTENCE = 14
    CONTENT = 15
    STATE = 16
    LIMITS = 17
    RISK = 18
    FUNDS = 19
    NONE = 20


@unique
class Actor(StrEnum):
    """Who must act on a result."""

    NOBODY = "nobody"
    MERCHANT = "merchant"
    PAYER = "payer"
    MACHINE = "machine"
    OPERATOR = "operator"


S, F, U = Status.SUCCESS, Status.FAILURE, Status.UNKNOWN


@unique
class Result(Enum):
    """A result code: (id, status, check, actor, may the same data be sent again, sentence)."""

    # A table reads best a row at a time, so the formatter stays out.
    # fmt: off
    SUCCESS = ("00000000", S, Check.NONE, Actor.NOBODY, True,
        "Done.")
    REQUEST_TOO_LARGE = ("12990001", F, Check.SIZE, Actor.MERCHANT, False,
        "The message is larger than this address takes; send less.")
    REQUEST_TRAFFIC_EXCEED_LIMIT = ("12990002", U, Check.SIZE, Actor.MACHINE, True,
        "Too many requests at once; nothing was executed, so send the same again in a moment.")
    MSG_PARSE_ERROR = ("00000015", F, Check.PARSE, Actor.MERCHANT, False,
        "The message is not well-formed JSON in UTF-8.")
    INVALID_CLIENT = ("12990003", F, Check.CLIENT, Actor.MERCHANT, False,
        "No client with this clientId is registered here; check head.clientId.")
    KEY_NOT_FOUND = ("12990004", F, Check.CLIENT, Actor.MERCHANT, False,
        "The client has no public key that is valid now; register one.")
    INVALID_SIGNATURE = ("00000007", F, Check.SIGNATURE, Actor.MERCHANT, False,
        "The signature does not fit the message's bytes; check the key and sign what you send.")
    NO_INTERFACE_DEF = ("00000013", F, Check.FUNCTION, Actor.MERCHANT, False,
        "There is no function of this name.")
    FUNCTION_NOT_MATCH = ("00000017", F, Check.FUNCTION, Actor.MERCHANT, False,
        "head.function is not the function of this address.")
    PARAM_MISSING = ("00000002", F, Check.REQUIRED, Actor.MERCHANT, False,
        "A required member is missing.")
    PARAM_ILLEGAL = ("00000004", F, Check.FORMAT, Actor.MERCHANT, False,
        "A member has a value that its rule does not allow.")
    REQUEST_EXPIRED = ("12990005", F, Check.FRESHNESS, Actor.MERCHANT, False,
        "reqTime is too old or too far ahead; sign the request anew and check the clock.")
    REPEATED_REQ_MSG_ID = ("12990006", F, Check.REPLAY, Actor.MERCHANT, False,
        "This reqMsgId was used with other content; use a new one for each system request.")
    API_IS_INVALID = ("00000014", F, Check.RIGHTS, Actor.MERCHANT, False,
        "The client may not use this function.")
    ACCESS_DENIED = ("12990007", F, Check.RIGHTS, Actor.MERCHANT, False,
        "The client may not act for this merchant.")
    INVALID_ACCESS_TOKEN = ("12990009", F, Check.RIGHTS, Actor.MERCHANT, False,
        "This token is none that was issued to the client for this merchant; apply for one.")
    EXPIRED_ACCESS_TOKEN = ("12990010", F, Check.RIGHTS, Actor.MERCHANT, False,
        "The token is over; refresh it, or ask the payer to agree again.")
    MERCHANT_NOT_REGISTERED = ("12003001", F, Check.MERCHANT, Actor.MERCHANT, False,
        "No merchant with this merchantId is registered here.")
    MERCHANT_STATUS_ABNORMAL = ("12005200", F, Check.MERCHANT, Actor.MERCHANT, False,
        "The merchant is suspended; ask the acquirer.")
    INVALID_CONTRACT = ("12990008", F, Check.CONTRACT, Actor.MERCHANT, False,
        "The merchant has no settlement contract of this id.")
    CURRENCY_NOT_SUPPORT = ("12005103", F, Check.CONTRACT, Actor.MERCHANT, False,
        "This currency cannot be paid here.")
    ORDER_NOT_EXIST = ("12005002", F, Check.EXISTENCE, Actor.MERCHANT, True,
        "The merchant has no such order; if it was just sent, ask again in 5 to 7 seconds.")
    TARGET_NOT_FOUND = ("00000020", F, Check.EXISTENCE, Actor.MERCHANT, False,
        "The merchant has no agreement of this id.")
    INVALID_AUTHCODE = ("12990011", F, Check.EXISTENCE, Actor.MERCHANT, False,
        "No such authorization code was issued to this merchant; ask the payer to agree again.")
    USER_NOT_EXIST = ("12002005", F, Check.EXISTENCE, Actor.PAYER, False,
        "There is no such payer.")
    REPEAT_REQ_INCONSISTENT = ("12005112", F, Check.CONTENT, Actor.MERCHANT, False,
        "What has this number exists with other content; use a new number for something else.")
    CURRENCY_NOT_SAME = ("12990012", F, Check.CONTENT, Actor.MERCHANT, False,
        "A refund is in the currency of its payment.")
    ORDER_IS_CLOSED = ("12005100", F, Check.STATE, Actor.MERCHANT, False,
        "The order is closed; start a new one with a new merchantTransId.")
    ORDER_STATUS_INVALID = ("12005003", F, Check.STATE, Actor.MERCHANT, False,
        "The order's state does not allow this.")
    PAYMENT_IN_PROCESS = ("12005215", U, Check.STATE, Actor.MACHINE, True,
        "A payment of this order is open; its result is not known yet, so query the order.")
    REFUND_IN_PROCESS = ("12005436", U, Check.STATE, Actor.MACHINE, True,
        "The refund is asked for and not confirmed yet; send the same again for its result.")
    CANCEL_EXPIRED = ("12005018", F, Check.STATE, Actor.MERCHANT, False,
        "The payment is too old to be cancelled; refund it.")
    AGREEMENT_REFUND_TIME_EXCEEDS_LIMIT = ("12005108", F, Check.STATE, Actor.MERCHANT, False,
        "The time in which this payment may be refunded is over.")
    AUTH_CODE_EXPIRED = ("12990013", F, Check.STATE, Actor.MERCHANT, False,
        "The authorization code is over; ask the payer to agree again.")
    AGREEMENT_STATUS_INVALID = ("12990014", F, Check.STATE, Actor.MERCHANT, False,
        "The agreement's state does not allow this; start one with a new merchantAgreementId.")
    REFUND_TRANSACTION_EXIST = ("12005019", F, Check.STATE, Actor.MERCHANT, False,
        "Something was refunded already, so the payment cannot be cancelled; refund the rest.")
    USER_STATUS_ABNORMAL = ("12005110", F, Check.STATE, Actor.PAYER, False,
        "The paying account is locked; ask the wallet's operator to unlock it.")
    USER_AMOUNT_EXCEED_LIMIT = ("12005029", F, Check.LIMITS, Actor.PAYER, False,
        "The amount is above the payer's limit.")
    PAYMENT_AMOUNT_EXCEED_LIMIT = ("12990015", F, Check.LIMITS, Actor.PAYER, False,
        "The amount is above the limit for one payment.")
    AMOUNT_EXCEED_DAILY_LIMIT = ("12005028", F, Check.LIMITS, Actor.PAYER, True,
        "With this payment the day's limit would be passed; try a smaller amount or tomorrow.")
    PAYMENT_COUNT_EXCEED_LIMIT = ("12990016", F, Check.LIMITS, Actor.PAYER, True,
        "Too many payments today; try again tomorrow.")
    AMOUNT_EXCEEDS_LIMIT = ("12005104", F, Check.LIMITS, Actor.MERCHANT, False,
        "The amount is more than is left of the payment to refund.")
    RISK_REJECT = ("12005011", F, Check.RISK, Actor.PAYER, False,
        "The payment was refused for reasons of safety.")
    MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH = ("12005021", F, Check.FUNDS, Actor.MERCHANT, True,
        "The merchant would owe the acquirer more than was agreed; pay in, or ask the acquirer.")
    USER_BALANCE_NOT_ENOUGH = ("12005115", F, Check.FUNDS, Actor.PAYER, True,
        "The paying account holds less than the amount; top it up or pay with another account.")
    UNAVAILABLE_PAYMENT_METHOD = ("12005014", F, Check.FUNDS, Actor.PAYER, True,
        "The paying account's issuer declined; pay with another account.")
    PROCESS_FAIL = ("00000019", F, Check.NONE, Actor.OPERATOR, False,
        "The request failed for good; do not send it again.")
    SYSTEM_ERROR = ("00000900", U, Check.NONE, Actor.MACHINE, True,
        "The result is not known; query it, or send the same request again.")
    # fmt: on

    def __init__(  # noqa: PLR0917  An enum unpacks the row that is its value.
        self,
        id_: str,
        status: Status,
        check: Check,
        actor: Actor,
        repeatable: bool,  # noqa: FBT001  As above.
        sentence: str,
    ) -> None:
        """Unpack a row of the table."""
        self.id = id_
        self.status = status
        self.check = check
        self.actor = actor
        self.repeatable = repeatable
        self.sentence = sentence


@unique
class CallbackCode(Enum):
    """What a page's `tradePay` callback is told (PROTOCOL 5.1): (code, sentence).

    The gateway and the bridge emit the seed's eight; 6004 and 99 are only read (C16).
    """

    PAID = ("9000", "The order is paid.")
    PROCESSING = (
        "8000",
        "The result is not known yet; the payment may have succeeded. Query the order.",
    )
    FAILED = ("4000", "The payment failed.")
    DUPLICATE = ("5000", "The order was paid by another call; it is not paid again.")
    BUYER_CANCELLED = ("6001", "The buyer cancelled.")
    NETWORK_ERROR = ("6002", "The gateway cannot be reached; query the order.")
    CLIENT_ERROR = ("6005", "The page or its bridge made a mistake.")
    VIEW_CLOSED = ("7001", "The wallet closed the view before the payment ended.")
    NETWORK_UNKNOWN = ("6004", "The result is not known; the payment may have succeeded.")
    LEFT = ("99", "The buyer left the cashier.")

    def __init__(self, code: str, sentence: str) -> None:
        """Unpack a row of the table."""
        self.code = code
        self.sentence = sentence

    @classmethod
    def of(cls, code: str) -> "CallbackCode":
        """Return the member with this code; ValueError when there is none."""
        for member in cls:
            if member.code == code:
                return member
        message = f"{code!r} is not a callback code"
        raise ValueError(message)
