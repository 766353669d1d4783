"""The books: a database with the engine that changes it, and reading it; no door, no worker.

Decides which store, clock, secret and PIN hashing a gateway runs on, for a server and for an
operator's command alike. What must hold: a database's mode and gateway key are settled before it is
used, and whatever was opened is closed in the reverse order, also when the next part fails.
"""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final, final

import msgspec

from tillgate.acquiring.operator import Fact
from tillgate.bootstrap.gateway_keys import ModeRefused
from tillgate.bootstrap.risk import read_limits, read_risk
from tillgate.config.folder import Folder
from tillgate.config.settings import Mode, Settings
from tillgate.edge.secrets import Secret
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import InitialiseDatabase
from tillgate.engine.ports import Reader
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.engine.verbs import VERBS
from tillgate.issuers.pins import ArgonPins
from tillgate.kernel.clock import SECOND_MS, Clock, SystemClock
from tillgate.kernel.errors import Refused, TillgateError
from tillgate.kernel.ids import IdFactory, OperationId
from tillgate.protocol.keys import PrivateKey
from tillgate.storage.opening import open_sqlite
from tillgate.storage.snapshot import sqlite_snapshot

OURSELVES: Final = "tillgate"
"""The operator's name under which the gateway acts on its own database."""


class NoDatabase(TillgateError):
    """There is no database yet."""


@final
class SystemIds:
    """Identifiers drawn from the operating system's randomness."""

    def token(self) -> str:
        """Return 128 random bits as 32 lower-case hexadecimal digits."""
        return secrets.token_hex(16)

    def digits(self, length: int) -> str:
        """Return `length` random decimal digits."""
        return str(secrets.randbelow(10**length)).rjust(length, "0")


@final
class Books(msgspec.Struct, frozen=True, kw_only=True):
    """A database with the engine that decides what changes in it."""

    engine: Engine
    reader: Reader
    clock: Clock
    ids: IdFactory
    secret: Secret
    pins: ArgonPins

    def operation(self) -> OperationId:
        """Return a new operation id."""
        return OperationId(self.ids.token())


@contextmanager
def open_reader(settings: Settings) -> Iterator[Reader]:
    """Read the database as it is at this instant, beside whoever writes it.

    Raises:
        NoDatabase: there is none.
    """
    _check_exists(settings)
    with sqlite_snapshot(settings.database) as reader:
        yield reader


@asynccontextmanager
async def open_books(
    settings: Settings, *, clock: Clock | None = None, must_exist: bool = False
) -> AsyncIterator[Books]:
    """Open the database, bring up the engine, and put both away at the end.

    Raises:
        NoDatabase: there is none, and `must_exist` says that none is to be made.
        SettingRefused: a setting of risk breaks its rule.
    """
    decide = decide_settings(settings)
    if must_exist:
        _check_exists(settings)
    folder = Folder(settings.data)
    folder.make()
    secret = Secret(folder.secret(secrets.token_bytes))
    ids, watch = SystemIds(), clock or SystemClock()
    async with AsyncExitStack() as opened:
        store = open_sqlite(settings.database)
        opened.callback(store.close)
        pins = ArgonPins(_pepper(secret))
        opened.callback(pins.close)
        engine = Engine(
            store,
            verbs=VERBS,
            clock=watch,
            ids=ids,
            decide=decide,
            lanes=LaneSettings(),
        )
        engine.start()
        opened.push_async_callback(engine.stop)
        yield Books(engine=engine, reader=store, clock=watch, ids=ids, secret=secret, pins=pins)


async def initialise(books: Books, mode: Mode, key: PrivateKey) -> None:
    """State the database's mode and key, on a new one; hold it to them on every other.

    Raises:
        ModeRefused: the database says otherwise.
    """
    command = InitialiseDatabase(
        operation_id=books.operation(),
        operator=OURSELVES,
        mode=mode,
        gateway_fingerprint=key.public.fingerprint,
    )
    try:
        await books.engine.execute(command)
    except Refused as refused:
        raise ModeRefused(refused.sentence) from refused


async def mode_of(books: Books) -> Mode:
    """Return the mode of the database.

    Raises:
        NoDatabase: it has none yet.
    """
    fact = await books.reader.get(Fact, "mode")
    if fact is None:
        raise NoDatabase("The database has no mode yet; type: tillgate db upgrade --data DIR")
    return Mode(fact.value)


def _check_exists(settings: Settings) -> None:
    if not settings.database.exists():
        step = f"tillgate db upgrade --data {settings.data}"
        raise NoDatabase(f"There is no database {settings.database}; make it with: {step}")


def decide_settings(settings: Settings) -> DecideSettings:
    """Return what the rules are told."""
    limits = settings.limits
    return DecideSettings(
        order_life_ms=limits.order_life_s * SECOND_MS,
        order_str_age_ms_max=limits.order_str_age_s_max * SECOND_MS,
        order_str_ahead_ms_max=limits.order_str_ahead_s_max * SECOND_MS,
        issuer_wait_ms_max=limits.issuer_wait_s_max * SECOND_MS,
        risk=read_risk(settings),
        approximate=read_limits(settings),
    )


def upgrade(settings: Settings) -> tuple[str | None, str]:
    """Bring the database's tables up to date; return the revision before and the one after."""
    from tillgate.storage import migrate  # noqa: PLC0415  Alembic takes half a second to load.

    url = migrate.sqlite_url(settings.database)
    before = migrate.current(url) if settings.database.exists() else None
    if before is not None:
        migrate.upgrade(url)
    else:
        open_sqlite(settings.database).close()
    return before, migrate.head()


async def hashed_pin(settings: Settings, pin: str) -> str:
    """Return what may be kept of a PIN, by the secret of this data folder."""
    secret = Secret(Folder(settings.data).secret(secrets.token_bytes))
    pins = ArgonPins(_pepper(secret))
    try:
        return await pins.hashed(pin)
    finally:
        pins.close()


def _pepper(secret: Secret) -> bytes:
    return secret.derived("pin pepper").raw()
