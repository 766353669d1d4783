"""Buying at a gateway that is a process of its own, once or for as long as something else goes on.

What must hold: what is called paid was answered 9000.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2

from tests.support.gateway import PIN, Gateway, merchant_of, order


def pay(gateway: Gateway, number: str) -> str:
    """Buy as `rich` and return the code that the page is told."""
    with httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=60) as http:
        token = http.post("/wallet/session", json={"payer": "rich", "pin": PIN}).json()["token"]
        me = {"authorization": f"Bearer {token}"}
        text = merchant_of(gateway.data).order_str(order(number))
        call = {"orderStr": text, "callId": f"call-{number}"}
        url = http.post("/cashier/trade-pay", json=call, headers=me).json()["cashierUrl"]
        path = url.removeprefix(gateway.origin)
        told = http.post(f"{path}/confirm", json={"pin": PIN}, headers=me).json()
    code: str = told["resultCode"]
    return code


@contextmanager
def paying(gateway: Gateway) -> Iterator[list[str]]:
    """Pay one order after the other for as long as the block lasts; yield those answered 9000."""
    paid: list[str] = []
    is_over = threading.Event()

    def run() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            if pay(gateway, f"meanwhile-{number}") == "9000":
                paid.append(f"meanwhile-{number}")

    payer = threading.Thread(target=run)
    payer.start()
    try:
        yield paid
    finally:
        is_over.set()
        payer.join()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, two minutes at least."""
    ends = threading.Event()
    for _ in range(1_200):
        if condition():
            return
        ends.wait(0.1)
    raise AssertionError("it never came to be so")
