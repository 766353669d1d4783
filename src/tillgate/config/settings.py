"""Settings: read once from arguments, the environment and a TOML file, checked, and frozen.

Decides which value wins (an argument, then `TILLGATE_*`, then the file, then the default) and what
a value must look like; it opens nothing and picks no part. What must hold: every refusal names the
setting, the rule and the next step, and no setting is read anywhere else (STYLE rule 3).
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from tillgate.config import risk
from tillgate.config.database import Database, PostgresUrl, has_password, read_database
from tillgate.config.folder import warning_of
from tillgate.config.values import PREFIX, Network, SettingRefused, networks, refused, whole

FILE_NAME: Final = "tillgate.toml"
PORT_MAX: Final = 65_535
WORKERS_MAX: Final = 64
"""Each holds four connections to PostgreSQL, whose own limit is a hundred unless it is raised."""
PROXIES: Final = "127.0.0.1, ::1"
"""A proxy on this machine, as the default address to listen on asks for one."""
FILE_BYTES_MAX: Final = 64 * 1024
LIMIT_MAX: Final = 1_000_000
"""Of any unit: a thousand seconds where milliseconds count, eleven days where seconds do."""
REQ_TIME_S_MAX: Final = 1_800
"""How long a request is remembered (U10): one that is taken for longer could be sent again."""


@unique
class Mode(StrEnum):
    """What a gateway and its database are for."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


@unique
class LogLevel(StrEnum):
    """From which severity on lines are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@unique
class Traces(StrEnum):
    """Where spans of requests, batches, issuers and notifications go."""

    OFF = "off"
    CONSOLE = "console"
    OTLP = "otlp"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds that an operator may move; names carry their units.

    Attributes:
        connections_max: requests answered at once; more get HTTP 503.
        keep_alive_s: how long an idle connection stays open.
        request_wait_s_max: how long a whole request may take to arrive.
        stop_s: how long a stopping server waits for requests under way.
        drain_s: how long `/readyz` is red before a stopping server takes no more requests.
        audit_s: how often the books are audited beside the payments; 0 is never.
        order_life_s: how long a new order waits for its buyer (U10).
        order_str_age_s_max: how old an orderStr may be when it creates an order (U10).
        order_str_ahead_s_max: how far ahead of us its reqTime may be (U10).
        req_time_behind_s_max: how old a request of a merchant's server may be (U10).
        req_time_ahead_s_max: how far ahead of us its reqTime may be (U10).
        issuer_wait_s_max: how long an issuer is waited for before its answer counts as unknown.
        queue_wait_ms_max: requests that would wait longer for the database are not taken.
        operation_kept_s: how long what a command's outcome was is remembered.
        requests_per_s_max: from one address, at all doors for people together.
        wrong_pins_per_min_max: tries to sign in that failed, from one address.
    """

    connections_max: int = 1_000
    keep_alive_s: int = 15
    request_wait_s_max: int = 30
    stop_s: int = 10
    drain_s: int = 0
    audit_s: int = 3_600
    order_life_s: int = 180
    order_str_age_s_max: int = 180
    order_str_ahead_s_max: int = 300
    req_time_behind_s_max: int = 900
    req_time_ahead_s_max: int = 300
    issuer_wait_s_max: int = 8
    queue_wait_ms_max: int = 2_000
    operation_kept_s: int = 604_800
    requests_per_s_max: int = 100
    wrong_pins_per_min_max: int = 20


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a gateway is told, once.

    Attributes:
        data: the folder of keys, lock, control token and, by default, the database.
        database: the SQLite file, or the URL of a PostgreSQL database.
        port: 0 lets the system choose; the ready message and `DIR/server.json` say which.
        workers: processes that serve the port; more than one need PostgreSQL.
        public_url: the origin under which buyers reach us; "" means host and port.
        gateway_key: the gateway's private key, when it does not lie in `data`.
        proxies: whose word on a caller's address is believed; limits hold for that address.
        limits: bounds that an operator may move.
        log_level: from which severity on lines are logged.
        traces: where OpenTelemetry spans go.
        risk: names and texts of the settings of risk that are set; `bootstrap.risk` reads them.
        warning: that others can read the file, which lets them into the database; "" when not.
    """

    data: Path
    database: Database
    mode: Mode = Mode.PRODUCTION
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    public_url: str = ""
    gateway_key: Path | None = None
    proxies: tuple[Network, ...] = ()
    limits: Limits = Limits()
    log_level: LogLevel = LogLevel.INFO
    traces: Traces = Traces.OFF
    risk: tuple[tuple[str, str], ...] = ()
    warning: str = ""

    @property
    def is_sandbox(self) -> bool:
        """Tell whether doors and rules of the sandbox apply."""
        return self.mode is Mode.SANDBOX


E = TypeVar("E", bound=StrEnum)
_LIMITS: Final = Limits.__struct_fields__
_LEAST: Final = {"drain_s": 0, "audit_s": 0, "queue_wait_ms_max": 100, "operation_kept_s": 3_600}
"""An operation is repeated within seconds; an hour is far from where forgetting could matter."""
KNOWN: Final = (
    *("database_url", "mode", "host", "port", "workers", "public_url", "gateway_key", "proxies"),
    *("log_level", "traces"),
    *_LIMITS,
    *risk.NAMES,
)
"""Every setting; `docs/settings.md` tells of each."""
_ELSEWHERE: Final = (
    *("config", "data", "operator", "pin", "control_token", "access_token", "refresh_token"),
    "chromium",
)
"""Variables with our prefix that are not settings of a gateway, or are read before the file."""
_OF_TESTS: Final = "test"
"""How those begin that only our own tests read."""


def read_settings(given: Mapping[str, str], environ: Mapping[str, str], *, home: Path) -> Settings:
    """Return the settings; `given` are the command line's, by setting name.

    Raises:
        SettingRefused: a value breaks its rule, or a name is none of ours.
    """
    variables = _variables(environ)
    data = _data(given, variables, environ, home=home)
    path = Path(named).expanduser() if (named := variables.get("config")) else data / FILE_NAME
    filed = _file(path) if named or path.exists() else {}
    said = {**filed, **variables, **given}
    mode = _one_of(said, "mode", Mode.PRODUCTION)
    return Settings(
        data=data,
        database=read_database(said.get("database_url", ""), data, data_given="data" in given),
        mode=mode,
        host=_host(said),
        port=whole(said, "port", 8080, most=PORT_MAX),
        workers=whole(said, "workers", 1, least=1, most=WORKERS_MAX),
        public_url=_public_url(said, mode),
        gateway_key=_path(said, "gateway_key"),
        proxies=networks(said, "proxies", PROXIES),
        limits=_limits(said),
        log_level=_one_of(said, "log_level", LogLevel.INFO),
        traces=_one_of(said, "traces", Traces.OFF),
        risk=tuple((name, said[name]) for name in risk.NAMES if name in said),
        warning=_warning(path, filed),
    )


def check_serving(settings: Settings) -> None:
    """Return when a server may start with these settings.

    Raises:
        SettingRefused: something is missing that only a server needs.
    """
    if not settings.is_sandbox and not settings.public_url:
        raise refused(
            "public_url",
            "production needs the https origin under which buyers reach this gateway",
            f"set {PREFIX}PUBLIC_URL=https://pay.example.com, or add --sandbox to try things out",
        )
    if settings.workers > 1 and not isinstance(settings.database, PostgresUrl):
        raise refused(
            "workers",
            "a file of SQLite is written by one process",
            f"set {PREFIX}DATABASE_URL=postgresql://user:password@host:5432/name, or leave one",
        )
    check_gateway_key(settings)


def check_gateway_key(settings: Settings) -> None:
    """Return when the gateway's key is one that this mode may sign with.

    Raises:
        SettingRefused: a sandbox, which signs what a test asks for, is told of a key elsewhere.
    """
    if settings.is_sandbox and settings.gateway_key is not None:
        raise refused(
            "gateway_key",
            "a sandbox signs what tests ask for, so it signs with the key of its own folder alone "
            "and never with one that production may have",
            f"unset {PREFIX}GATEWAY_KEY, and take gateway_key out of {FILE_NAME}, for the sandbox; "
            f"its key is made in {settings.data / 'keys'}",
        )


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    named = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value.strip()
    }
    for name in named:
        if name not in KNOWN and name not in _ELSEWHERE and not name.startswith(_OF_TESTS):
            raise _unknown(f"{PREFIX}{name.upper()}", name)
    return named


def _data(
    given: Mapping[str, str],
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    home: Path,
) -> Path:
    named = given.get("data") or variables.get("data")
    if named:
        return Path(named).expanduser().absolute()
    shared = environ.get("XDG_DATA_HOME", "")
    # The rule of XDG: a relative folder counts as not set.
    base = Path(shared) if shared.startswith("/") else home / ".local" / "share"
    return base / "tillgate"


def _warning(path: Path, filed: Mapping[str, str]) -> str:
    """Return that others read a password there, also where another setting is used instead."""
    if not has_password(filed.get("database_url", "")):
        return ""
    return warning_of(path, "the database's password")


def _file(path: Path) -> dict[str, str]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = f"the file {path} cannot be read ({error.strerror})"
        raise refused("config", reason, "give a readable TOML file") from error
    if len(raw) > FILE_BYTES_MAX:
        raise refused("config", f"{path} is larger than 64 KiB", "keep settings only in it")
    try:
        table = tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        reason = f"{path} is not TOML: {error}"
        raise refused(
            "config", reason, 'write lines such as port = 8080, host = "127.0.0.1"'
        ) from None
    for name, value in table.items():
        if name not in KNOWN:
            raise _unknown(f"{name} in {path}", name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise refused(name, f"{path} gives {value!r}", "write a text or a whole number")
    return {name: str(value) for name, value in table.items()}


def _one_of(said: Mapping[str, str], name: str, usual: E) -> E:
    text = said.get(name, usual)
    kind = type(usual)
    try:
        return kind(text)
    except ValueError:
        known = " or ".join(kind)
        step = f"set {PREFIX}{name.upper()}={list(kind)[-1]}"
        raise refused(name, f"it is {known}, not {text!r}", step) from None


def _host(said: Mapping[str, str]) -> str:
    text = said.get("host", "127.0.0.1")
    if text == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise refused(
            "host",
            f"it is the address to listen on, and {text!r} is none",
            "give 127.0.0.1 (the default; put a TLS proxy before it) or 0.0.0.0",
        ) from None


def _public_url(said: Mapping[str, str], mode: Mode) -> str:
    text = said.get("public_url", "").strip().rstrip("/")
    if not text:
        return ""
    step = f"set {PREFIX}PUBLIC_URL=https://pay.example.com"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise refused("public_url", f"{text!r} is no URL", step) from None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        raise refused("public_url", f"it is an https origin, not {text!r}", step)
    if parts.path or parts.query or parts.fragment:
        raise refused("public_url", "it is an origin, without a path", step)
    if mode is Mode.PRODUCTION and parts.scheme != "https":
        raise refused("public_url", "production is reached over https only", step)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _limits(said: Mapping[str, str]) -> Limits:
    limits = Limits(**{name: _limit(said, name) for name in _LIMITS})
    if limits.req_time_behind_s_max + limits.req_time_ahead_s_max > REQ_TIME_S_MAX:
        name = "req_time_behind_s_max"
        rule = f"with {PREFIX}REQ_TIME_AHEAD_S_MAX it is at most {REQ_TIME_S_MAX}"
        step = f"make one of them smaller; the defaults are {Limits().req_time_behind_s_max} and "
        raise refused(name, rule, f"{step}{Limits().req_time_ahead_s_max}")
    return limits


def _limit(said: Mapping[str, str], name: str) -> int:
    least = _LEAST.get(name, 1)
    return whole(said, name, getattr(Limits(), name), least=least, most=LIMIT_MAX)


def _path(said: Mapping[str, str], name: str) -> Path | None:
    text = said.get(name, "")
    return Path(text).expanduser().absolute() if text else None


def _unknown(said: str, name: str) -> SettingRefused:
    known = ", ".join(f"{PREFIX}{each.upper()}" for each in KNOWN)
    return refused(name, f"there is no setting {said}", f"the settings are {known}")
