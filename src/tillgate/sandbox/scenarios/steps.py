"""What a scenario is made of: its words, and its steps as typed values.

These types are the format: the schema is made from them, and a file is read by them alone. What
must hold: a member that is not known is refused; every step may carry a note, expectations of its
result, and values to be kept for later steps as `${name}`.
"""

from typing import Annotated, Any, Final, Literal, final

import msgspec
from msgspec import Meta

from tillgate.sandbox.scenarios.expectations import Expected

NAME_PATTERN: Final = r"^[a-z][a-zA-Z0-9-]{0,39}$"
AGE_PATTERN: Final = r"^-?(?:[0-9]+[dhms])+$"
LENGTH_PATTERN: Final = r"^(?:[0-9]+[dhms])+$"
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
"""A name that later steps use; a file's name is its scenario's."""
Age = Annotated[str, Meta(pattern=AGE_PATTERN)]
"""How old a message pretends to be, as in 20m; -20m is from the future."""
Length = Annotated[str, Meta(pattern=LENGTH_PATTERN)]
STEPS_MAX = 60


class Step(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    tag_field="do",
    omit_defaults=True,
):
    """What every step may carry.

    Attributes:
        note: why the step is there.
        expect: what must stand at paths into its result.
        save: names under which what stands at paths is kept.
    """

    note: str = ""
    expect: dict[str, Expected] = {}
    save: dict[Name, str] = {}


class Message(Step, frozen=True, kw_only=True):
    """What may be done to a message before and after it is signed.

    Attributes:
        set: members to set before signing, by path; null takes one away.
        age: how long ago its reqTime pretends to be.
        tamper: texts in the signed message to replace after signing.
        signed_by: the merchant, a stranger's key, or nobody.
    """

    set: dict[str, Any] = {}
    age: Age = "0s"
    tamper: dict[str, str] = {}
    signed_by: Literal["merchant", "stranger", "nobody"] = "merchant"


@final
class Sign(Message, frozen=True, kw_only=True, tag="sign"):
    """The merchant signs an order.

    Attributes:
        order: the name of the order; the same one again has the same merchantTransId.
        notify: whether it names the merchant's own address for notifications.
        return_to: whether it names a page to return to.
    """

    order: Name = "order"
    amount: str = "10.00 HKD"
    notify: bool = True
    return_to: bool = False


@final
class Pay(Step, frozen=True, kw_only=True, tag="pay"):
    """A page calls tradePay in a wallet, and the payer confirms.

    Attributes:
        call: the name of the tradePay call; a name used before repeats that very call.
        until: "cashier" stops when the cashier is open.
        as_page: without a wallet around the page: nobody is signed in.
        page_origin: the origin of the page, as the wallet around it tells it.
        version: what the page hands to tradePay beside the order string.
        fault: the header X-Tillgate-Fault of tradePay.
        confirm_fault: the same of the confirm.
    """

    order: Name = "order"
    payer: str = "rich"
    pin: str = "123456"
    call: Name | None = None
    until: Literal["cashier", "end"] = "end"
    as_page: bool = False
    page_origin: str = ""
    version: str = ""
    fault: str = ""
    confirm_fault: str = ""


@final
class Cashier(Step, frozen=True, kw_only=True, tag="cashier"):
    """The payer does something at a cashier that is open.

    Attributes:
        call: the name of the tradePay call that opened it.
        act: confirm, cancel, or look at what it shows.
    """

    call: Name
    act: Literal["confirm", "cancel", "look"]
    payer: str = "rich"
    pin: str = "123456"
    fault: str = ""


class Asking(Message, frozen=True, kw_only=True):
    """A function of the gateway is called by the merchant's server.

    Attributes:
        fault: the header X-Tillgate-Fault.
        sent_as: a name for the very bytes that are sent.
        repeat: send the bytes of this name again.
        at: the function whose address is used instead of its own.
    """

    fault: str = ""
    sent_as: Name | None = None
    repeat: Name | None = None
    at: str = ""


@final
class Query(Asking, frozen=True, kw_only=True, tag="query"):
    """payQuery of an order."""

    order: Name = "order"


@final
class Cancel(Asking, frozen=True, kw_only=True, tag="cancel"):
    """payCancel of an order."""

    order: Name = "order"


@final
class Refund(Asking, frozen=True, kw_only=True, tag="refund"):
    """A refund; `refund` names it, and the same name again is the same merchantRefundId."""

    order: Name = "order"
    refund: Name = "refund"
    amount: str = "10.00 HKD"


@final
class Debit(Asking, frozen=True, kw_only=True, tag="debit"):
    """agreement.pay with an agreement's token.

    Attributes:
        which: the newest access token, or the one before it.
    """

    order: Name = "order"
    agreement: Name = "agreement"
    amount: str = "10.00 HKD"
    which: Literal["newest", "before"] = "newest"


@final
class Prepare(Asking, frozen=True, kw_only=True, tag="prepare"):
    """prepareForRedirect: the merchant asks for an agreement."""

    agreement: Name = "agreement"


@final
class Token(Asking, frozen=True, kw_only=True, tag="token"):
    """applyToken, with the code of the redirect or the newest refresh token."""

    agreement: Name = "agreement"
    by: Literal["code", "refresh"] = "code"


@final
class AskAgreement(Asking, frozen=True, kw_only=True, tag="askAgreement"):
    """queryByAuthInfo of an agreement."""

    agreement: Name = "agreement"


@final
class EndAgreement(Asking, frozen=True, kw_only=True, tag="endAgreement"):
    """cancelByAuthInfo: the merchant ends an agreement."""

    agreement: Name = "agreement"


@final
class Agree(Step, frozen=True, kw_only=True, tag="agree"):
    """A payer agrees, or declines, on the wallet's page, with limits in major units."""

    agreement: Name = "agreement"
    payer: str = "rich"
    pin: str = "123456"
    single: str = ""
    daily: str = ""
    declines: bool = False


@final
class Withdraw(Step, frozen=True, kw_only=True, tag="withdraw"):
    """The payer ends an agreement in the wallet."""

    agreement: Name = "agreement"
    payer: str = "rich"
    pin: str = "123456"


class Telling(Step, frozen=True, kw_only=True):
    """What is about notifications of an order, or of an agreement's end.

    Attributes:
        agreement: the agreement whose end is told; without it, it is about the order.
    """

    order: Name = "order"
    agreement: Name | None = None


@final
class Server(Telling, frozen=True, kw_only=True, tag="server"):
    """How the merchant's server answers the next notifications; then it acknowledges.

    Attributes:
        answers: "fail" is HTTP 500, "refuse" another resultCode, "other" another message's
            acknowledgement, "garbage" no JSON, "unsigned" an unsigned acknowledgement.
    """

    answers: list[Literal["fail", "refuse", "other", "garbage", "unsigned", "acknowledge"]]


@final
class Notified(Telling, frozen=True, kw_only=True, tag="notified"):
    """How often the merchant was notified so far, and with what.

    Attributes:
        times: how many notifications there are, waited for a few seconds; 0 waits a moment.
    """

    times: int = 1


@final
class Returned(Step, frozen=True, kw_only=True, tag="returned"):
    """The buyer comes back to the merchant's page, whose address the SDK verifies.

    Attributes:
        tamper: texts in the address to replace before.
    """

    order: Name = "order"
    tamper: dict[str, str] = {}


@final
class Forge(Telling, frozen=True, kw_only=True, tag="forge"):
    """Somebody sends the merchant a notification, which the SDK judges.

    Attributes:
        signed_by: "gateway" sends the last true one's own bytes, with `tamper` applied; anybody
            else signs its content anew, with `set` applied before.
    """

    set: dict[str, Any] = {}
    tamper: dict[str, str] = {}
    signed_by: Literal["gateway", "merchant", "stranger", "nobody"] = "gateway"


@final
class Clock(Step, frozen=True, kw_only=True, tag="clock"):
    """Time goes by at the gateway; whatever is due on the way is done."""

    advance: Length


@final
class Register(Step, frozen=True, kw_only=True, tag="register"):
    """The acquirer registers a merchant of the scenario's own, or changes it; it acts from then on.

    Attributes:
        active: false suspends it; null, like every other member, leaves it as it is.
        currencies: what it sells in; HKD at first.
        origins: of which pages an agreement may be debited without a PIN; none at first.
        notify: whether its address for what concerns no single order is registered.
    """

    active: bool | None = None
    currencies: list[str] | None = None
    origins: list[str] | None = None
    notify: bool | None = None


@final
class Operate(Step, frozen=True, kw_only=True, tag="operate"):
    """An operator's command at the gateway's /control door."""

    command: str
    members: dict[str, Any] = {}


@final
class Post(Step, frozen=True, kw_only=True, tag="post"):
    """Bytes of any kind to any address of the gateway."""

    path: str
    text: str = ""
    method: Literal["POST", "GET"] = "POST"


@final
class Together(Step, frozen=True, kw_only=True, tag="together"):
    """Steps that are made at the same moment; the result has theirs as a list."""

    steps: Annotated["list[AnyStep]", Meta(min_length=2, max_length=8)]


AnyStep = (
    Sign
    | Pay
    | Cashier
    | Query
    | Cancel
    | Refund
    | Debit
    | Prepare
    | Token
    | AskAgreement
    | EndAgreement
    | Agree
    | Withdraw
    | Server
    | Notified
    | Returned
    | Forge
    | Clock
    | Register
    | Operate
    | Post
    | Together
)


@final
class Scenario(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    omit_defaults=True,
):
    """One situation.

    Attributes:
        title: what happens, in a sentence.
        why: why it matters.
        merchant: what the merchant's code should do.
        tags: what it is about, to find it by.
        schema: where an editor finds the schema; not read by us.
    """

    schema: str = msgspec.field(default="", name="$schema")

    title: Annotated[str, Meta(min_length=10, max_length=120)]
    why: Annotated[str, Meta(min_length=20, max_length=400)]
    merchant: Annotated[str, Meta(min_length=20, max_length=400)]
    tags: Annotated[list[Name], Meta(min_length=1, max_length=6)]
    steps: Annotated[list[AnyStep], Meta(min_length=1, max_length=STEPS_MAX)]
