"""Records as rows and back: one mapping per kind of record, made once and then quick.

Most fields are fetched by one `attrgetter` in C, dotted paths included (`amount.minor`); only what
is left is converted field by field. What must hold: a record that is written and read again is
equal to itself; a stored text that is no member of its enum is refused, not passed on.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, Final, final

import msgspec

from tillgate.kernel.errors import Broken
from tillgate.kernel.money import Money, currency
from tillgate.kernel.record import Record
from tillgate.storage.shape import Field, Kind, Shape, currency_column, shape

Value = str | int | bytes | None
"""What a database driver takes and gives."""
Convert = Callable[[Any], Any]

_TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])


@final
class Mapper:
    """Turns one kind of record into rows and back."""

    def __init__(self, of: Shape) -> None:
        """Prepare the conversions of this shape."""
        self.shape = of
        kinds = [of.field(name).kind for name in of.record.key_fields]
        self._key_numbers = [n for n, kind in enumerate(kinds) if kind is Kind.NUMBER]
        self._fetch = attrgetter(*_paths(of))
        self._encode = _conversions(of.fields, encoder)
        self._decode = _conversions(of.fields, decoder)
        names = tuple(field.name for field in of.fields)
        self._names = names
        keys = [of.columns.index(name) for name in of.record.key_fields]
        self._key_last = [n for n in range(len(of.columns)) if n not in keys] + keys
        self._monies = tuple(
            (names.index(money.name), len(names) + place) for place, money in enumerate(of.monies)
        )

    def row(self, record: Record) -> Sequence[Value]:
        """Return the values of all columns, in order."""
        values: Sequence[Value] = self._fetch(record)
        if not self._encode:
            return values
        changed = list(values)
        for place, convert in self._encode:
            changed[place] = convert(changed[place])
        return changed

    def update(self, record: Record) -> Sequence[Value]:
        """Return the values beside the key, in order, and then the key's."""
        values = self.row(record)
        return [values[place] for place in self._key_last]

    def record(self, row: Sequence[Any]) -> Record:
        """Return the record that these values were made of.

        Raises:
            Broken: a value is not one that `row` writes.
        """
        values = list(row)
        try:
            for place, convert in self._decode:
                values[place] = convert(values[place])
            for place, unit in self._monies:
                values[place] = Money(values[place], currency(values[unit]))
        except (KeyError, TypeError, ValueError, msgspec.DecodeError) as error:
            message = f"a row of {self.shape.table} holds what was never written there: {error}"
            raise Broken(message) from error
        return self.shape.record(**dict(zip(self._names, values, strict=False)))

    def key_values(self, parts: Sequence[str]) -> Sequence[Value]:
        """Return the values of the key's columns from the text of a key."""
        if not self._key_numbers:
            return parts
        values: list[Value] = list(parts)
        for place in self._key_numbers:
            values[place] = int(parts[place])
        return values


@final
class Picker:
    """Turns some columns of one kind of record into the values of its fields."""

    def __init__(self, of: Shape, names: Sequence[str]) -> None:
        """Prepare the conversions of these fields; ValueError names one that is not there."""
        fields = [of.field(name) for name in names]
        units = [field for field in fields if field.kind is Kind.MONEY]
        self.columns = (
            *(field.column for field in fields),
            *(currency_column(unit.name) for unit in units),
        )
        self._decode = _conversions(fields, decoder)
        self._count = len(fields)
        self._monies = tuple(
            (fields.index(unit), len(fields) + place) for place, unit in enumerate(units)
        )

    def values(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Return the values of the fields, in the order in which they were named."""
        values = list(row)
        for place, convert in self._decode:
            values[place] = convert(values[place])
        for place, unit in self._monies:
            values[place] = Money(values[place], currency(values[unit]))
        return tuple(values[: self._count])


@cache
def picker(record: type[Record], names: tuple[str, ...]) -> Picker:
    """Return the picker of some fields of a kind of record."""
    return Picker(shape(record), names)


@cache
def mapper(record: type[Record]) -> Mapper:
    """Return the mapper of a kind of record."""
    return Mapper(shape(record))


def encoder(field: Field) -> Convert | None:
    """Return what turns a value of this field into a column's, or None when it stays as it is.

    Values that the mapper's dotted paths fetched already have a column's type and stay.
    """
    if field.kind is Kind.CHOICE and field.nullable:
        return _member_text
    if field.kind is Kind.FLAG:
        return _flag_number
    if field.kind is Kind.TEXTS:
        return _texts_json
    return None


def decoder(field: Field) -> Convert | None:
    """Return what turns a column's value into this field's, or None when it stays as it is."""
    convert: Convert | None = None
    if field.choices is not None:
        convert = {member.value: member for member in field.choices}.__getitem__
    elif field.kind is Kind.FLAG:
        convert = {0: False, 1: True}.__getitem__
    elif field.kind is Kind.TEXTS:
        convert = _TEXTS.decode
    return _unless_none(convert) if convert is not None and field.nullable else convert


def plain(value: object) -> Value:
    """Return one value as the driver takes it: what conditions compare with."""
    if isinstance(value, Enum):
        text: str = value.value
        return text
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int | bytes):
        return value
    message = f"a column is compared with text, a number or bytes, not {type(value).__name__}"
    raise TypeError(message)


def _paths(of: Shape) -> list[str]:
    """Return where `attrgetter` finds the value of each column."""
    paths = [_path(field) for field in of.fields]
    return paths + [f"{money.name}.currency.code" for money in of.monies]


def _path(field: Field) -> str:
    if field.kind is Kind.MONEY:
        return f"{field.name}.minor"
    if field.kind is Kind.CHOICE and not field.nullable:
        return f"{field.name}._value_"
    return field.name


def _conversions(
    fields: Sequence[Field], make: Callable[[Field], Convert | None]
) -> tuple[tuple[int, Convert], ...]:
    made = ((place, make(field)) for place, field in enumerate(fields))
    return tuple((place, convert) for place, convert in made if convert is not None)


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _member_text(member: Enum | None) -> str | None:
    return None if member is None else str(member.value)


def _flag_number(flag: bool | None) -> int | None:  # noqa: FBT001  A conversion's one value.
    return None if flag is None else int(flag)


def _texts_json(texts: tuple[str, ...] | None) -> str | None:
    return None if texts is None else msgspec.json.encode(texts).decode()
