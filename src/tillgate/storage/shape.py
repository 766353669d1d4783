"""The shape of each kind of record in SQL: its table's name, and its columns from its field types.

Made from the record's own annotations, so that a field is written once. It knows no database and no
SQL; `schema` makes tables of it, `rows` turns records into rows and back. What must hold: a field
has one of the types that `kernel.record` allows, and any other is refused by name. The columns come
in the order of the fields, with the currencies of money behind all of them.
"""

from collections.abc import Mapping
from enum import Enum, unique
from functools import cache
from typing import Final, NamedTuple

import msgspec.inspect

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement, Grant
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.acquiring.operator import Fact, OperatorAction
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.replay import RequestMark
from tillgate.acquiring.risk.records import DeviceSeen, OrderRisk, RiskDecision
from tillgate.engine.operation import Operation
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry, Posting

TABLES: Final[Mapping[type[Record], str]] = {
    Acquirement: "acquirements",
    Agreement: "agreements",
    Allowance: "allowances",
    Attempt: "attempts",
    Balance: "balances",
    Call: "calls",
    Client: "clients",
    ClientKey: "client_keys",
    Debt: "debts",
    DeviceSeen: "devices_seen",
    Entry: "entries",
    Fact: "facts",
    Grant: "grants",
    Merchant: "merchants",
    Notification: "notifications",
    NotificationSend: "notification_sends",
    Operation: "operations",
    OperatorAction: "operator_actions",
    OrderRisk: "order_risks",
    Payer: "payers",
    Posting: "postings",
    Refund: "refunds",
    RequestMark: "request_marks",
    RiskDecision: "risk_decisions",
}
"""Every kind of record and the table that keeps it."""


@unique
class Kind(Enum):
    """How a field is kept."""

    TEXT = "text"
    NUMBER = "a whole number of 64 bits"
    FLAG = "0 or 1"
    BYTES = "bytes"
    CHOICE = "the text of an enum's member"
    TEXTS = "several texts, as a JSON array"
    MONEY = "a whole number of minor units, and the currency's code in a column of its own"


class Field(NamedTuple):
    """A field of a record, as it is kept."""

    name: str
    kind: Kind
    nullable: bool
    choices: type[Enum] | None

    @property
    def column(self) -> str:
        """Return the name of the field's column; for money, that of its minor units."""
        return f"{self.name}_minor" if self.kind is Kind.MONEY else self.name


class Shape(NamedTuple):
    """A table as one kind of record needs it."""

    record: type[Record]
    table: str
    fields: tuple[Field, ...]

    @property
    def monies(self) -> tuple[Field, ...]:
        """Return the fields that hold money."""
        return tuple(field for field in self.fields if field.kind is Kind.MONEY)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns, in order."""
        currencies = (currency_column(field.name) for field in self.monies)
        return (*(field.column for field in self.fields), *currencies)

    def field(self, name: str) -> Field:
        """Return the field of this name."""
        for field in self.fields:
            if field.name == name:
                return field
        message = f"{self.record.__name__} has no field {name!r}"
        raise ValueError(message)

    def comparable(self, name: str) -> Field:
        """Return the field of this name if a condition or an order may lean on it."""
        field = self.field(name)
        if field.kind in (Kind.MONEY, Kind.TEXTS):
            message = f"{self.record.__name__}.{name} is {field.kind.value}; it is not compared"
            raise ValueError(message)
        return field


def currency_column(name: str) -> str:
    """Return the name of the column with the currency of a money field."""
    return f"{name}_currency"


@cache
def shape(record: type[Record]) -> Shape:
    """Return the shape of a kind of record.

    Raises:
        TypeError: the record has no table, or a field of a type that cannot be kept.
    """
    if record not in TABLES:
        message = f"{record.__name__} has no table; enter it in storage/shape.py"
        raise TypeError(message)
    info = msgspec.inspect.type_info(record)
    if not isinstance(info, msgspec.inspect.StructType):
        message = f"{record.__name__} is no struct"
        raise TypeError(message)
    fields = tuple(_field(record, field.name, field.type) for field in info.fields)
    return Shape(record, TABLES[record], fields)


def _field(record: type[Record], name: str, of: msgspec.inspect.Type) -> Field:
    nullable = False
    if isinstance(of, msgspec.inspect.UnionType):
        nullable = True
        left = [part for part in of.types if not isinstance(part, msgspec.inspect.NoneType)]
        of = left[0] if len(left) == 1 else of
    kind = _kind(of)
    if kind is None or (nullable and kind is Kind.MONEY):
        message = f"{record.__name__}.{name} has a type that no store can keep"
        raise TypeError(message)
    choices = of.cls if isinstance(of, msgspec.inspect.EnumType) else None
    return Field(name, kind, nullable, choices)


def _kind(of: msgspec.inspect.Type) -> Kind | None:
    match of:
        case msgspec.inspect.StrType():
            return Kind.TEXT
        case msgspec.inspect.BoolType():
            return Kind.FLAG
        case msgspec.inspect.IntType():
            return Kind.NUMBER
        case msgspec.inspect.BytesType():
            return Kind.BYTES
        case msgspec.inspect.EnumType():
            return Kind.CHOICE
        case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.StrType()):
            return Kind.TEXTS
        case msgspec.inspect.StructType(cls=cls) if cls is Money:
            return Kind.MONEY
        case _:
            return None
