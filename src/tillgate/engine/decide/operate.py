"""What operators do: clients, keys, merchants, payers, cash, and what a database is.

Every change is a command with an operator's name and leaves a row in the append-only log in the
same commit. What must hold: no row of the log carries a secret; a client, key or payer that exists
with another content is refused rather than overwritten.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, final

import msgspec

from tillgate import bookkeeping
from tillgate.acquiring.allowance import Allowance, allowance_key, payer_owner
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.operator import GATEWAY_KEY, PREVIOUS_KEY, Fact, OperatorAction
from tillgate.acquiring.payer import WALLET, Payer
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    Command,
    InitialiseDatabase,
    LimitPayer,
    OperatorCommand,
    RetireClientKey,
    SetMerchant,
    SwitchGatewayKey,
    TopUp,
    UnlockPayer,
)
from tillgate.engine.decide import parts
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment, Verb
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import MINOR_DIGITS_MAX, Money
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result

O = TypeVar("O", bound=OperatorCommand, contravariant=True)  # noqa: E741  One letter, as type variables are.


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What now holds: the subject, and whether this command changed anything."""

    subject: str
    changed: bool


class ToppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """The payer's balance after a top-up."""

    payer_id: str
    balance: Money


class Act(Protocol[O]):
    """The part of an operator's verb that differs."""

    def __call__(self, command: O, rows: Rows, moment: Moment) -> object:
        """Change rows and return the outcome."""
        ...


class Name(Protocol[O]):
    """Names the rows an operator's verb may touch."""

    def __call__(self, command: O) -> Sequence[Key]:
        """Return the keys."""
        ...


@final
class OperatorVerb:
    """An operator's verb: act, and log in the same commit when something changed."""

    def __init__(self, action: str, outcome: object, *, name: Name[Any], act: Act[Any]) -> None:
        """Bind what differs between operators' commands."""
        self.outcome = outcome
        self._action = action
        self._name = name
        self._act = act

    def lookups(self, command: OperatorCommand) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: OperatorCommand, found: Found) -> Sequence[Key]:
        """Name the subject's rows and the log's."""
        return [*self._name(command), Key(OperatorAction, (command.operation_id,))]

    def decide(
        self,
        command: OperatorCommand,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> object:
        """Act; a command that changed nothing leaves no trace."""
        check_named(command)
        outcome = self._act(command, rows, moment)
        if isinstance(outcome, Registered) and not outcome.changed:
            return outcome
        subject = outcome.subject if isinstance(outcome, Registered) else _subject(command)
        rows.insert(parts.logged(command, self._action, subject, now_ms=moment.now_ms))
        return outcome


def check_named(command: OperatorCommand) -> None:
    """Refuse a command that nobody stands for."""
    if not command.operator.strip():
        sentence = "Say who you are: every change is logged under an operator's name."
        raise Refused(Result.PARAM_MISSING, sentence)


def _initialise(command: InitialiseDatabase, rows: Rows, moment: Moment) -> Registered:
    changed = False
    for name, value, sentence in (
        ("mode", command.mode, "This database is for {held}, not for {asked}; name another one."),
        (
            GATEWAY_KEY,
            command.gateway_fingerprint,
            "This database belongs to the gateway key {held}; the configured key is {asked}.",
        ),
    ):
        fact = rows.get(Fact, name)
        if fact is not None and fact.value != value:
            raise Refused(Result.PROCESS_FAIL, sentence.format(held=fact.value, asked=value))
        if fact is None:
            rows.insert(Fact(name=name, value=value))
            changed = True
    return Registered(subject="database", changed=changed)


def _switch_gateway_key(command: SwitchGatewayKey, rows: Rows, moment: Moment) -> Registered:
    fact = rows.must(Fact, GATEWAY_KEY)
    subject = f"gateway key {command.fingerprint}"
    if fact.value == command.fingerprint:
        return Registered(subject=subject, changed=False)
    if fact.value != command.previous_fingerprint:
        sentence = f"This database belongs to the gateway key {fact.value}; see: tillgate keys show"
        raise Refused(Result.PROCESS_FAIL, sentence)
    rows.update(fact.replaced(value=command.fingerprint))
    previous = rows.get(Fact, PREVIOUS_KEY)
    if previous is None:
        rows.insert(Fact(name=PREVIOUS_KEY, value=command.previous_pem))
    else:
        rows.update(previous.replaced(value=command.previous_pem))
    return Registered(subject=subject, changed=True)


def _add_client(command: AddClient, rows: Rows, moment: Moment) -> Registered:
    for merchant_id in command.client.merchant_ids:
        if rows.get(Merchant, merchant_id) is None:
            sentence = f"There is no merchant {merchant_id}; add it first."
            raise Refused(Result.MERCHANT_NOT_REGISTERED, sentence)
    return _register(rows, command.client, rows.get(Client, command.client.client_id))


def _add_key(command: AddClientKey, rows: Rows, moment: Moment) -> Registered:
    key = command.key
    if rows.get(Client, key.client_id) is None:
        sentence = f"There is no client {key.client_id}; add it first."
        raise Refused(Result.INVALID_CLIENT, sentence)
    before = rows.get(ClientKey, key.client_id, key.fingerprint)
    if before is not None and before.valid_until_ms is not None:
        sentence = f"Key {key.fingerprint} was retired and is not used again; make a new one."
        raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence)
    if before is not None:
        return Registered(subject=str(key.key), changed=False)
    if not key.valid_from_ms:
        key = key.replaced(valid_from_ms=moment.now_ms)
    rows.insert(key)
    return Registered(subject=str(key.key), changed=True)


def _retire_key(command: RetireClientKey, rows: Rows, moment: Moment) -> Registered:
    key = rows.get(ClientKey, command.client_id, command.fingerprint)
    if key is None:
        sentence = f"Client {command.client_id} has no key {command.fingerprint}."
        raise Refused(Result.KEY_NOT_FOUND, sentence)
    if command.after_ms < 0:
        raise Refused(Result.PARAM_ILLEGAL, "A key's end lies ahead; give 0 to end it now.")
    ends_ms = moment.now_ms + command.after_ms
    if key.valid_until_ms is not None and key.valid_until_ms <= ends_ms:
        return Registered(subject=str(key.key), changed=False)
    rows.update(key.replaced(valid_until_ms=ends_ms))
    return Registered(subject=str(key.key), changed=True)


def _set_merchant(command: SetMerchant, rows: Rows, moment: Moment) -> Registered:
    before = rows.get(Merchant, command.merchant.merchant_id)
    if before is None:
        rows.insert(command.merchant)
    elif before == command.merchant:
        return Registered(subject=str(before.key), changed=False)
    else:
        rows.update(command.merchant)
    return Registered(subject=str(command.merchant.key), changed=True)


def _add_payer(command: AddPayer, rows: Rows, moment: Moment) -> Registered:
    payer = Payer(
        payer_id=command.payer_id,
        name=command.name,
        issuer=command.issuer,
        pin_hash=command.pin_hash,
        created_at_ms=moment.now_ms,
        pin_tries_used=command.pin_tries_used,
        about=command.about,
    )
    before = rows.get(Payer, command.payer_id)
    if before is not None:
        same = (before.name, before.issuer) == (payer.name, payer.issuer)
        if not same:
            sentence = f"Payer {payer.payer_id} exists with another name or issuer."
            raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence)
        return Registered(subject=str(before.key), changed=False)
    rows.insert(payer)
    return Registered(subject=str(payer.key), changed=True)


def _top_up(command: TopUp, rows: Rows, moment: Moment) -> ToppedUp:
    payer = rows.get(Payer, command.payer_id)
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST, f"There is no payer {command.payer_id}; add it first.")
    if payer.issuer != WALLET:
        sentence = f"The money of {payer.payer_id} is held by {payer.issuer}, not by this wallet."
        raise Refused(Result.UNAVAILABLE_PAYMENT_METHOD, sentence)
    if not 0 < command.money.minor < 10**MINOR_DIGITS_MAX:
        sentence = f"A top-up is above zero and has at most {MINOR_DIGITS_MAX} digits."
        raise Refused(Result.PARAM_ILLEGAL, sentence)
    entry = bookkeeping.top_up(
        payer.payer_id,
        command.money,
        operator=command.operator,
        reference=command.operation_id,
        at_ms=moment.now_ms,
    )
    parts.put_journal(rows, entry)
    balance = parts.credit(rows, payer.payer_id, command.money)
    return ToppedUp(payer_id=payer.payer_id, balance=balance)


def _unlock(command: UnlockPayer, rows: Rows, moment: Moment) -> Registered:
    payer = rows.get(Payer, command.payer_id)
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST, f"There is no payer {command.payer_id}.")
    if payer.pin_tries_used:
        rows.update(payer.replaced(pin_tries_used=0))
    return Registered(subject=str(payer.key), changed=bool(payer.pin_tries_used))


def _limit_payer(command: LimitPayer, rows: Rows, moment: Moment) -> Registered:
    if rows.get(Payer, command.payer_id) is None:
        raise Refused(Result.USER_NOT_EXIST, f"There is no payer {command.payer_id}.")
    owner = payer_owner(command.payer_id)
    before = rows.get(Allowance, owner, command.currency)
    row = before or Allowance(owner=owner, currency=command.currency)
    row = row.replaced(single_max=command.single_max, daily_max=command.daily_max)
    if before is None:
        rows.insert(row)
    elif row != before:
        rows.update(row)
    return Registered(subject=str(row.key), changed=row != before)


def _register(rows: Rows, row: Client, before: Client | None) -> Registered:
    if before is None:
        rows.insert(row)
    elif before != row:
        sentence = f"Client {row.client_id} exists with another content; choose another clientId."
        raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence)
    return Registered(subject=str(row.key), changed=before is None)


def _payer_keys(command: AddPayer | UnlockPayer) -> Sequence[Key]:
    return [Key(Payer, (command.payer_id,))]


def _client_keys(command: AddClient) -> Sequence[Key]:
    merchants = [Key(Merchant, (name,)) for name in command.client.merchant_ids]
    return [command.client.key, *merchants]


def _key_keys(command: AddClientKey) -> Sequence[Key]:
    return [Key(Client, (command.key.client_id,)), command.key.key]


def _limit_keys(command: LimitPayer) -> Sequence[Key]:
    limit = allowance_key(payer_owner(command.payer_id), command.currency)
    return [Key(Payer, (command.payer_id,)), limit]


def _top_up_keys(command: TopUp) -> Sequence[Key]:
    balance = parts.balance_key(command.payer_id, command.money.currency.code)
    return [Key(Payer, (command.payer_id,)), balance]


def _subject(command: OperatorCommand) -> str:
    return str(Key(Payer, (command.payer_id,))) if isinstance(command, TopUp) else ""


OPERATOR_VERBS: Mapping[type[Command], Verb[Any]] = {
    InitialiseDatabase: OperatorVerb(
        "db initialise",
        Registered,
        name=lambda _: [Key(Fact, ("mode",)), Key(Fact, (GATEWAY_KEY,))],
        act=_initialise,
    ),
    SwitchGatewayKey: OperatorVerb(
        "keys switch-gateway",
        Registered,
        name=lambda _: [Key(Fact, (GATEWAY_KEY,)), Key(Fact, (PREVIOUS_KEY,))],
        act=_switch_gateway_key,
    ),
    AddClient: OperatorVerb("client add", Registered, name=_client_keys, act=_add_client),
    AddClientKey: OperatorVerb("client add-key", Registered, name=_key_keys, act=_add_key),
    RetireClientKey: OperatorVerb(
        "client retire-key",
        Registered,
        name=lambda command: [Key(ClientKey, (command.client_id, command.fingerprint))],
        act=_retire_key,
    ),
    SetMerchant: OperatorVerb(
        "merchant set", Registered, name=lambda command: [command.merchant.key], act=_set_merchant
    ),
    AddPayer: OperatorVerb("payer add", Registered, name=_payer_keys, act=_add_payer),
    TopUp: OperatorVerb("payer top-up", ToppedUp, name=_top_up_keys, act=_top_up),
    LimitPayer: OperatorVerb("payer limit", Registered, name=_limit_keys, act=_limit_payer),
    UnlockPayer: OperatorVerb("payer unlock", Registered, name=_payer_keys, act=_unlock),
}
