"""Faults that merchants really make, each planted into the example shops by a small patch.

A plant names what is wrong and the cases that must fail for it, no more and no fewer. What must
hold: the patches fit the text of all three shops, and each changes what its name says alone.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.exam.shops import AGREEMENTS, Patch

_VIEW: Final = "notification_view(merchant, find_order=find_order, handle=handle)"
_RECIPIENT: Final = '''
import msgspec, time
from tillgate import InvalidMessage, Money, OrderMismatch, Refused
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.keys import load_private_key
from tillgate.protocol.signature import seal

changed = msgspec.structs.replace


class Faulty:
    """A merchant whose server makes one mistake."""

    def __init__(self, merchant):
        self._merchant = merchant
        self._key = load_private_key((DATA / "keys/gateway.private.pem").read_bytes())

    def __getattr__(self, name):
        return getattr(self._merchant, name)

    def _right(self, raw, *patches):
        """Return the message as if the gateway had said so: a check less."""
        try:
            content = cut(raw).signed
        except Refused as refused:
            raise InvalidMessage(refused.message) from refused
        for old, new in patches:
            content = content.replace(old, new)
        return seal(Kind.REQUEST, content, self._key, self._merchant.profile)

'''


ACKNOWLEDGED: Final = (
    "paid",
    "duplicate",
    "resent",
    "late",
    "slow-bytes",
    "other-type",
    "out-of-order",
    "after-refund",
    "at-once",
    "failed-payment",
)
"""The cases that want an acknowledgement, which nothing but an envelope is."""


class Plant(NamedTuple):
    """One fault: patches of a shop's text, and the cases that must fail for it."""

    patches: Sequence[Patch]
    fails: frozenset[str]
    may_fail: frozenset[str] = frozenset()
    """Cases that fail on some servers and not on others, which take care of a part themselves."""


def _fails(*names: str) -> frozenset[str]:
    return frozenset(names)


def _recipient(method: str) -> Sequence[Patch]:
    """Return the patches that put a merchant with a faulty method before the view."""
    lines = "".join(f"    {line}\n" for line in method.strip("\n").splitlines())
    return [
        ("\n\ndef find_order", f"{_RECIPIENT}{lines}\n\ndef find_order"),
        (_VIEW, _VIEW.replace("(merchant", "(Faulty(merchant)")),
    ]


def _notification(change: str) -> Sequence[Patch]:
    """Return the patches that change a verified event before it is compared."""
    return _recipient(f"""
def notification(self, raw, *, expect):
    event = self._merchant.notification(raw, expect=expect)
    return changed(event, {change})
""")


def _trusting(told: str, own: str) -> Sequence[Patch]:
    """Return the patches that take one value for the merchant's own, in what the gateway signed."""
    return _recipient(f"""
def notification(self, raw, *, expect):
    try:
        return self._merchant.notification(raw, expect=expect)
    except OrderMismatch:
        mine = self._right(raw, (b"{told}", b"{own}"))
        return self._merchant.notification(mine, expect=expect)
""")


def _before_storing(*lines: str) -> Patch:
    """Return the patch that puts lines at the beginning of the handler."""
    return "    once = ", "".join(f"    {line}\n" for line in lines) + "    once = "


_CLOSED: Final = "UPDATE orders SET state = 'closed' WHERE number = ?"


PLANTS: Final[dict[str, Plant]] = {
    "no signature check": Plant(
        _recipient("""
def notification(self, raw, *, expect):
    return self._merchant.notification(self._right(raw), expect=expect)
"""),
        _fails("forged", "unsigned", "tampered", "old-key"),
    ),
    "no amount check": Plant(
        _notification("amount=event.amount and Money(1000, event.amount.currency)"),
        _fails("other-amount"),
    ),
    "no currency check": Plant(
        _notification("amount=event.amount and Money.of(event.amount.minor, 'HKD')"),
        _fails("other-currency"),
    ),
    "no merchant check": Plant(
        _trusting("2160400000009999", "2160400000002012"), _fails("other-merchant")
    ),
    "no client check": Plant(
        _trusting("4Q5XSH6SSG02T999", "4Q5XSH6SSG02T006"), _fails("other-client")
    ),
    "any signed message is a notification": Plant(
        _recipient("""
def notification(self, raw, *, expect):
    told = raw.find(b"payQuery") > 0
    mine = self._right(raw, (b"common.payQuery", b"common.notify.pay")) if told else raw
    return self._merchant.notification(mine, expect=expect)
"""),
        _fails("query-answer"),
    ),
    "unknown orders acknowledged": Plant(
        [
            (
                "if row else None",
                'if row else order_of(merchant_trans_id=number, amount="10.00 HKD")',
            )
        ],
        _fails("other-order"),
    ),
    "acknowledged and not stored": Plant(
        [(_VIEW, _VIEW.replace("handle=handle", "handle=lambda event: None"))],
        _fails("paid", "at-once"),
    ),
    "ships again when told again": Plant(
        [(" AND state = 'open' RETURNING", " RETURNING")],
        _fails("duplicate", "resent", "at-once"),
    ),
    "tells repeats by reqMsgId": Plant(
        [
            (" AND state = 'open' RETURNING", " RETURNING"),
            ("\n\ndef handle", "\n\nseen = set()\n\n\ndef handle"),
            _before_storing(
                "if event.head.req_msg_id in seen:",
                "    return",
                "seen.add(event.head.req_msg_id)",
            ),
        ],
        _fails("resent", "at-once"),
    ),
    "failed payments taken for paid": Plant(
        [("    if event.paid and ", "    if ")], _fails("failed-payment")
    ),
    "the last word wins": Plant(
        [
            _before_storing(
                "if not event.paid:",
                f'    books.execute("{_CLOSED}", [event.merchant_trans_id])',
            )
        ],
        _fails("out-of-order"),
    ),
    "a late success opens a closed order": Plant(
        [
            _before_storing(
                "if not event.paid:",
                f"    books.execute(\"{_CLOSED} AND state = 'paid'\", [event.merchant_trans_id])",
            ),
            (" AND state = 'open' RETURNING", " AND state != 'paid' RETURNING"),
        ],
        _fails("out-of-order", "after-refund"),
    ),
    "old messages refused by their age": Plant(
        _recipient("""
def notification(self, raw, *, expect):
    event = self._merchant.notification(raw, expect=expect)
    if event.head.req_time_ms < (time.time() - 900) * 1000:
        raise InvalidMessage("It is too old.")
    return event
"""),
        _fails("late", "out-of-order", "after-refund"),
    ),
    "a retired key still counts": Plant(
        [
            (
                'gateway_public_key=DATA / "keys/gateway.public.pem"',
                "gateway_public_key=[DATA / f'keys/{it}.public.pem' for it in ('gateway', 'old')]",
            )
        ],
        _fails("old-key"),
    ),
    "acknowledgements unsigned": Plant(
        _recipient("""
def acknowledge(self, event):
    return self._merchant.acknowledge(event).partition(b',"signature"')[0] + b"}"
"""),
        _fails("ack-signed"),
    ),
    "acknowledgements of another message": Plant(
        _recipient("""
def acknowledge(self, event):
    return self._merchant.acknowledge(changed(event, head=changed(event.head, req_msg_id="1")))
"""),
        _fails("paid", "ack-echo"),
    ),
    "a page instead of an acknowledgement": Plant(
        _recipient("""
def acknowledge(self, event):
    return b"<!doctype html><title>Thank you</title>"
"""),
        _fails(*ACKNOWLEDGED, "ack-form"),
    ),
    "half a body crashes it": Plant(
        _recipient("""
def notification(self, raw, *, expect):
    msgspec.json.decode(raw)
    return self._merchant.notification(raw, expect=expect)
"""),
        _fails("half-body"),
        may_fail=_fails("cut-off"),
    ),
}
"""By name; what needs time or company of its own stands with its test."""
ENDS: Final = ("end-forged", "end-other-merchant", "end", "end-again")
"""The cases that need an agreement."""
_OVER: Final = "    books.execute(over, "
END_PLANTS: Final[dict[str, Plant]] = {
    "no signature check of ends": Plant(
        [
            *_recipient("""
def agreement_notification(self, raw):
    return self._merchant.agreement_notification(self._right(raw))
"""),
            *AGREEMENTS,
        ],
        _fails("end-forged"),
    ),
    "no merchant check of ends": Plant(
        [
            *_recipient("""
def agreement_notification(self, raw):
    try:
        return self._merchant.agreement_notification(raw)
    except OrderMismatch:
        mine = self._right(raw, (b"2160400000009999", b"2160400000002012"))
        return self._merchant.agreement_notification(mine)
"""),
            *AGREEMENTS,
        ],
        _fails("end-other-merchant"),
    ),
    "an end acknowledged and not stored": Plant(
        [*AGREEMENTS, (_OVER, f"    return\n{_OVER}")], _fails("end")
    ),
    "a second end crashes it": Plant(
        [
            *AGREEMENTS,
            (_OVER, "    [once] = books.execute(over + \" AND state = 'active' RETURNING 1\", "),
        ],
        _fails("end-again"),
    ),
    "each end turns the agreement over": Plant(
        [
            *AGREEMENTS,
            (
                "SET state = 'ended' WHERE",
                "SET state = CASE state WHEN 'active' THEN 'ended' ELSE 'active' END WHERE",
            ),
        ],
        _fails("end-again"),
    ),
}
"""Faults about the end of an agreement, in shops that have agreements."""
SLOW: Final[Sequence[Patch]] = [_before_storing("__import__('time').sleep(3.3)")]
_ASKED: Final = "asked = 'SELECT state FROM orders WHERE number = ?'"
_LOOKED: Final = "[[stands]] = books.execute(asked, [event.merchant_trans_id]).fetchall()"
_ASKS: Final = (_ASKED, _LOOKED, "if stands != 'open':", "    return")
ASKS_FIRST: Final[Sequence[Patch]] = [
    (" AND state = 'open' RETURNING", " RETURNING"),
    _before_storing(*_ASKS),
]
"""A shop that asks first and writes after: the fault shows when two ask before one writes."""
ASK_TOGETHER: Final[Sequence[Patch]] = [
    (" AND state = 'open' RETURNING", " RETURNING"),
    ("\n\ndef handle", "\n\nasking, both = [], __import__('threading').Event()\n\n\ndef handle"),
    _before_storing(
        *_ASKS,
        "asking.append(event)",
        "if len(asking) > 1:",
        "    both.set()",
        "assert both.wait(120)",
    ),
]
"""The same shop, whose every process writes once another one has asked, too."""
