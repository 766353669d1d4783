"""Every statement that the payment path sends to PostgreSQL: recorded while it works, and by form.

What is recorded shows that nothing else is sent; the forms show that no kind of record is
forgotten. What must hold: a recording holds a payment's whole life, through the engine and through
the doors, on a database that was empty before.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Engine, event

from tests.engine.story import Story
from tests.engine.test_every_store import STORY
from tests.support import postgres
from tests.support.asgi import ask, bearer, sandbox, signed_in
from tests.support.gateway import PIN, merchant_of, order
from tests.support.stores import postgresql
from tillgate.engine.ports import Select
from tillgate.storage import statements as reading
from tillgate.storage.postgres import statements
from tillgate.storage.postgres.opening import PostgresSettings
from tillgate.storage.rules import APPEND_ONLY
from tillgate.storage.shape import TABLES, Kind, shape


class Recorded:
    """What was sent since the last look."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def hear(self, said: Any) -> None:
        """Hear what a connection sent; what the driver asks to know a type is the driver's."""
        if "typeinfo_tree" not in said.query:
            self.note(said.query)

    def note(self, text: str) -> None:
        """Note a statement."""
        self._texts.append(text)

    def taken(self) -> list[str]:
        """Return the statements that came, in turn, and forget them."""
        texts, self._texts = self._texts, []
        return texts


@asynccontextmanager
async def recording() -> AsyncIterator[Recorded]:
    """Hear every statement of every connection that is opened inside."""
    recorded, connect = Recorded(), asyncpg.connect

    async def connected(*given: Any, **named: Any) -> Any:
        connection = await connect(*given, **named)
        connection.add_query_logger(recorded.hear)
        return connection

    def execute(*given: Any) -> None:  # What SQLAlchemy prepares is logged by no driver.
        recorded.note(given[2])

    event.listen(Engine, "before_cursor_execute", execute)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(asyncpg, "connect", connected)
            yield recorded
    finally:
        event.remove(Engine, "before_cursor_execute", execute)


@cache
def defined() -> Sequence[str]:
    """Return what makes the tables of an empty database."""
    with postgres.server().bare_database() as url:
        return postgres.aside(_make_tables(url))


@cache
def told(*, by_shard: bool) -> Sequence[str]:
    """Return what the engine's long story sends, each text once."""
    with postgres.server().database() as url:
        return list(dict.fromkeys(postgres.aside(_tell(url, PostgresSettings(by_shard=by_shard)))))


@cache
def paid() -> Sequence[str]:
    """Return what a payment through the doors of a sandbox sends, its workers' reads with it."""
    with postgres.server().database() as url, TemporaryDirectory() as folder:
        return postgres.aside(_pay(url, Path(folder) / "data"))


async def _make_tables(url: str) -> Sequence[str]:
    async with recording() as recorded, postgresql(url):
        return recorded.taken()


async def _tell(url: str, settings: PostgresSettings) -> Sequence[str]:
    async with recording() as recorded, postgresql(url, settings) as store:
        recorded.taken()  # How the database is opened is no part of a payment.
        story = Story(store)
        await story.set_up()
        await story.perform(STORY)
        await story.engine.stop()
        return recorded.taken()


async def _pay(url: str, folder: Path) -> Sequence[str]:
    folder.mkdir(mode=0o700)
    (folder / "tillgate.toml").write_text(f'database_url = "{url}"\n')
    async with recording() as recorded, sandbox(folder) as house:
        recorded.taken()
        head = [bearer(await signed_in(house, "rich"))]
        text = merchant_of(folder).order_str(order("scaling-1"))
        call = {"orderStr": text, "version": "2.0.0", "callId": "scaling"}
        opened = (await ask(house, "POST", "/cashier/trade-pay", call, headers=head)).json()
        confirm = f"{opened['cashierUrl']}/confirm"
        answer = await ask(house, "POST", confirm, {"pin": PIN}, headers=head)
        assert answer.json()["resultCode"] == "9000"
        return recorded.taken()


def forms(*, by_shard: bool) -> Iterator[str]:
    """Yield every form of statement for every kind of record."""
    for record in TABLES:
        yield statements.load(record, by_shard=by_shard)
        yield statements.insert(record)
        yield statements.by_key(record)
        if record not in APPEND_ONLY and len(record.key_fields) < len(shape(record).columns):
            yield statements.update(record, by_shard=by_shard)
        yield statements.resolve_one(record, record.key_fields)
        if not by_shard:
            yield statements.resolve(record, record.key_fields)
        yield statements.numbered(reading.selected(_every_part_of(record)))[0]
    yield statements.numbered(reading.total("merchant:M", "HKD", "M"))[0]


def _every_part_of(record: Any) -> Select:
    """Return a query with every condition and order that a query can have."""
    plain = [field for field in shape(record).fields if field.kind in (Kind.TEXT, Kind.CHOICE)]
    numbers = [field.name for field in shape(record).fields if field.kind is Kind.NUMBER]
    return Select(
        record=record,
        equals=((plain[0].name, (None, "a", "b")), (plain[0].name, None), (plain[0].name, "a")),
        at_most=tuple((name, 1) for name in numbers[:1]),
        after_key=tuple("a" for _ in record.key_fields),
        order_by=tuple(f"-{name}" for name in numbers[:2]),
        limit=1,
    )
