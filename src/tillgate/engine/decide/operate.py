"""What operators do: clients, keys, merchants, payers, cash, and what a database is.

Each change is an act of an `OperatorVerb`, which logs it. What must hold: a client, key or payer
that exists with another content is refused rather than overwritten.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from tillgate import bookkeeping
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.allowance import Allowance, allowance_key, payer_owner
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.operator import GATEWAY_KEY, PREVIOUS_KEY, SECRET, Fact
from tillgate.acquiring.payer import WALLET, Payer
from tillgate.engine.changes import ChangeMerchant
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    Command,
    ErasePayer,
    InitialiseDatabase,
    LimitPayer,
    RetireClientKey,
    SetMerchant,
    SetPin,
    SignOutPayer,
    SwitchGatewayKey,
    TopUp,
    UnlockPayer,
)
from tillgate.engine.decide import parts
from tillgate.engine.decide.agreements import ended, ending_keys
from tillgate.engine.decide.operator_verb import OperatorVerb, Registered, ToppedUp
from tillgate.engine.verb import Moment, Verb
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import MINOR_DIGITS_MAX
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


def _initialise(command: InitialiseDatabase, rows: Rows, moment: Moment) -> Registered:
    changed = False
    for name, value, sentence in (
        ("mode", command.mode, "This database is for {held}, not for {asked}; name another one."),
        (
            GATEWAY_KEY,
            command.gateway_fingerprint,
            "This database belongs to the gateway key {held}; the configured key is {asked}.",
        ),
        (
            SECRET,
            command.secret_fingerprint,
            (
                "The PINs and tokens of this database were made with another secret ({held}, "
                "here {asked}); copy keys/secret.bin from the machine that serves it."
            ),
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
    elif before != command.merchant:
        if command.is_new:
            step = "change it with: tillgate merchant set"
            sentence = f"Merchant {before.merchant_id} exists with other settings; {step}"
            raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence)
        rows.update(command.merchant)
    return Registered(subject=str(command.merchant.key), changed=before != command.merchant)


def _change_merchant(command: ChangeMerchant, rows: Rows, moment: Moment) -> Registered:
    before = rows.get(Merchant, command.merchant_id)
    if before is None:
        sentence = f"There is no merchant {command.merchant_id}; add it with: tillgate merchant add"
        raise Refused(Result.MERCHANT_NOT_REGISTERED, sentence)
    after = before.changed(command.changes)
    if after != before:
        rows.update(after)
    return Registered(subject=str(after.key), changed=after != before)


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
    _check_there(payer)
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


def _person(rows: Rows, payer_id: str) -> Payer:
    payer = rows.get(Payer, payer_id)
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST, f"There is no payer {payer_id}.")
    _check_there(payer)
    return payer


def _check_there(payer: Payer) -> None:
    if payer.is_erased:
        sentence = f"The person behind payer {payer.payer_id} was erased; the account is closed."
        raise Refused(Result.USER_STATUS_ABNORMAL, sentence)


def _set_pin(command: SetPin, rows: Rows, moment: Moment) -> Registered:
    payer = _person(rows, command.payer_id)
    rows.update(payer.replaced(pin_hash=command.pin_hash).tries_set(0).sessions_ended())
    return Registered(subject=str(payer.key), changed=True)


def _sign_out(command: SignOutPayer, rows: Rows, moment: Moment) -> Registered:
    payer = _person(rows, command.payer_id)
    rows.update(payer.sessions_ended())
    return Registered(subject=str(payer.key), changed=True)


def _erase(command: ErasePayer, rows: Rows, moment: Moment) -> Registered:
    payer = rows.get(Payer, command.payer_id)
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST, f"There is no payer {command.payer_id}.")
    found = [rows.get(Agreement, *key) for key in command.agreements]
    theirs = [each for each in found if each is not None and each.payer_id == payer.payer_id]
    standing = [each for each in theirs if each.is_active]
    for agreement in standing:
        ended(rows, agreement, by="payer", now_ms=moment.now_ms)
    if not payer.is_erased:
        rows.update(payer.erased())
    return Registered(subject=str(payer.key), changed=not payer.is_erased or bool(standing))


def _unlock(command: UnlockPayer, rows: Rows, moment: Moment) -> Registered:
    payer = _person(rows, command.payer_id)
    if payer.pin_tries_used:
        rows.update(payer.tries_set(0))
    return Registered(subject=str(payer.key), changed=bool(payer.pin_tries_used))


def _limit_payer(command: LimitPayer, rows: Rows, moment: Moment) -> Registered:
    owner = payer_owner(_person(rows, command.payer_id).payer_id)
    before = rows.get(Allowance, owner, command.currency)
    row = before or Allowance(owner=owner, currency=command.currency)
    said = {"single_max": command.single_max, "daily_max": command.daily_max}
    row = row.replaced(**{name: most for name, most in said.items() if most is not UNSET})
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


def _payer_keys(
    command: AddPayer | UnlockPayer | SetPin | SignOutPayer | ErasePayer,
) -> Sequence[Key]:
    return [Key(Payer, (command.payer_id,))]


def _erase_keys(command: ErasePayer) -> Sequence[Key]:
    ends = [key for each in command.agreements for key in ending_keys(*each)]
    return [*_payer_keys(command), *dict.fromkeys(ends)]


def _client_keys(command: AddClient) -> Sequence[Key]:
    merchants = [Key(Merchant, (name,)) for name in command.client.merchant_ids]
    return [command.client.key, *merchants]


def _merchant_keys(merchant_id: str) -> Sequence[Key]:
    """Name a merchant, and before it a row that only operators' commands lock.

    A store locks no merchant, which all payments read; so whoever changes one waits here for
    whoever does so elsewhere, and reads the merchant after that.
    """
    return [Key(Fact, ("mode",)), Key(Merchant, (merchant_id,))]


def _key_keys(command: AddClientKey) -> Sequence[Key]:
    return [Key(Client, (command.key.client_id,)), command.key.key]


def _limit_keys(command: LimitPayer) -> Sequence[Key]:
    limit = allowance_key(payer_owner(command.payer_id), command.currency)
    return [Key(Payer, (command.payer_id,)), limit]


def _top_up_keys(command: TopUp) -> Sequence[Key]:
    balance = parts.balance_key(command.payer_id, command.money.currency.code)
    return [Key(Payer, (command.payer_id,)), balance]


OPERATOR_VERBS: Mapping[type[Command], Verb[Any]] = {
    InitialiseDatabase: OperatorVerb(
        "db initialise",
        Registered,
        name=lambda _: [Key(Fact, (name,)) for name in ("mode", GATEWAY_KEY, SECRET)],
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
        "merchant set",
        Registered,
        name=lambda command: _merchant_keys(command.merchant.merchant_id),
        act=_set_merchant,
    ),
    ChangeMerchant: OperatorVerb(
        "merchant set",
        Registered,
        name=lambda command: _merchant_keys(command.merchant_id),
        act=_change_merchant,
    ),
    AddPayer: OperatorVerb("payer add", Registered, name=_payer_keys, act=_add_payer),
    TopUp: OperatorVerb("payer top-up", ToppedUp, name=_top_up_keys, act=_top_up),
    LimitPayer: OperatorVerb("payer limit", Registered, name=_limit_keys, act=_limit_payer),
    UnlockPayer: OperatorVerb("payer unlock", Registered, name=_payer_keys, act=_unlock),
    SetPin: OperatorVerb("payer pin", Registered, name=_payer_keys, act=_set_pin),
    SignOutPayer: OperatorVerb("payer sign-out", Registered, name=_payer_keys, act=_sign_out),
    ErasePayer: OperatorVerb("payer erase", Registered, name=_erase_keys, act=_erase),
}
