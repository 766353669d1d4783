"""A sender under each policy, patient but where a test waits for the end of its patience."""

import ssl
from typing import Protocol

import pytest

from tests.e2e.outgoing.certificates import Authority
from tests.e2e.outgoing.receivers import WordedResolver
from tillgate.kernel.addresses import PRODUCTION, SANDBOX, AddressPolicy
from tillgate.workers.outgoing.port import Resolver
from tillgate.workers.outgoing.sender import HttpSender, SendLimits

PATIENT = SendLimits(exchange_ms_max=120_000, turn_wait_ms_max=120_000)
SHORT = SendLimits(exchange_ms_max=600, turn_wait_ms_max=5_000)
"""For what never answers; what does answer may take long on a busy machine."""


class MakeSender(Protocol):
    """Makes a sender; left unsaid, it is PATIENT and no name has an address."""

    def __call__(
        self,
        *,
        resolver: Resolver | None = None,
        limits: SendLimits = PATIENT,
        tls: ssl.SSLContext | None = None,
    ) -> HttpSender: ...


def _maker(policy: AddressPolicy) -> MakeSender:
    def make(
        *,
        resolver: Resolver | None = None,
        limits: SendLimits = PATIENT,
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
