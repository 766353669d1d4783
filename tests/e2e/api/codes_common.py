"""Faults that a request of any function can have, and what a fault and a plan are.

A fault says what it touches, so that two which touch the same thing are never laid upon one plan.
What must hold: a fault alone earns its code; nothing here knows a function's own rules.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from tests.e2e.api.codes_stage import CANCEL, PREPARE, QUERY, Hook, Stage, by, page
from tests.stateful.gateway import CLIENT, MERCHANT
from tests.support.wire import ABSENT, merchant_key, stranger_key
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    ReservePinTry,
    RetireClientKey,
    SetMerchant,
)
from tillgate.engine.payer_commands import RejectPin
from tillgate.kernel.clock import MINUTE_MS, rfc3339
from tillgate.kernel.ids import ClientId, MerchantId, PayerId

GHOST = "2160400000000000"


async def nothing(_: Stage) -> None:
    """Do nothing."""


class Fault(NamedTuple):
    """A fault: what it touches, and what it does before, with time, and at the end."""

    touches: frozenset[str]
    first: Hook = nothing
    happened: Hook = nothing
    time: Hook = nothing
    then: Hook = nothing


class Plan(NamedTuple):
    """A function with a request that succeeds, and its faults by their codes."""

    function: str
    begins: Hook
    faults: Mapping[str, Fault]


def fault(touches: str, **hooks: Hook) -> Fault:
    """Return a fault that touches these things, written apart."""
    return Fault(frozenset(touches.split()), **hooks)


# What every function has in common


async def too_long(stage: Stage) -> None:
    stage.is_long = True


async def cut_short(stage: Stage) -> None:
    stage.is_cut = True


async def nobody(stage: Stage) -> None:
    stage.head["clientId"] = "NOBODY"


async def key_over(stage: Stage) -> None:
    fingerprint = merchant_key().public.fingerprint
    named = {"client_id": ClientId(CLIENT), "fingerprint": fingerprint, "operator": "ada"}
    await stage.gateway.do(RetireClientKey, **named)
    stage.gateway.clock.advance(6_000)


async def forged(stage: Stage) -> None:
    stage.key = stranger_key()


async def nowhere(stage: Stage) -> None:
    stage.path = "/api/alipay/intl/acquiring/nothing.htm"


async def elsewhere(stage: Stage) -> None:
    other = CANCEL if stage.function != CANCEL else QUERY
    stage.head["function"] = f"alipay.intl.{other}"


async def no_version(stage: Stage) -> None:
    stage.head["version"] = ABSENT


async def bad_reserve(stage: Stage) -> None:
    stage.head["reserve"] = 7


async def stale(stage: Stage) -> None:
    stage.head["reqTime"] = rfc3339(stage.gateway.clock.now_ms() - 16 * MINUTE_MS)


async def number_used(stage: Stage) -> None:
    """Let the client use the number for something that it may do, while all is well."""
    number, client = stage.number(), stage.head.get("clientId", CLIENT)
    function = PREPARE if stage.function == CANCEL else CANCEL
    body = page("g-used") if function == PREPARE else by(merchantTransId="USED")
    raw = stage.gateway.envelope(function, body, number=number, client=client)
    assert (await stage.gateway.post(function, raw))["resultInfo"]["resultCode"] == "SUCCESS"
    stage.head["reqMsgId"] = number


async def narrow(stage: Stage) -> None:
    other = PREPARE if stage.function == CANCEL else CANCEL
    await add_client(stage, "NARROW", (MERCHANT,), functions=(f"alipay.intl.{other}",))


async def foreign(stage: Stage) -> None:
    merchant = Merchant(merchant_id=MerchantId("2160400000007777"), name="Other")
    await stage.gateway.do(SetMerchant, operator="ada", merchant=merchant)
    name = "merchantId" if "merchantId" in stage.body else "authMerchantId"
    stage.body[name] = merchant.merchant_id


async def unregistered(stage: Stage) -> None:
    """No operator can bind a client to a merchant that is not there, so the row is just written."""
    await add_client(stage, "HAUNTED", (MERCHANT,))
    held = await stage.gateway.store.get(Client, "HAUNTED")
    assert held is not None
    haunted = msgspec.structs.replace(
        held, client_id=ClientId("GHOSTLY"), merchant_ids=(MERCHANT, GHOST)
    )
    await stage.keeps(haunted)
    await add_key(stage, "GHOSTLY")
    stage.head["clientId"] = "GHOSTLY"


async def for_a_ghost(stage: Stage) -> None:
    name = "merchantId" if "merchantId" in stage.body else "authMerchantId"
    stage.body[name] = GHOST


async def add_client(
    stage: Stage, name: str, merchants: tuple[str, ...], functions: tuple[str, ...] = ()
) -> None:
    """Register a client with the merchant's key, and let it ask."""
    client = Client(
        client_id=ClientId(name),
        name="",
        profile="TILLGATE",
        merchant_ids=merchants,
        functions=functions,
    )
    await stage.gateway.do(AddClient, operator="ada", client=client)
    await add_key(stage, name)
    stage.head["clientId"] = name


async def add_key(stage: Stage, name: str) -> None:
    """Give a client the merchant's key."""
    key = ClientKey(
        client_id=ClientId(name),
        fingerprint=merchant_key().public.fingerprint,
        public_pem=merchant_key().public.pem(),
        valid_from_ms=0,
    )
    await stage.gateway.do(AddClientKey, operator="ada", key=key)


COMMON: Mapping[str, Fault] = {
    "REQUEST_TOO_LARGE": fault("length", then=too_long),
    "MSG_PARSE_ERROR": fault("text", then=cut_short),
    "INVALID_CLIENT": fault("client", then=nobody),
    "KEY_NOT_FOUND": fault("client keys", then=key_over),
    "INVALID_SIGNATURE": fault("signature", then=forged),
    "NO_INTERFACE_DEF": fault("path", then=nowhere),
    "FUNCTION_NOT_MATCH": fault("name", then=elsewhere),
    "PARAM_MISSING": fault("version", then=no_version),
    "PARAM_ILLEGAL": fault("reserve", then=bad_reserve),
    "API_IS_INVALID": fault("client", happened=narrow),
    "ACCESS_DENIED": fault("merchant", then=foreign),
    "MERCHANT_NOT_REGISTERED": fault("client merchant", happened=unregistered, then=for_a_ghost),
}
"""What every request can have."""
MARKED: Mapping[str, Fault] = {
    "REQUEST_EXPIRED": fault("age", then=stale),
    "REPEATED_REQ_MSG_ID": fault("number", time=number_used),
}
"""What a request that changes something can have besides (U10)."""


async def locked(stage: Stage) -> None:
    """Use up the payer's PIN tries, each a wrong one."""
    for kind in (ReservePinTry, RejectPin) * 3:
        await stage.gateway.do(kind, payer_id=PayerId(stage.payer))
