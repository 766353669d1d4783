"""`tillgate order query | refund | cancel`: what a merchant's server asks about its orders.

The SDK asks, over HTTP; nothing is decided here. What must hold: exit 0 done, 1 refused, 2 usage, 3
unknown or unavailable; a refund that is sent again under its number happens once.
"""

from typing import Annotated, Any

import typer

from tillgate.cli import as_merchant as by
from tillgate.cli.surface import AsJson, Data, UsageError, command

Order = Annotated[str, typer.Argument(metavar="[ORDER]", help="Your merchantTransId.")]
AcquirementId = Annotated[
    str, typer.Option("--acquirement-id", help="The acquirer's number, in place of ORDER.")
]


@command
def query(
    order: Order = "",
    *,
    acquirement_id: AcquirementId = "",
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Ask what became of an order. Exit 0 with its state, 1 when there is none, 3 unknown.

    Example: tillgate order query A-1001 --data ./sandbox
    """
    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    named = _named(order, acquirement_id)
    by.ask(asker, lambda merchant: merchant.query(**named), wait=wait, as_json=as_json)


@command
def refund(
    order: Order = "",
    *,
    refund_id: Annotated[
        str, typer.Option("--refund-id", help="Your number of the refund; once each.")
    ],
    amount: by.Amount,
    acquirement_id: AcquirementId = "",
    reason: Annotated[str, typer.Option("--reason", help="Shown to the buyer.")] = "",
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Give a part or all of a payment back; the same --refund-id again gives nothing more back.

    Example: tillgate order refund A-1001 --refund-id R-1 --amount "4.00 HKD" --data ./sandbox
    """
    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    asked: dict[str, Any] = {"refund_id": refund_id, "amount": by.amount_of(amount)}
    asked |= {**_named(order, acquirement_id), "reason": reason or None}
    by.ask(asker, lambda merchant: merchant.refund(**asked), wait=wait, as_json=as_json)


@command
def cancel(
    order: Order = "",
    *,
    acquirement_id: AcquirementId = "",
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Close an order as if it had never been; what had been paid goes back, on its day alone.

    Example: tillgate order cancel A-1001 --data ./sandbox
    """
    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    named = _named(order, acquirement_id)
    by.ask(asker, lambda merchant: merchant.cancel(**named), wait=wait, as_json=as_json)


def _named(order: str, acquirement_id: str) -> dict[str, str]:
    if bool(order) == bool(acquirement_id):
        raise UsageError("Name the order: your ORDER or --acquirement-id ID, one of the two.")
    if order:
        return {"merchant_trans_id": order}
    return {"acquirement_id": acquirement_id}
