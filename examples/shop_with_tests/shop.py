"""A shop on Flask: it sells, is paid, ships once, and gives money back.

Run it against `tillgate demo`: flask --app "shop:from_environment()" run --port 5000
"""

import os
import sqlite3
from pathlib import Path

from flask import Flask, abort

from tillgate import Merchant, Order, PaymentEvent, Refunded
from tillgate.merchant.adapters.flask import notification_view

ONCE = "UPDATE orders SET state = ? WHERE number = ? AND state = 'open'"


def create_app(merchant: Merchant, *, origin: str, database: str = ":memory:") -> Flask:
    """Return the shop of this merchant, which buyers reach at `origin`."""
    app = Flask(__name__)
    books = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    books.execute("CREATE TABLE IF NOT EXISTS orders (number PRIMARY KEY, amount, state, shipped)")
    app.extensions["books"] = books

    def find_order(number: str) -> Order | None:
        row = books.execute("SELECT amount FROM orders WHERE number = ?", [number]).fetchone()
        return row and Order(
            merchant_trans_id=number, title="Dress", amount=row[0], notify_url=f"{origin}/notify"
        )

    def handle(event: PaymentEvent) -> None:
        state = "paid" if event.paid else "closed"
        if books.execute(ONCE, [state, event.merchant_trans_id]).rowcount and event.paid:
            ship = "UPDATE orders SET shipped = shipped + 1 WHERE number = ?"
            books.execute(ship, [event.merchant_trans_id])

    @app.post("/orders/<number>")
    def sell(number: str) -> str:
        books.execute("INSERT INTO orders VALUES (?, '10.00 HKD', 'open', 0)", [number])
        order = find_order(number)
        return merchant.order_str(order) if order else abort(404)

    @app.get("/orders/<number>")
    def show(number: str) -> dict[str, str | int]:
        query = "SELECT state, shipped FROM orders WHERE number = ?"
        state, shipped = books.execute(query, [number]).fetchone() or abort(404)
        return {"state": state, "shipped": shipped}

    @app.post("/orders/<number>/refund")
    def refund(number: str) -> dict[str, bool]:
        outcome = merchant.refund(
            refund_id=f"R-{number}", amount="10.00 HKD", merchant_trans_id=number
        )
        return {"refunded": isinstance(outcome, Refunded)}

    app.post("/notify")(notification_view(merchant, find_order=find_order, handle=handle))
    return app


def from_environment() -> Flask:
    """Return the shop as it is run: told by the environment which keys and gateway are its own."""
    keys = Path(os.environ["SHOP_KEYS"])
    merchant = Merchant(
        client_id=os.environ["SHOP_CLIENT_ID"],
        merchant_id=os.environ["SHOP_MERCHANT_ID"],
        private_key=keys / "merchant.private.pem",
        gateway_public_key=keys / "gateway.public.pem",
        base_url=os.environ["SHOP_GATEWAY"],
    )
    return create_app(merchant, origin=os.environ["SHOP_ORIGIN"], database="shop.sqlite")
