"""How doors of our own describe themselves for the reference: paths, bodies, answers, statuses.

A door builds its answers piece by piece, so a description is not their maker. What must hold: a
door answers exactly the members that it describes; the tests hold the answers of a running gateway
against them, unknown members included.
"""

import re
from enum import StrEnum, unique
from typing import Annotated, final

import msgspec

from tillgate.kernel.results import CallbackCode
from tillgate.protocol.members import member, part
from tillgate.protocol.rules import one_of

Types = tuple[type[msgspec.Struct], ...]
READ_ONLY = frozenset({CallbackCode.NETWORK_UNKNOWN, CallbackCode.LEFT})
EMITTED = tuple(each.code for each in CallbackCode if each not in READ_ONLY)
"""The seed's eight callback codes; the others are only read (C16)."""


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
        path: the path, with `{token}` where a token stands.
        title: what it is called.
        meaning: what it does.
        credential: who may use it.
        answers: the possible answers by HTTP status.
        body: what is sent, or None.
        query: what may stand in the address behind the question mark, or None.
        notes: what else must be known.
    """

    method: str
    path: str
    title: str
    meaning: str
    credential: Credential
    answers: dict[int, Types]
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return a name for anchors and operation ids."""
        words = re.findall(r"[A-Za-z]+", self.path)
        return "-".join([self.method.lower(), *words])


class Described(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What a door answers: these members and no others."""


Memo = Annotated[str, member("a name and a sentence", sample="PAID: The order is paid.")]


@final
class Outcome(Described, frozen=True, kw_only=True):
    """How a tradePay call ended; the page's callback is given the code and the memo."""

    result_code: Annotated[
        str,
        member(
            "callback code",
            sample="9000",
            rule=one_of(*EMITTED),
        ),
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
class NotYet(Described, frozen=True, kw_only=True):
    """Nothing has ended: try again, or do what the memo says."""

    result_code: Annotated[None, part("always null: no outcome")]
    memo: Memo
    tries_left: (
        Annotated[int, part("how often a PIN may still be tried; after a wrong PIN only")] | None
    ) = None


@final
class Said(Described, frozen=True, kw_only=True):
    """A sentence that says what is wrong."""

    memo: Annotated[str, member("a sentence", sample="There is nothing at this address.")]


@final
class ShownMoney(Described, frozen=True, kw_only=True):
    """An amount as the wire writes it, with the currency's digits for pages."""

    currency: Annotated[str, member("currency by ISO 4217", sample="HKD")]
    value: Annotated[str, member("amount in the currency's smallest unit", sample="1000")]
    exponent: Annotated[int, part("digits after the point", sample="2")]


@final
class ShownPayer(Described, frozen=True, kw_only=True):
    """A payer, shown to the payer alone."""

    id: Annotated[str, member("the payer's name at sign-in", sample="rich")]
    name: Annotated[str, member("the payer's name on pages", sample="Rich")]
    balance: Annotated[
        ShownMoney | None, part("what the account holds; null where another issuer holds it")
    ]


@final
class KnownPayer(Described, frozen=True, kw_only=True):
    """A payer of the sandbox, to sign in with."""

    id: Annotated[str, member("the payer's name at sign-in", sample="rich")]
    name: Annotated[str, member("the payer's name on pages", sample="Rich")]
    about: Annotated[str, part("what is special about it")]


@final
class Session(Described, frozen=True, kw_only=True):
    """A payer's session; it is also set as a cookie, for the wallet's own pages."""

    token: Annotated[str, member("sent as `Authorization: Bearer`", sample="rich.1893456000.…")]
    expires_in: Annotated[int, part("how many seconds it lasts", sample="1800")]
    payer: Annotated[ShownPayer, part("who signed in")]


MALFORMED: dict[int, Types] = {400: (NotYet,), 413: (NotYet,)}
BUSY: dict[int, Types] = {429: (NotYet,), 503: (NotYet,)}
FOREIGN: dict[int, Types] = {403: (NotYet,)}
ABSENT: dict[int, Types] = {404: (NotYet,)}
NOBODY: dict[int, Types] = {401: (Said,)}
