r"""The mistakes that are planted, as programs make them, each with the names that are right for it.

Written from what people report, not from the doctor's own lists. What must hold: a mistake changes
one stage of a program; its names are codes of the doctor that a person would call right.
"""

import base64
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.doctor.program import Order, Program, compact, key


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake.

    Attributes:
        name: what it is.
        codes: the doctor's codes that name it.
        stage: the stage it replaces; two mistakes of one stage cannot be made together.
        plant: makes a program make it.
        also: codes that may be told as well, for they follow from it.
        needs: words the title must have for the mistake to show at all.
    """

    name: str
    codes: frozenset[str]
    stage: str
    plant: Callable[[Program, random.Random], Any]
    also: frozenset[str] = frozenset()
    needs: str = ""


def mistake(
    name: str, codes: str, stage: str, plant: Callable[[Program, random.Random], Any], **more: Any
) -> Mistake:
    more["also"] = frozenset(more.get("also", "").split())
    return Mistake(name=name, codes=frozenset(codes.split()), stage=stage, plant=plant, **more)


def sets(stage: str, *choices: Any) -> Callable[[Program, random.Random], Any]:
    """Return what replaces a stage by one of the choices."""
    return lambda program, rng: setattr(program, stage, rng.choice(choices))


# How other languages write JSON, by hand.


def php(value: object) -> str:
    """Write JSON as PHP's json_encode does when it is given no flags."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def go(value: object) -> str:
    """Write JSON as Go's json.Marshal does."""
    text = compact(value)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def jackson(value: Any, depth: int = 0) -> str:
    """Write JSON as Jackson's default pretty printer does."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    inner = "  " * (depth + 1)
    rows = [f'{inner}"{name}" : {jackson(each, depth + 1)}' for name, each in value.items()]
    return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"


def java_map(value: Any) -> Any:
    """Put the members of each object in the order of a java.util.HashMap."""
    if not isinstance(value, dict):
        return value
    size = 16
    while len(value) > size * 0.75:
        size <<= 1

    def bucket(name: str) -> int:
        code = 0
        for character in name:
            code = (code * 31 + ord(character)) % 2**32
        return (code ^ code >> 16) % size

    return {name: java_map(value[name]) for name in sorted(value, key=bucket)}


def sorted_members(value: Any) -> Any:
    """Put the members of each object in the order of their names."""
    if not isinstance(value, dict):
        return value
    return {name: sorted_members(value[name]) for name in sorted(value)}


def pretty(indent: int | str) -> Callable[[object], str]:
    return lambda value: json.dumps(value, ensure_ascii=False, indent=indent)


# Stages that change the order.


def with_nulls(order: Order) -> Order:
    order["body"]["riskInfo"] = None
    return order


def without(part: str, name: str) -> Callable[[Order], Order]:
    def change(order: Order) -> Order:
        del order[part][name]
        return order

    return change


def with_amount(spell: Callable[[str], Any]) -> Callable[[Order], Order]:
    def change(order: Order) -> Order:
        amount = order["body"]["order"]["orderAmount"]
        amount["value"] = spell(amount["value"])
        return order

    return change


def with_time(spell: Callable[[datetime], str]) -> Callable[[Order], Order]:
    def change(order: Order) -> Order:
        order["head"]["reqTime"] = spell(datetime.fromisoformat(order["head"]["reqTime"]))
        return order

    return change


def with_title(spell: Callable[[str], str]) -> Callable[[Order], Order]:
    def change(order: Order) -> Order:
        inner = order["body"]["order"]
        inner["orderTitle"] = spell(inner["orderTitle"])
        return order

    return change


def with_body(**members: Any) -> Callable[[Order], Order]:
    def change(order: Order) -> Order:
        order["body"].update(members)
        return order

    return change


def with_head(**members: Any) -> Callable[[Order], Order]:
    def change(order: Order) -> Order:
        order["head"].update(members)
        return order

    return change


def extend_info_as_object(order: Order) -> Order:
    order["body"]["extendInfo"] = json.loads(order["body"]["extendInfo"])
    return order


def later(seconds: int) -> Callable[[Order], Order]:
    return with_time(lambda at: (at + timedelta(seconds=seconds)).isoformat())


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Stages that change a text.


def js_escaped(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def sorted_parameters(text: str) -> bytes:
    body = json.loads(text)["body"]
    pairs = (
        f"{name}={value if isinstance(value, str) else compact(value)}"
        for name, value in sorted(body.items())
    )
    return "&".join(pairs).encode()


def half_removed(text: str) -> bytes:
    return text[: len(text) * 2 // 3].encode()


# Stages that sign.


def by(name: str) -> Callable[[bytes], bytes]:
    return lambda text: key(name).sign(text, padding.PKCS1v15(), hashes.SHA256())


def with_hash(algorithm: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    return lambda text: key("merchant").sign(text, padding.PKCS1v15(), algorithm)


def with_pss(length: Any) -> Callable[[bytes], bytes]:
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=length)
    return lambda text: key("merchant").sign(text, scheme, hashes.SHA256())


def private_encrypt(text: bytes) -> bytes:
    """Do as openssl_private_encrypt does with a digest: type 1 padding, and no DigestInfo."""
    numbers = key("merchant").private_numbers()
    modulus = numbers.public_numbers.n
    size = (modulus.bit_length() + 7) // 8
    digest = hashlib.sha256(text).digest()
    block = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(size, "big")


def windows_line_ends(program: Program, rng: random.Random) -> None:
    program.signed_text = lambda value: pretty(2)(value).replace("\n", "\r\n")
    program.sent_text = pretty(2)


def other_side(program: Program, rng: random.Random) -> None:
    program.sign = by("gateway")
    program.keys = ("merchant", "gateway")


# Stages that write the signature.


def one_changed(raw: bytes) -> str:
    text = base64.b64encode(raw).decode()
    return text[:-4] + ("B" if text[-4] != "B" else "C") + text[-3:]


def request_as_text(request: str, signature: str) -> str:
    return json.dumps({"request": request, "signature": signature}, ensure_ascii=False)


def unsigned(request: str, signature: str) -> str:
    return f'{{"request":{request}}}'


def mojibake(text: str) -> bytes:
    return text.encode().decode("latin-1").encode()


SHA1 = hashes.SHA1()  # noqa: S303  It is the mistake.
RE = "RESERIALISED"
CHARSET = "CHARACTER_SET"
