"""Samples that verify: a message of each function, signed with a key pair that everybody has.

The private half lies in this package for all to read, so it proves nothing and must never be
registered anywhere. What must hold: the bytes shown are the bytes signed; a gateway's own key never
signs a sample.
"""

from functools import cache
from importlib import resources
from typing import final

import msgspec

from tillgate.protocol.envelope import Kind, wrap
from tillgate.protocol.function import Function
from tillgate.protocol.keys import PrivateKey, load_private_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.samples import Content, sample_request, sample_response
from tillgate.protocol.signature import sign

PACKAGE = "tillgate.gateway.reference"
KEY_FILE = "public-sample-key.pem"
PROFILE = Profile.TILLGATE


@final
class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One signed message.

    Attributes:
        kind: request or response.
        content: what was signed, as plain Python.
        signed: the exact bytes the signature is over.
        signature: the signature as it stands in the message.
    """

    kind: Kind
    content: Content
    signed: bytes
    signature: str

    @property
    def envelope(self) -> bytes:
        """Return the whole message as it is sent."""
        return wrap(self.kind, self.signed, self.signature)

    @property
    def shortened(self) -> bytes:
        """Return the message with its signature cut, for reading."""
        return wrap(self.kind, self.signed, f"{self.signature[:32]}…")

    @property
    def value(self) -> Content:
        """Return the whole message as plain Python."""
        return {self.kind.value: self.content, "signature": self.signature}


@cache
def key() -> PrivateKey:
    """Return the key that everybody has."""
    return load_private_key(resources.files(PACKAGE).joinpath("keys", KEY_FILE).read_bytes())


@cache
def sample(function: Function, kind: Kind) -> Sample | None:
    """Return the signed sample of a function's request or response; None when there is none."""
    if kind is Kind.RESPONSE and function.response is None:
        return None
    content = sample_request(function) if kind is Kind.REQUEST else sample_response(function)
    signed = msgspec.json.encode(content)
    return Sample(kind=kind, content=content, signed=signed, signature=sign(signed, key(), PROFILE))
