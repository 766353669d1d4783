"""What `tillgate exam` was given, and the exam held with it.

It reads files and the data folder, makes the exam's parts, and turns what they refuse into a usage
error. What must hold: the stranger's key is new in each exam and kept nowhere; no error shows more
of a key than its path.
"""

import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, final

from tillgate import exam
from tillgate.cli.given_path import named, unreadable
from tillgate.cli.operate import settings_of
from tillgate.cli.surface import UsageError
from tillgate.config.folder import Folder
from tillgate.kernel.clock import SystemClock, duration_ms
from tillgate.merchant.sources import SystemIds
from tillgate.protocol.keys import (
    KeyRefused,
    PrivateKey,
    PublicKey,
    load_private_key,
    load_public_key,
)
from tillgate.protocol.profile import Profile

FILE_BYTES_MAX: Final = 256 * 1024
TIME_LIMIT_MS_MAX: Final = 60_000


@final
class Given(NamedTuple):
    """The options of the command, as they were typed."""

    url: str
    orders: Sequence[Path]
    order_url: str
    state: str
    refund: str
    agreement: str
    agreement_state: str
    ca: Path | None
    data: str
    key: Path | None
    old_key: Path | None
    merchant_key: Path | None
    profile: str
    time_limit: str


def held(given: Given, names: Sequence[str], tell: Callable[[exam.Finding], None]) -> exam.Report:
    """Hold the exam, or the named cases of it, and return its report.

    Raises:
        UsageError: something given cannot be used.
        Unavailable: nobody is at an address.
    """
    if unknown := [name for name in names if name not in exam.names_of()]:
        raise UsageError(f"There is no case {unknown[0]}; they are told by: tillgate exam --list")
    if bool(given.orders) == bool(given.order_url):
        raise UsageError(
            "The exam needs orders that your shop knows: give --order FILE, an order string that "
            "your server signed (repeat it for more), or --order-url URL, where a POST makes one."
        )
    try:
        return _examiner(given).hold(names, tell)
    except exam.ExamRefused as refused:
        raise UsageError(str(refused)) from refused


def _examiner(given: Given) -> exam.Examiner:
    limits = exam.Limits(answer_ms=_limit_ms(given.time_limit))
    trust = _trust(given.ca) if given.ca else None
    profile, clock = _profile(given.profile), SystemClock()
    folder = Folder(settings_of(given.data).data)
    keys, demo = folder.keys, folder.demo_step
    gateway = _private(given.key or keys / "gateway.private.pem", "--key", demo)
    retired = _private(given.old_key, "--old-key") if given.old_key else None
    if retired and retired.public == gateway.public:
        raise UsageError("--old-key is the very key that --key names; give one that was retired.")
    merchant = _public(given.merchant_key or keys / "merchant.public.pem", demo)

    def read(text: str) -> exam.Ordered:
        return exam.read_order(text, merchant, profile)

    source: Iterator[exam.Ordered]
    if given.order_url:
        source = exam.orders_of_url(exam.Door(given.order_url, limits, trust=trust), read)
    else:
        texts = [_content(path).decode(errors="replace") for path in given.orders]
        source = exam.orders_of_files(texts, read)
    return exam.Examiner(
        exam.Door(given.url, limits, trust=trust),
        supply=exam.Supply(source),
        acquirer=exam.Acquirer(
            exam.Keys(gateway=gateway, stranger=PrivateKey.generate(), retired=retired),
            profile,
            clock=clock,
            ids=SystemIds(),
        ),
        judge=exam.Judge(keys=[merchant], profile=profile, limit_ms=limits.answer_ms),
        clock=clock,
        states=exam.StateUrl(given.state, limits, trust=trust) if given.state else None,
        refunds=exam.RefundUrl(given.refund, limits, trust=trust) if given.refund else None,
        agreement=given.agreement,
        agreements=_agreements(given, limits, trust),
    )


def _agreements(
    given: Given, limits: exam.Limits, trust: ssl.SSLContext | None
) -> exam.StateUrl | None:
    if not given.agreement_state:
        return None
    if not given.agreement:
        raise UsageError("--agreement-state tells of an agreement; name one: --agreement NUMBER.")
    place = exam.PLACE_OF_AGREEMENT
    return exam.StateUrl(given.agreement_state, limits, place=place, trust=trust)


def _trust(path: Path) -> ssl.SSLContext:
    try:
        return exam.trusting(_content(path, "--ca"))
    except exam.ExamRefused as refused:
        raise UsageError(f"--ca {named(path)}: {refused}.") from refused


def _limit_ms(text: str) -> int:
    try:
        limit_ms = duration_ms(text)
    except ValueError as error:
        raise UsageError(f"--time-limit: {error}.") from None
    if not 0 < limit_ms <= TIME_LIMIT_MS_MAX:
        raise UsageError("--time-limit is from 1s to 60s; the gateway waits for 10s.")
    return limit_ms


def _profile(name: str) -> Profile:
    try:
        return Profile[name.upper()]
    except KeyError as fault:
        raise UsageError(f"--profile is TILLGATE or ALIPAY_HK, not {name}.") from fault


def _private(path: Path, option: str, demo: str = "") -> PrivateKey:
    try:
        return load_private_key(_content(path, option, demo))
    except KeyRefused as refused:
        raise UsageError(f"{option} {named(path)}: {refused}") from refused


def _public(path: Path, demo: str) -> PublicKey:
    try:
        return load_public_key(_content(path, "--merchant-key", demo))
    except KeyRefused as refused:
        raise UsageError(f"--merchant-key {named(path)}: {refused}") from refused


def _content(path: Path, option: str = "--order", demo: str = "") -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(FILE_BYTES_MAX)
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX)
    except OSError as error:
        step = (
            ""
            if option == "--order"
            else f" Name the file with {option}, or a sandbox's --data.{demo}"
        )
        raise UsageError(unreadable(path, error, step=step)) from error
