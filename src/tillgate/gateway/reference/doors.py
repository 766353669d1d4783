"""The doors of our own (PROTOCOL 11.4): what is posted, what is answered, with which status.

Bodies are the types that the doors read by; answers are described in `answers`. What must hold:
every status a door gives for its paths is listed here.
"""

from enum import StrEnum, unique
from typing import final

import msgspec

from tillgate.gateway.reference import answers
from tillgate.protocol import tradepay

Types = tuple[type[msgspec.Struct], ...]


@unique
class Credential(StrEnum):
    """What a door asks for besides its body."""

    NONE = "none"
    SESSION = "session"
    OPTIONAL_SESSION = "optional session"
    CASHIER = "cashier"


@final
class Door(msgspec.Struct, frozen=True, kw_only=True):
    """One door.

    Attributes:
        method: the HTTP method.
        path: the path, with `{token}` where a cashier's token stands.
        title: what it is called.
        meaning: what it does.
        credential: who may use it.
        answers: the possible answers by HTTP status.
        body: what is sent, or None.
        notes: what else must be known.
    """

    method: str
    path: str
    title: str
    meaning: str
    credential: Credential
    answers: dict[int, Types]
    body: type[msgspec.Struct] | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return a name for anchors and operation ids."""
        words = self.path.replace("{token}", "").replace("-", "/").split("/")
        return "-".join([self.method.lower(), *filter(None, words)])


DOOR_STATUSES = {
    200: "Done, or the next step.",
    400: "The body is no JSON, or a member is missing or wrong.",
    401: "Nobody is signed in, or the PIN is wrong.",
    403: "Not allowed: another origin, another browser, or an account that is locked or unknown.",
    404: "There is no such cashier, or it is over.",
    413: "The body is too large.",
    429: "Too many at once; nothing was executed.",
    503: "Not available now; send the same again.",
}
"""What the status of a door of our own says."""
_MALFORMED: dict[int, Types] = {400: (answers.NotYet,), 413: (answers.NotYet,)}
_BUSY: dict[int, Types] = {429: (answers.NotYet,), 503: (answers.NotYet,)}
_NO_ENTRY: dict[int, Types] = {403: (answers.NotYet,), 404: (answers.NotYet,)}

DOORS: tuple[Door, ...] = (
    Door(
        method="POST",
        path="/wallet/session",
        title="Sign in",
        meaning="Gives a payer a session for the PIN.",
        credential=Credential.NONE,
        body=tradepay.SignIn,
        answers={
            200: (answers.Session,),
            401: (answers.NotYet,),
            403: (answers.NotYet, answers.Outcome),
            **_MALFORMED,
            **_BUSY,
        },
        notes=(
            "A try counts before the PIN is checked; the third wrong one locks the account.",
            "An unknown payer takes as long as a wrong PIN.",
        ),
    ),
    Door(
        method="DELETE",
        path="/wallet/session",
        title="Sign out",
        meaning="Takes the session's cookie back; a bearer token lasts until its time is over.",
        credential=Credential.NONE,
        answers={200: (answers.SignedOut,), 403: (answers.NotYet,)},
    ),
    Door(
        method="GET",
        path="/wallet/me",
        title="Who is signed in",
        meaning="Shows the session's payer and balance.",
        credential=Credential.SESSION,
        answers={
            200: (answers.ShownPayer,),
            401: (answers.Said,),
            403: (answers.NotYet,),
        },
    ),
    Door(
        method="POST",
        path="/cashier/trade-pay",
        title="tradePay",
        meaning="Takes a page's tradePay call: an order string becomes a cashier, or an outcome.",
        credential=Credential.OPTIONAL_SESSION,
        body=tradepay.TradePay,
        answers={200: (answers.Opened, answers.Outcome)},
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
        answers={200: (answers.CashierView,), **_NO_ENTRY},
    ),
    Door(
        method="POST",
        path="/cashier/{token}/sign-in",
        title="Sign in at the cashier",
        meaning="Signs a payer in where no wallet is around the page, and binds them to the order.",
        credential=Credential.CASHIER,
        body=tradepay.SignIn,
        answers={200: (answers.Session, answers.NotYet), **_NO_ENTRY, **_MALFORMED, **_BUSY},
    ),
    Door(
        method="POST",
        path="/cashier/{token}/confirm",
        title="Confirm",
        meaning="Checks the PIN and pays.",
        credential=Credential.CASHIER,
        body=tradepay.Confirm,
        answers={200: (answers.Outcome, answers.NotYet), **_NO_ENTRY, **_MALFORMED, **_BUSY},
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
        answers={200: (answers.Outcome,), **_NO_ENTRY, **_MALFORMED, **_BUSY},
    ),
)
