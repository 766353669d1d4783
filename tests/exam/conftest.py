"""What the tests of the exam share: a folder of keys, and an exam held of a shop.

The folder is as a sandbox writes it, with a retired gateway key beside. What must hold: an exam of
a test is made of the same parts as the command's; only its pauses are shorter.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.adapters.messages import write_keys
from tests.exam.shops import AGREEMENT, Addresses
from tests.support.ports import HeldPort
from tests.support.wire import gateway_key, merchant_key, stranger_key
from tillgate import exam
from tillgate.kernel.clock import SystemClock
from tillgate.merchant.sources import SystemIds
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Profile

Hold = Callable[..., exam.Report]


@pytest.fixture(scope="session")
def retired() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, retired: PrivateKey) -> Path:
    folder = write_keys(tmp_path_factory.mktemp("exam") / "data")
    (folder / "keys/old.private.pem").write_bytes(retired.pem())
    (folder / "keys/old.public.pem").write_text(retired.public.pem())
    for private in (folder / "keys").glob("*.private.pem"):
        private.chmod(0o600)
    return folder


@pytest.fixture
def nowhere() -> Iterator[str]:
    """Return an origin where nobody listens, and nobody begins to: its port is the test's own."""
    held = HeldPort()
    yield f"http://127.0.0.1:{held.number}"
    held.let_go()


@pytest.fixture
def hold(retired: PrivateKey) -> Hold:
    """Hold an exam of a shop: quick drips, no waits, all parts real."""
    return partial(_hold, retired=retired)


def _hold(
    shop: Addresses,
    names: Sequence[str] = (),
    *,
    retired: PrivateKey | None,
    limit_ms: int = 10_000,
    has_state: bool = True,
    refund: str = "",
    has_agreement: bool = False,
    profile: Profile = Profile.TILLGATE,
    orders: Sequence[str] | None = None,
) -> exam.Report:
    limits = exam.Limits(answer_ms=limit_ms, drip_ms=5)
    read = partial(exam.read_order, key=merchant_key().public, profile=profile)
    if orders is None:
        source = exam.orders_of_url(exam.Door(shop.orders, limits), read)
    else:
        source = exam.orders_of_files(orders, read)
    examiner = exam.Examiner(
        exam.Door(shop.notify, limits),
        supply=exam.Supply(source),
        acquirer=exam.Acquirer(
            exam.Keys(gateway=gateway_key(), stranger=stranger_key(), retired=retired),
            profile,
            clock=SystemClock(),
            ids=SystemIds(),
        ),
        judge=exam.Judge(keys=[merchant_key().public], profile=profile, limit_ms=limit_ms),
        clock=SystemClock(),
        states=exam.StateUrl(shop.state, limits) if has_state else None,
        refunds=exam.RefundUrl(refund, limits) if refund else None,
        agreement=AGREEMENT if has_agreement else "",
        agreements=_agreements(shop, limits) if has_agreement and has_state else None,
        pause=lambda _: None,
    )
    return examiner.hold(names)


def _agreements(shop: Addresses, limits: exam.Limits) -> exam.StateUrl:
    place = exam.PLACE_OF_AGREEMENT
    return exam.StateUrl(f"{shop.orders}/{place}", limits, place=place)
