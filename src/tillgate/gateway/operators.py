"""Which commands an operator may send, how they are read from JSON, and what they must look like.

Used by `/control` and by the command line when no server runs, so both refuse the same things. What
must hold: an unknown name or member is refused, never ignored; an amount's currency is ISO 4217's
own; a registered host is written exactly as the host of a checked URL is.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.engine.changes import ChangeMerchant
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    DecideReview,
    ErasePayer,
    LimitPayer,
    OperatorCommand,
    ResendNotification,
    RetireClientKey,
    SetMerchant,
    SetPin,
    SignOutPayer,
    SwitchGatewayKey,
    TopUp,
    UnlockPayer,
)
from tillgate.gateway.reference import samples
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import MINOR_DIGITS_MAX, Money, currency
from tillgate.kernel.results import Result
from tillgate.protocol import urls
from tillgate.protocol.functions import FUNCTIONS
from tillgate.protocol.keys import KeyRefused, load_public_key
from tillgate.protocol.profile import Profile

COMMANDS: Final[Mapping[str, type[OperatorCommand]]] = {
    kind.__name__: kind
    for kind in (
        AddClient,
        AddClientKey,
        RetireClientKey,
        SetMerchant,
        ChangeMerchant,
        AddPayer,
        TopUp,
        LimitPayer,
        UnlockPayer,
        SetPin,
        SignOutPayer,
        ErasePayer,
        ResendNotification,
        DecideReview,
        SwitchGatewayKey,
    )
}
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OPERATION_ID: Final = re.compile(r"[A-Za-z0-9._:-]{8,64}")
_TEXT_MAX: Final = 256
_LIST_MAX: Final = 100
_AFTER_MS_MAX: Final = 366 * DAY_MS
_DEBT: Final = re.compile(r"[A-Z]{3}:[0-9]{1,12}")
_WINDOW_MS_MAX: Final = 3_660 * DAY_MS
"""Ten years: a longer time of refunds or of a token is a slip of the hand."""
_ATTEMPT_NO_MAX: Final = 10**9
VECTORS_KEYS: Final = frozenset(
    {"177ad0e2a4f191bf", "68383b1e7d0d7362", "4946fa0029e7acbb"}
    | {"9c30d8a2252f850f", "eb693650dffab880", "abdc148806621a47"}
)
"""Fingerprints of the keys whose private halves are published with the signature vectors."""


class Sent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command as it is sent: its name, and its members as JSON."""

    name: str
    command: msgspec.Raw


def read_command(body: bytes) -> OperatorCommand:
    """Return the command in these bytes, checked.

    Raises:
        Refused: the bytes are no command of ours, or one of its members breaks its rule.
    """
    try:
        sent = msgspec.json.decode(body, type=Sent)
        kind = COMMANDS.get(sent.name)
        if kind is None:
            known = ", ".join(COMMANDS)
            sentence = f"There is no command {sent.name[:64]!r}; there are {known}."
            raise _illegal("name", sentence)
        command: OperatorCommand = msgspec.json.decode(sent.command, type=kind)
        given = msgspec.json.decode(sent.command)
    except (msgspec.DecodeError, UnicodeError, ValueError, TypeError, RecursionError) as error:
        raise Refused(Result.MSG_PARSE_ERROR, f"This is no command: {error}.") from None
    unknown = _unknown(given, msgspec.to_builtins(command), "command")
    if unknown:
        raise _illegal(unknown, "There is no such member; leave it out.")
    check_command(command)
    return command


def write_command(command: OperatorCommand) -> bytes:
    """Return what `read_command` reads."""
    said = msgspec.json.encode(command)
    return msgspec.json.encode(Sent(name=type(command).__name__, command=msgspec.Raw(said)))


def check_command(command: OperatorCommand) -> None:
    """Return when every member keeps its rule; raise `Refused` with the first that does not."""
    _matches("operator", command.operator, lambda text: 0 < len(text) <= _ID_LENGTH)
    _matches("operation_id", command.operation_id, _OPERATION_ID.fullmatch)
    match command:
        case AddClient():
            _check_client(command.client)
        case AddClientKey():
            _check_key(command.key)
        case RetireClientKey():
            _matches("after_ms", command.after_ms, lambda ms: 0 <= ms <= _AFTER_MS_MAX)
        case SetMerchant() | ChangeMerchant():
            _check_settings(command)
        case AddPayer():
            _check_payer(command)
        case SetPin():
            _matches("pin_hash", command.pin_hash, _is_pin_hash)
        case TopUp():
            _check_money(command.money)
        case LimitPayer():
            _check_limits(command)
        case ErasePayer():
            # A merchantAgreementId is its merchant's own text: an unknown one ends nothing.
            _each("agreements", tuple(shop for shop, _ in command.agreements), _ID.fullmatch)
        case DecideReview():
            _matches("merchant_id", command.merchant_id, _ID.fullmatch)
            _matches("attempt_no", command.attempt_no, lambda no: 0 < no <= _ATTEMPT_NO_MAX)
        case SwitchGatewayKey():
            _check_key_pair(command)
        case _:
            return


_ID_LENGTH: Final = 64


def _check_client(client: Client) -> None:
    _matches("client.client_id", client.client_id, _CLIENT_ID.fullmatch)
    _text("client.name", client.name)
    _matches("client.profile", client.profile, lambda name: name in Profile.__members__)
    _each("client.merchant_ids", client.merchant_ids, _ID.fullmatch)
    _each("client.functions", client.functions, lambda name: name in FUNCTIONS)


def _check_key(key: ClientKey) -> None:
    try:
        loaded = load_public_key(key.public_pem)
    except KeyRefused as error:
        raise _illegal("key.public_pem", str(error)) from None
    if loaded.fingerprint in {samples.key().public.fingerprint, *VECTORS_KEYS}:
        sentence = "This key belongs to the published samples: everybody can sign with it."
        raise _illegal("key.public_pem", sentence)
    _matches("key.fingerprint", key.fingerprint, lambda text: text == loaded.fingerprint)
    ends = key.valid_until_ms
    _matches("key.valid_from_ms", key.valid_from_ms, lambda ms: ms >= 0)
    _matches("key.valid_until_ms", ends, lambda ms: ms is None or ms > key.valid_from_ms)


def _check_settings(command: SetMerchant | ChangeMerchant) -> None:
    if isinstance(command, ChangeMerchant):
        # How long tokens live is held against each other where the rest is known.
        like = Merchant(merchant_id=command.merchant_id, name=command.merchant_id)
        _check_merchant(msgspec.structs.replace(like, **command.changes.given()))
        return
    _check_merchant(command.merchant)
    access_ms, refresh_ms = command.merchant.access_life_ms, command.merchant.refresh_life_ms
    _matches("merchant.refresh_life_ms", refresh_ms, lambda ms: ms >= access_ms)


def _check_merchant(merchant: Merchant) -> None:
    _matches("merchant.merchant_id", merchant.merchant_id, _ID.fullmatch)
    _text("merchant.name", merchant.name)
    if merchant.notify_url:
        _matches("merchant.notify_url", merchant.notify_url, urls.normalise)
    _each("merchant.hosts", merchant.hosts, lambda host: urls.host_of(f"https://{host}/") == host)
    _each("merchant.origins", merchant.origins, lambda text: urls.origin_of(text) == text)
    _each("merchant.contracts", merchant.contracts, _ID.fullmatch)
    _each("merchant.currencies", merchant.currencies, currency)
    if merchant.redirect_url:
        url = merchant.redirect_url
        _matches("merchant.redirect_url", url, _is_redirect)
    _each("merchant.debt_max", merchant.debt_max, _is_debt)
    codes = [text[:3] for text in merchant.debt_max]
    _matches("merchant.debt_max", codes, lambda each: len(set(each)) == len(each))
    for name in ("refund_window_ms", "access_life_ms", "refresh_life_ms"):
        _matches(f"merchant.{name}", getattr(merchant, name), lambda ms: 0 < ms <= _WINDOW_MS_MAX)


def _is_redirect(text: str) -> bool:
    urls.check_redirect_url(text)
    return urls.normalise(text) == text


def _is_debt(text: str) -> bool:
    return bool(_DEBT.fullmatch(text) and currency(text[:3]))


def _check_payer(command: AddPayer) -> None:
    _matches("payer_id", command.payer_id, _ID.fullmatch)
    _text("name", command.name)
    _matches("issuer", command.issuer, _ID.fullmatch)
    _matches("pin_hash", command.pin_hash, _is_pin_hash)
    _matches("pin_tries_used", command.pin_tries_used, lambda count: 0 <= count <= _LIST_MAX)
    _matches("about", command.about, lambda text: len(text) <= _TEXT_MAX)


def _is_pin_hash(text: str) -> bool:
    return text.startswith("$argon2id$")


def _check_limits(command: LimitPayer) -> None:
    _matches("payer_id", command.payer_id, _ID.fullmatch)
    _matches("currency", command.currency, currency)
    for name in ("single_max", "daily_max"):
        _matches(name, getattr(command, name), _is_limit)


def _is_limit(minor: int | msgspec.UnsetType | None) -> bool:
    return not isinstance(minor, int) or 0 <= minor < 10**MINOR_DIGITS_MAX


def _check_key_pair(command: SwitchGatewayKey) -> None:
    for path, pem, fingerprint in (
        ("fingerprint", command.public_pem, command.fingerprint),
        ("previous_fingerprint", command.previous_pem, command.previous_fingerprint),
    ):
        try:
            loaded = load_public_key(pem)
        except KeyRefused as error:
            raise _illegal(path, str(error)) from None
        _matches(path, fingerprint, loaded.fingerprint.__eq__)
    before = command.previous_fingerprint
    _matches("fingerprint", command.fingerprint, lambda text: text != before)


def _check_money(money: Money) -> None:
    _matches("money.minor", money.minor, lambda minor: 0 < minor < 10**MINOR_DIGITS_MAX)
    unit = money.currency
    _matches("money.currency", unit.code, lambda code: currency(code) == unit)


_RULES: Final = {
    "operator": "an operator's name has 1 to 64 characters",
    "operation_id": "an operation id has 8 to 64 letters, digits, dots, colons or dashes",
    "client.client_id": "a clientId has 1 to 32 letters, digits, dots or dashes",
    "client.profile": f"a profile is {' or '.join(Profile.__members__)}",
    "client.functions": "a function is one that this gateway knows, written in full",
    "key.fingerprint": "the fingerprint is not that of the key",
    "key.valid_until_ms": "a key ends after it begins",
    "merchant.notify_url": "a notifyUrl is an http or https address without user information",
    "merchant.hosts": "a host is written alone and in lower case, as in shop.example.com",
    "merchant.origins": "an origin is scheme and host, as in https://shop.example.com",
    "merchant.currencies": "a currency is an ISO 4217 code, as in HKD",
    "merchant.redirect_url": (
        "an address is http or https, is written as a browser writes it, and holds none of our own"
        " parameters, as state or authCode"
    ),
    "merchant.debt_max": "a debt is a currency and minor units, one each, as in HKD:100000",
    "merchant.refund_window_ms": "a refund's time is above zero and at most ten years",
    "merchant.access_life_ms": "a token lives above zero and at most ten years",
    "merchant.refresh_life_ms": (
        "a refresh token lives at least as long as an access token and at most ten years"
    ),
    "currency": "a currency is an ISO 4217 code, as in HKD",
    "single_max": f"a limit is none or has at most {MINOR_DIGITS_MAX} digits",
    "daily_max": f"a limit is none or has at most {MINOR_DIGITS_MAX} digits",
    "attempt_no": "attempts are numbered from 1",
    "fingerprint": "the fingerprint is that of its key, and of another key than the one before",
    "previous_fingerprint": "the fingerprint is that of its key",
    "pin_hash": "a PIN is kept as an argon2id hash",
    "money.minor": f"an amount is above zero and has at most {MINOR_DIGITS_MAX} digits",
    "money.currency": "a currency is an ISO 4217 code with its own number of digits",
    "after_ms": "a key is retired now or within a year",
}
_ID_RULE: Final = "an id has 1 to 64 letters, digits, dots or dashes"


def _text(path: str, text: str) -> None:
    if not 0 < len(text) <= _TEXT_MAX or not text.isprintable() or not text.strip():
        raise _illegal(path, f"It has 1 to {_TEXT_MAX} printable characters.")


def _each(path: str, values: tuple[str, ...], holds: Callable[[str], object]) -> None:
    if len(values) > _LIST_MAX:
        raise _illegal(path, f"It holds at most {_LIST_MAX} values.")
    for value in values:
        _matches(path, value, holds)


def _matches(path: str, value: Any, holds: Callable[[Any], object]) -> None:  # noqa: ANN401  Each member has its own type.
    try:
        good = bool(holds(value))
    except ValueError:
        good = False
    if not good:
        rule = _RULES.get(path, _ID_RULE)
        raise _illegal(path, f"{rule[0].upper()}{rule[1:]}, not {str(value)[:80]!r}.")


def _unknown(given: object, known: object, path: str) -> str:
    """Return the path of the first member that was given and is not known, or ""."""
    if not isinstance(given, dict) or not isinstance(known, dict):
        return ""
    for name, value in given.items():
        here = f"{path}.{name}"
        if name not in known:
            return here
        inside = _unknown(value, known[name], here)
        if inside:
            return inside
    return ""


def _illegal(path: str, sentence: str) -> Refused:
    return Refused(Result.PARAM_ILLEGAL, sentence, path=path)
