"""The traps of the protocol, in messages whose signature may be fine.

Twelve that each cost somebody a day: minor units, a time without its zone, extendInfo that is no
string, numbers without quotes, a wrong function, a wrong product, a reqMsgId used again, an order
number used again, an address nobody outside can reach, one that cannot be used, a request signed
long before it was sent, a result that is not known. Whatever else a message's function does not
take is told after them. What must hold: a trap is told from the message's own text, and the
sentence holds none of its values.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tillgate.doctor.dumps import Dump
from tillgate.doctor.findings import OWN_MACHINE, Code, Finding
from tillgate.kernel.addresses import PRODUCTION, AddressRefused, read_destination
from tillgate.kernel.clock import parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import currency
from tillgate.kernel.results import Result
from tillgate.protocol import functions
from tillgate.protocol.envelope import Cut, Kind
from tillgate.protocol.function import Direction

Tree = Any
_JSON_MEMBERS: Final = frozenset({"extendInfo", "reserve", "riskExtendInfo"})
_URLS: Final = frozenset({"notifyUrl", "notify_url"})
_PAGES: Final = frozenset({"returnUrl", "merchantRedirectUrl"})
_BEHIND_MS: Final = 15 * 60 * 1000
_AHEAD_MS: Final = 5 * 60 * 1000
_ORDER_STRING_MS: Final = 3 * 60 * 1000
_LOOPBACK: Final = re.compile(
    r"(?:[a-z0-9-]+\.)*localhost\.?|127(?:\.[0-9]{1,3}){3}|::1", re.IGNORECASE
)
_DIGITS: Final = re.compile(r"[0-9]+")


def traps(taken: Cut, dump: Dump | None = None, bridge_version: str = "") -> list[Finding]:
    """Return the traps that one message is in, the dearest first."""
    content = taken.unverified
    walked = [finding for judge in _JUDGES for finding in judge(content)]
    found = [*walked, *_head(taken, dump, bridge_version), *_result(taken)]
    told = {finding.path for finding in found}
    found += [
        _of_fault(fault)
        for fault in _faults(taken)
        if not any(fault.path == path or fault.path.startswith(f"{path}.") for path in told if path)
    ]
    return list(dict.fromkeys(found))


def reused(several: Sequence[Cut]) -> list[Finding]:
    """Return the traps that only show when messages are seen together."""
    found: list[Finding] = []
    by_id: dict[tuple[str, str], bytes] = {}
    by_key: dict[tuple[str, str], str] = {}
    for taken in several:
        if taken.kind is not Kind.REQUEST:
            continue
        claims = taken.claims
        if claims.req_msg_id:
            first = by_id.setdefault((claims.client_id, claims.req_msg_id), taken.signed)
            if first != taken.signed:
                found.append(Finding.of(Code.REQ_MSG_ID_REUSED, path="head.reqMsgId"))
        for name in ("merchantTransId", "merchantRefundId"):
            found += _reused_key(taken, name, by_key)
    return list(dict.fromkeys(found))


def _reused_key(taken: Cut, name: str, by_key: dict[tuple[str, str], str]) -> Iterator[Finding]:
    body = taken.unverified.get("body")
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not isinstance(body, dict):
        return
    order = body.get("order")
    amount = body.get("refundAmount") or (
        order.get("orderAmount") if isinstance(order, dict) else None
    )
    if amount is None:
        return
    said = repr(sorted(amount.items())) if isinstance(amount, dict) else repr(amount)
    if by_key.setdefault((name, value), said) != said:
        yield Finding.of(Code.TRANS_ID_REUSED, path=f"body.{name}")


def _walk(
    tree: Tree, path: str = "", name: str = "", parent: Tree = None
) -> Iterator[tuple[str, str, Tree, Tree]]:
    yield path, name, tree, parent
    if isinstance(tree, dict):
        for inner, value in tree.items():
            yield from _walk(value, f"{path}.{inner}" if path else inner, inner, tree)
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from _walk(value, f"{path}[{place}]", name, tree)


def _minor_units(content: Tree) -> Iterator[Finding]:
    for path, name, value, parent in _walk(content):
        if name != "value" or not isinstance(parent, dict) or "currency" not in parent:
            continue
        written = value if isinstance(value, str) else repr(value)
        if isinstance(value, bool) or (isinstance(value, str) and _DIGITS.fullmatch(value)):
            continue
        if re.fullmatch(r"[0-9]+[.,][0-9]+", written):
            detail = _scale(parent.get("currency"))
            yield Finding.of(Code.MINOR_UNITS, f"It has a decimal point.{detail}", path=path)
        elif isinstance(value, str) and value.strip().isdigit():
            words = "It has digits or blanks that are not ASCII's."
            yield Finding.of(Code.MINOR_UNITS, words, path=path)


def _scale(code: object) -> str:
    try:
        unit = currency(code if isinstance(code, str) else "")
    except ValueError:
        return ""
    return f" One {unit.code} is {10**unit.exponent} of its smallest unit."


def _times(content: Tree) -> Iterator[Finding]:
    for path, name, value, _ in _walk(content):
        if not name.endswith("Time") or not isinstance(value, str) or not value:
            continue
        try:
            parse_rfc3339(value)
        except ValueError:
            words = ""
            if re.fullmatch(r"[0-9-]{10}[T ][0-9:]{8}(?:\.[0-9]+)?", value):
                words = "It has no offset."
            elif re.search(r"[+-][0-9]{4}$", value):
                words = "Its offset lacks the colon."
            elif value.isdigit():
                words = "It is a count of seconds or milliseconds."
            yield Finding.of(Code.TIME_WITHOUT_ZONE, words, path=path)


def _json_strings(content: Tree) -> Iterator[Finding]:
    for path, name, value, _ in _walk(content):
        if name not in _JSON_MEMBERS or value is None or value == "":
            continue
        if not isinstance(value, str):
            yield Finding.of(Code.JSON_NOT_IN_STRING, "It is not a string.", path=path)
        elif value.lstrip().startswith(('"', '{\\"')):
            words = "It was serialised twice: a string inside its string."
            yield Finding.of(Code.JSON_NOT_IN_STRING, words, path=path)
        elif not value.lstrip().startswith("{"):
            yield Finding.of(Code.JSON_NOT_IN_STRING, "It holds no JSON object.", path=path)


def _bare_values(content: Tree) -> Iterator[Finding]:
    for path, name, value, parent in _walk(content):
        if not isinstance(value, bool | int | float) or name in _JSON_MEMBERS:
            continue
        if isinstance(value, float) and isinstance(parent, dict) and "currency" in parent:
            continue  # An amount with decimals is told as what it is.
        if _stands_in_json_member(path):
            continue
        yield Finding.of(Code.NUMBER_NOT_STRING, path=path)


def _stands_in_json_member(path: str) -> bool:
    return any(part.partition("[")[0] in _JSON_MEMBERS for part in path.split("."))


def _addresses(content: Tree) -> Iterator[Finding]:
    for path, name, value, _ in _walk(content):
        if not isinstance(value, str) or name not in _URLS | _PAGES:
            continue
        if value != value.strip():
            yield Finding.of(Code.URL_UNUSABLE, "It has blanks around it.", path=path)
        try:
            read_destination(value, PRODUCTION)
        except AddressRefused as refused:
            if _is_this_machine(value):
                yield Finding.of(Code.URL_NOT_PUBLIC, OWN_MACHINE, certain=False, path=path)
                continue
            is_kind = re.match(r"That is [a-z ]+", refused.sentence)
            words = f"{is_kind[0]}." if is_kind else _address_words(value)
            yield Finding.of(Code.URL_NOT_PUBLIC, words, path=path)


def _is_this_machine(value: str) -> bool:
    try:
        host = urlsplit(value.strip()).hostname or ""
    except ValueError:
        return False
    return bool(_LOOPBACK.fullmatch(host))


def _address_words(value: str) -> str:
    bare = value.strip().lower()
    if bare.startswith("http://"):
        return "It is http; production wants https."
    if not bare.startswith("https://"):
        return "It does not begin with https://."
    return "Its host is a name inside a network, or cannot be read."


_JUDGES: Final[tuple[Callable[[Tree], Iterator[Finding]], ...]] = (
    _minor_units,
    _times,
    _json_strings,
    _bare_values,
    _addresses,
)


def _head(taken: Cut, dump: Dump | None, bridge_version: str) -> Iterator[Finding]:
    name = taken.claims.function
    function = functions.FUNCTIONS.get(name)
    if function is None:
        yield Finding.of(Code.FUNCTION_UNKNOWN, path="head.function")
    elif dump and dump.address and function.direction is Direction.TO_GATEWAY:
        posted = functions.function_of_path(dump.address.partition("?")[0])
        if posted is not None and posted is not function:
            words = "It is not the function of the path it was posted to."
            yield Finding.of(Code.FUNCTION_UNKNOWN, words, path="head.function")
    if bridge_version and taken.claims.version and bridge_version != taken.claims.version:
        yield Finding.of(Code.VERSION_DIFFERS, path="head.version")
    yield from _far_off(taken, dump)


def _far_off(taken: Cut, dump: Dump | None) -> Iterator[Finding]:
    head = taken.unverified.get("head")
    told = dump.headers.get("date", "") if dump else ""
    if not told or not isinstance(head, dict):
        return
    try:
        sent_ms = int(parsedate_to_datetime(told).timestamp() * 1000)
        signed_ms = parse_rfc3339(str(head.get("reqTime") or head.get("respTime")))
    except (ValueError, TypeError, OverflowError):
        return
    function = functions.FUNCTIONS.get(taken.claims.function)
    behind_ms = _ORDER_STRING_MS if function and function.is_order_string else _BEHIND_MS
    if not -_AHEAD_MS <= sent_ms - signed_ms <= behind_ms:
        minutes = abs(sent_ms - signed_ms) // 60_000
        where = "before" if sent_ms > signed_ms else "after"
        words = f"It lies {minutes} minutes {where} the message's Date header."
        yield Finding.of(Code.TIME_FAR_OFF, words, path="head.reqTime")


def _result(taken: Cut) -> Iterator[Finding]:
    body = taken.unverified.get("body")
    told = body.get("resultInfo") if isinstance(body, dict) else None
    if isinstance(told, dict) and told.get("resultStatus") == "U":
        yield Finding.of(Code.RESULT_UNKNOWN, path="body.resultInfo.resultStatus")


def _faults(taken: Cut) -> list[Refused]:
    if taken.unreadable:
        return [taken.unreadable]
    if taken.kind is not Kind.REQUEST or taken.claims.function not in functions.FUNCTIONS:
        return []
    return functions.content_faults(taken.unverified)


def _of_fault(fault: Refused) -> Finding:
    name = fault.path.rpartition(".")[2]
    if "two members" in fault.sentence or "twice" in fault.sentence:
        return Finding.of(Code.DUPLICATE_MEMBER, path=fault.path)
    if fault.result is Result.PARAM_MISSING:
        return Finding.of(Code.PARAM_MISSING, fault.sentence, path=fault.path)
    if name == "productCode":
        return Finding.of(Code.PRODUCT_CODE, path=fault.path)
    if name in _PAGES | _URLS:
        return Finding.of(Code.URL_UNUSABLE, fault.sentence, path=fault.path)
    return Finding.of(Code.PARAM_ILLEGAL, fault.sentence, path=fault.path)
