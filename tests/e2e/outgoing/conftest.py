"""A sender under each policy, with limits short enough for a suite that is run often."""

import ssl
from typing import Protocol

import pytest

from tests.e2e.outgoing.certificates import Authority
from tests.e2e.outgoing.receivers import WordedResolver
from tillgate.kernel.addresses import PRODUCTION, SANDBOX, AddressPolicy
from tillgate.workers.outgoing.port import Resolver
from tillgate.workers.outgoing.sender import HttpSender, SendLimits

SHORT = SendLimits(exchange_ms_max=600, turn_wait_ms_max=5_000)


class MakeSender(Protocol):
    """Makes a sender; left unsaid, limits are SHORT and no name has an address."""

    def __call__(
        self,
        *,
        resolver: Resolver | None = None,
        limits: SendLimits = SHORT,
        tls: ssl.SSLContext | None = None,
    ) -> HttpSender: ...


def _maker(policy: AddressPolicy) -> MakeSender:
    def make(
        *,
        resolver: Resolver | None = None,
        limits: SendLimits = SHORT,
        tls: ssl.SSLContext | None = None,
    ) -> HttpSender:
        return HttpSender(
            policy=policy,
            resolver=resolver or WordedResolver([()]),
            tls=tls or ssl.create_default_context(),
            limits=limits,
        )

    return make


@pytest.fixture
def sandbox_sender() -> MakeSender:
    return _maker(SANDBOX)


@pytest.fixture
def production_sender() -> MakeSender:
    return _maker(PRODUCTION)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()
