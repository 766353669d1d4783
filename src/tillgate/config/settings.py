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
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tillgate.config import risk
from tillgate.config.values import PREFIX, SettingRefused, refused, whole

FILE_NAME: Final = "tillgate.toml"
DATABASE_NAME: Final = "tillgate.sqlite"
SQLITE: Final = "sqlite:///"
PORT_MAX: Final = 65_535
FILE_BYTES_MAX: Final = 64 * 1024
REQ_TIME_S_MAX: Final = 1_800
"""How long a request is remembered (U10): one that is taken for longer could be sent again."""


@unique
class Mode(StrEnum):
    """What a gateway and its database are for."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds that an operator may move; names carry their units.

    Attributes:
        connections_max: requests answered at once; more get HTTP 503.
        keep_alive_s: how long an idle connection stays open.
        request_wait_s_max: how long a whole request may take to arrive.
        stop_s: how long a stopping server waits for requests under way.
        order_life_s: how long a new order waits for its buyer (U10).
        order_str_age_s_max: how old an orderStr may be when it creates an order (U10).
        order_str_ahead_s_max: how far ahead of us its reqTime may be (U10).
        req_time_behind_s_max: how old a request of a merchant's server may be (U10).
        req_time_ahead_s_max: how far ahead of us its reqTime may be (U10).
        issuer_wait_s_max: how long an issuer is waited for before its answer counts as unknown.
    """

    connections_max: int = 1_000
    keep_alive_s: int = 15
    request_wait_s_max: int = 30
    stop_s: int = 10
    order_life_s: int = 180
    order_str_age_s_max: int = 180
    order_str_ahead_s_max: int = 300
    req_time_behind_s_max: int = 900
    req_time_ahead_s_max: int = 300
    issuer_wait_s_max: int = 8


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a gateway is told, once.

    Attributes:
        data: the folder of keys, lock, control token and, by default, the database.
        database: the SQLite file.
        port: 0 lets the system choose; the ready message and `DIR/server.json` say which.
        public_url: the origin under which buyers reach us; "" means host and port.
        gateway_key: the gateway's private key, when it does not lie in `data`.
        limits: bounds that an operator may move.
        risk: names and texts of the settings of risk that are set; `bootstrap.risk` reads them.
    """

    data: Path
    database: Path
    mode: Mode = Mode.PRODUCTION
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    gateway_key: Path | None = None
    limits: Limits = Limits()
    risk: tuple[tuple[str, str], ...] = ()

    @property
    def is_sandbox(self) -> bool:
        """Tell whether doors and rules of the sandbox apply."""
        return self.mode is Mode.SANDBOX


_LIMITS: Final = Limits.__struct_fields__
KNOWN: Final = (
    *("database_url", "mode", "host", "port", "public_url", "gateway_key"),
    *_LIMITS,
    *risk.NAMES,
)
"""Every setting; `docs/settings.md` tells of each."""
_ELSEWHERE: Final = (
    *("config", "data", "operator", "pin", "test_browser", "control_token"),
    *("access_token", "refresh_token"),
)
"""Variables with our prefix that are not settings of a gateway, or are read before the file."""


def read_settings(given: Mapping[str, str], environ: Mapping[str, str], *, home: Path) -> Settings:
    """Return the settings; `given` are the command line's, by setting name.

    Raises:
        SettingRefused: a value breaks its rule, or a name is none of ours.
    """
    variables = _variables(environ)
    data = _data(given, variables, environ, home=home)
    said = {**_file(variables, data), **variables, **given}
    mode = _mode(said)
    return Settings(
        data=data,
        database=_database(said, data, data_given="data" in given),
        mode=mode,
        host=_host(said),
        port=whole(said, "port", 8080, most=PORT_MAX),
        public_url=_public_url(said, mode),
        gateway_key=_path(said, "gateway_key"),
        limits=_limits(said),
        risk=tuple((name, said[name]) for name in risk.NAMES if name in said),
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


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    named = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value.strip()
    }
    for name in named:
        if name not in KNOWN and name not in _ELSEWHERE:
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


def _file(variables: Mapping[str, str], data: Path) -> dict[str, str]:
    named = variables.get("config")
    path = Path(named).expanduser() if named else data / FILE_NAME
    if not named and not path.exists():
        return {}
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


def _database(said: Mapping[str, str], data: Path, *, data_given: bool) -> Path:
    url = said.get("database_url", "")
    if data_given or not url:
        return data / DATABASE_NAME
    path = url.removeprefix(SQLITE)
    if path == url or not path or "?" in path or path == ":memory:":
        raise refused(
            "database_url",
            "it names a database by URL, and this version keeps SQLite files",
            "write sqlite:///relative.sqlite or sqlite:////absolute.sqlite, or use --data DIR",
        )
    return Path(path).absolute()


def _mode(said: Mapping[str, str]) -> Mode:
    text = said.get("mode", Mode.PRODUCTION)
    try:
        return Mode(text)
    except ValueError:
        known = " or ".join(Mode)
        raise refused("mode", f"it is {known}, not {text!r}", f"set {PREFIX}MODE=sandbox") from None


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
    return whole(said, name, getattr(Limits(), name), least=1, most=1_000_000)


def _path(said: Mapping[str, str], name: str) -> Path | None:
    text = said.get(name, "")
    return Path(text).expanduser().absolute() if text else None


def _unknown(said: str, name: str) -> SettingRefused:
    known = ", ".join(f"{PREFIX}{each.upper()}" for each in KNOWN)
    return refused(name, f"there is no setting {said}", f"the settings are {known}")
