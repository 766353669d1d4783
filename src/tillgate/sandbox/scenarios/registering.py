"""The step that registers a merchant for one scenario, and changes what is registered of it.

It speaks as an operator does, through `/control`. What must hold: the demo merchant is never
changed, so a scenario that ends in the middle leaves nobody suspended; the new merchant's client
signs with the key of the data folder, so what it signs differs in its ids alone.
"""

import secrets
from typing import Any, Final

import msgspec

from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.engine.commands import AddClient, AddClientKey, OperatorCommand, SetMerchant
from tillgate.kernel.ids import ClientId, MerchantId, OperationId
from tillgate.protocol.profile import Profile
from tillgate.sandbox.scenarios.stage import Stage
from tillgate.sandbox.scenarios.steps import Register

OPERATOR: Final = "scenario"
_ID_DIGITS: Final = 12


def register(stage: Stage, step: Register) -> dict[str, Any]:
    """Register the scenario's own merchant, who acts from then on, or change it."""
    before = stage.registered
    merchant = (before or _new()).replaced(**_given(stage, step))
    name = MerchantId(merchant.merchant_id)
    _operate(stage, SetMerchant(**_said(), merchant=merchant))
    if before is None:
        client_id = _add_client(stage, name)
        stage.merchant = stage.cast.merchant_of(client_id, name)
        stage.receiver.admit(stage.merchant)
    stage.registered = merchant
    return {"merchantId": name, "clientId": stage.merchant.client_id, "active": merchant.active}


def _new() -> Merchant:
    number = secrets.randbelow(10**_ID_DIGITS)
    return Merchant(
        merchant_id=MerchantId(f"2160{number:0{_ID_DIGITS}d}"),
        name="Maison Lin Outlet",
        currencies=("HKD",),
    )


def _given(stage: Stage, step: Register) -> dict[str, Any]:
    """Return what a step says, by the names of the record."""
    given: dict[str, Any] = {}
    if step.active is not None:
        given["active"] = step.active
    if step.currencies is not None:
        given["currencies"] = tuple(step.currencies)
    if step.origins is not None:
        given["origins"] = tuple(step.origins)
    if step.notify is not None:
        given["notify_url"] = stage.receiver.url if step.notify else ""
    return given


def _add_client(stage: Stage, merchant_id: MerchantId) -> ClientId:
    client_id = ClientId(f"4Q5X{secrets.token_hex(_ID_DIGITS // 2).upper()}")
    client = Client(
        client_id=client_id,
        name="Outlet",
        profile=Profile.TILLGATE.name,
        merchant_ids=(merchant_id,),
    )
    public = stage.cast.signer.key.public
    key = ClientKey(
        client_id=client_id,
        fingerprint=public.fingerprint,
        public_pem=public.pem(),
        valid_from_ms=0,
    )
    _operate(stage, AddClient(**_said(), client=client))
    _operate(stage, AddClientKey(**_said(), key=key))
    return client_id


def _said() -> dict[str, Any]:
    return {"operation_id": OperationId(secrets.token_hex(16)), "operator": OPERATOR}


def _operate(stage: Stage, command: OperatorCommand) -> None:
    """Have a command decided.

    Raises:
        StageRefused: the answer was no.
    """
    body = {"name": type(command).__name__, "command": msgspec.to_builtins(command)}
    stage.cast.link.control("/control", body)
