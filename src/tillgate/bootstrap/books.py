"""The books: a database with the engine that changes it, and reading it; no door, no worker.

Decides which store, clock, secret and PIN hashing a gateway runs on, for a server and for an
operator's command alike. What must hold: a database's mode and gateway key are settled before it is
used; nothing is hashed or signed with a secret that is not the database's, and none is made where
one is missing; whatever was opened is closed in the reverse order, also when the next part fails.
"""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, final

import msgspec

from tillgate.acquiring.operator import SECRET, Fact
from tillgate.bootstrap.databases import NoDatabase, check_exists, open_database, open_reader
from tillgate.bootstrap.gateway_keys import ModeRefused
from tillgate.bootstrap.risk import read_limits, read_risk
from tillgate.bootstrap.virtual import clock_of
from tillgate.config.folder import Folder
from tillgate.config.settings import Mode, Settings
from tillgate.edge.secrets import Secret
from tillgate.engine.batcher import Engine, Verbs
from tillgate.engine.commands import InitialiseDatabase
from tillgate.engine.observer import UNOBSERVED, Observer
from tillgate.engine.ports import Reader
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.engine.verbs import VERBS
from tillgate.issuers.pins import FULL, ArgonPins, Effort
from tillgate.kernel.clock import SECOND_MS, Clock
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import IdFactory, OperationId
from tillgate.protocol.keys import PrivateKey

OURSELVES: Final = "tillgate"
"""The operator's name under which the gateway acts on its own database."""


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


@asynccontextmanager
async def open_books(
    settings: Settings,
    *,
    clock: Clock | None = None,
    must_exist: bool = False,
    observer: Observer = UNOBSERVED,
    pin_waited: Callable[[float], None] | None = None,
    pin_effort: Effort = FULL,
    verbs: Verbs = VERBS,
) -> AsyncIterator[Books]:
    """Open the database, bring up the engine, and put both away at the end.

    The observer is told of the engine's batches, `pin_waited` how long a PIN waited to be checked.
    The verbs decide; a sandbox may stand around some of them.

    Raises:
        ModeRefused: the folder's secret is not the database's, or missing.
        NoDatabase: there is none, and `must_exist` says that none is to be made.
        SettingRefused: a setting of risk breaks its rule.
    """
    decide = decide_settings(settings)
    if must_exist:
        await check_exists(settings)
    Folder(settings.data).make()
    ids = SystemIds()
    async with AsyncExitStack() as opened:
        opening = open_database(settings, clock=clock)
        store, reader, watch = await opened.enter_async_context(opening)
        if clock is None:
            watch = await clock_of(settings, reader, watch)
        secret = await _secret_of(settings, reader)
        pins = ArgonPins(_pepper(secret), waited=pin_waited, effort=pin_effort)
        opened.callback(pins.close)
        engine = Engine(
            store,
            verbs=verbs,
            clock=watch,
            ids=ids,
            decide=decide,
            lanes=LaneSettings(queue_wait_ms_max=settings.limits.queue_wait_ms_max),
            observer=observer,
        )
        engine.start()
        opened.push_async_callback(engine.stop)
        yield Books(engine=engine, reader=reader, clock=watch, ids=ids, secret=secret, pins=pins)


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
        secret_fingerprint=_fingerprint(books.secret),
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


async def hashed_pin(settings: Settings, pin: str) -> str:
    """Return what may be kept of a PIN, by the secret of this data folder.

    Raises:
        ModeRefused: the folder's secret is not the database's, or missing.
        NoDatabase: there is no database yet, so no payer either.
    """
    async with open_reader(settings) as reader:
        secret = await _secret_of(settings, reader)
    pins = ArgonPins(_pepper(secret))
    try:
        return await pins.hashed(pin)
    finally:
        pins.close()


async def _secret_of(settings: Settings, reader: Reader) -> Secret:
    """Return the folder's secret, made only for a database that has none yet."""
    fact = await reader.get(Fact, SECRET)
    folder = Folder(settings.data)
    path = folder.keys / "secret.bin"
    if fact is not None and not path.exists():
        message = (
            f"The PINs and tokens of this database were made with the secret {fact.value}, and "
            f"{path} is missing; copy keys/secret.bin from the machine that serves it, or from "
            "its backup."
        )
        raise ModeRefused(message)
    secret = Secret(folder.secret(secrets.token_bytes))
    if fact is not None and fact.value != _fingerprint(secret):
        message = (
            f"The PINs and tokens of this database were made with another secret ({fact.value}, "
            f"{path} is {_fingerprint(secret)}); copy keys/secret.bin from the machine that "
            "serves it, or from its backup."
        )
        raise ModeRefused(message)
    return secret


def _fingerprint(secret: Secret) -> str:
    return secret.derived("fingerprint").token()[:16]


def _pepper(secret: Secret) -> bytes:
    return secret.derived("pin pepper").raw()
