"""A shop on Flask: it signs orders, believes the notification alone, and ships once.

Run `tillgate demo`, then: python examples/flask_shop.py ~/.local/share/tillgate/demo 8002
"""

import sqlite3
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from secrets import token_hex

from flask import Flask

from tillgate import Merchant, Order, PaymentEvent, VerificationError
from tillgate.merchant.adapters.flask import notification_view, payment_return

DATA, PORT, HERE = Path(sys.argv[1]), int(sys.argv[2]), f"http://127.0.0.1:{sys.argv[2]}"
merchant = Merchant(
    client_id="4Q5XSH6SSG02T006",
    merchant_id="2160400000002012",
    private_key=DATA / "keys/merchant.private.pem",
    gateway_public_key=DATA / "keys/gateway.public.pem",
)
order_of = partial(Order, notify_url=f"{HERE}/notify", return_url=f"{HERE}/orders")
books = sqlite3.connect("shop.sqlite", isolation_level=None, check_same_thread=False)
books.row_factory = sqlite3.Row
books.execute("CREATE TABLE IF NOT EXISTS orders (number PRIMARY KEY, amount, state, shipped)")
app = Flask(__name__)


def find_order(number: str) -> Order | None:
    row = books.execute("SELECT amount FROM orders WHERE number = ?", [number]).fetchone()
    return order_of(merchant_trans_id=number, amount=row[0]) if row else None


def handle(event: PaymentEvent) -> None:
    once = """UPDATE orders SET state = 'paid', shipped = shipped + 1
        WHERE number = ? AND state = 'open' RETURNING number"""
    if event.paid and books.execute(once, [event.merchant_trans_id]).fetchall():
        print(f"Ship {event.merchant_trans_id}\n", end="", flush=True)  # Told twice, ships once.


@app.post("/orders")
def buy() -> str:
    number = token_hex(8)
    books.execute("INSERT INTO orders VALUES (?, '10.00 HKD', 'open', 0)", [number])
    return merchant.order_str(order_of(merchant_trans_id=number, amount="10.00 HKD"))


@app.get("/orders")
def show() -> dict[str, str]:
    states = dict(books.execute("SELECT number, state FROM orders").fetchall())
    with suppress(VerificationError):  # Opened by hand, or nothing to believe.
        back = payment_return(merchant, find_order=find_order)
        states["back from"] = back.merchant_trans_id
    return states


@app.get("/orders/<number>")
def state(number: str) -> dict[str, object]:
    told = "SELECT state AS status, amount, shipped FROM orders WHERE number = ?"
    return dict(books.execute(told, [number]).fetchone() or {})


app.post("/notify")(notification_view(merchant, find_order=find_order, handle=handle))
print(f"curl -sX POST {HERE}/orders | tillgate wallet pay - --url URL --payer rich --pin 123456")
app.run(port=PORT)
