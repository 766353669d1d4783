"""Messages as a merchant's server writes them: compact JSON, an envelope, a signature.

It uses the protocol's own signing, since how bytes are signed is not what a simulation is about.
What must hold: what is sent again is the same bytes.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tillgate.kernel.clock import rfc3339
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify

WAP_PAY: Final = "acquiring.cashier.wap.pay"
DEBIT: Final = "acquiring.agreement.pay"
QUERY: Final = "acquiring.common.payQuery"
CANCEL: Final = "acquiring.common.payCancel"
REFUND: Final = "acquiring.common.refund"
PREPARE: Final = "oauth.auth.prepareForRedirect"
APPLY: Final = "oauth.auth.applyToken"


class Head(NamedTuple):
    """What the head of a request says beside its function."""

    client_id: str
    req_msg_id: str
    signed_at_ms: int
    token: str = ""


def compact(content: object) -> bytes:
    """Return content as compact JSON."""
    return json.dumps(content, separators=(",", ":")).encode()


def signed(function: str, head: Head, body: Mapping[str, Any], key: PrivateKey) -> bytes:
    """Return a signed request."""
    said = {
        "version": "2.0.0",
        "function": f"alipay.intl.{function}",
        "clientId": head.client_id,
        "reqTime": rfc3339(head.signed_at_ms),
        "reqMsgId": head.req_msg_id,
        **({"accessToken": head.token} if head.token else {}),
    }
    return seal(Kind.REQUEST, compact({"head": said, "body": body}), key, Profile.TILLGATE)


def path_of(function: str) -> str:
    """Return where a function is posted."""
    return f"/api/alipay/intl/{function.replace('.', '/')}.htm"


def answer_of(raw: bytes, key: PublicKey) -> Mapping[str, Any]:
    """Return the body of an answer whose signature fits."""
    taken = cut(raw, Kind.RESPONSE)
    verify(taken, [key], Profile.TILLGATE)
    body: Mapping[str, Any] = taken.unverified["body"]
    return body
