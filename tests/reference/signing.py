"""What schemathesis is told besides: requests are signed, answers are held to the reference's word.

Without signing, every request would end at its signature, and what lies behind would go untried.
schemathesis loads this file by itself, so the sandbox's folder comes from the environment. What
must hold: only what identifies caller and moment is changed; everything else stays as made up.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

import schemathesis

from tests.support.gateway import CLIENT_ID
from tillgate.gateway.reference.codes import codes_of
from tillgate.kernel.clock import SystemClock, rfc3339
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.functions import function_of_path
from tillgate.protocol.keys import load_private_key, load_public_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import sign, verify

KEYS = Path(os.environ["TILLGATE_TEST_DATA"]) / "keys"
MERCHANT = load_private_key((KEYS / "merchant.private.pem").read_bytes())
GATEWAY = load_public_key((KEYS / "gateway.public.pem").read_bytes())


@schemathesis.hook
def before_call(
    _: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]
) -> None:
    """Sign an envelope as it will be written, as the demo merchant, now, under a new number."""
    body: Any = case.body
    if not isinstance(body, dict) or not isinstance(body.get("request"), dict):
        return
    head = body["request"].get("head")
    if "signature" not in body or not isinstance(head, dict):
        return
    fresh = {
        "clientId": CLIENT_ID,
        "reqTime": rfc3339(SystemClock().now_ms()),
        "reqMsgId": secrets.token_hex(16),
    }
    head.update({name: text for name, text in fresh.items() if isinstance(head.get(name), str)})
    signed = json.dumps(body["request"]).encode()
    body["signature"] = sign(signed, MERCHANT, Profile.TILLGATE)


@schemathesis.check
def answers_as_the_reference_says(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """An answer is signed unless the client is unknown, and its code is one that is listed."""
    function = function_of_path(case.operation.path)
    if function is None or response.status_code != 200:
        return
    info = response.json()["response"]["body"]["resultInfo"]
    listed = {result.name: result for result in codes_of(function)}
    assert info["resultCode"] in listed, info
    assert info["resultCodeId"] == listed[info["resultCode"]].id
    assert info["resultStatus"] == listed[info["resultCode"]].status
    if info["resultCode"] != "INVALID_CLIENT":
        verify(cut(response.content, Kind.RESPONSE), [GATEWAY], Profile.TILLGATE)
