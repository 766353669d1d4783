"""The signed redirect to the merchant's returnUrl (PROTOCOL 4.14, decision U6).

Our parameters and `respTime` go after whatever the merchant's URL holds and before any fragment;
then `signature`, over a version line and the whole query before it, the merchant's own parameters
included. What must hold: the digest is SHA-256 and the encoding plain base64, whatever the profile,
since this format is ours and carries its version; a reader believes nothing before the check.
"""

from collections.abc import Sequence
from typing import Annotated, final
from urllib.parse import quote

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol import urls
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.members import Message, member, part
from tillgate.protocol.messages.common import (
    AcquirementIdText,
    ExtendInfo,
    MerchantIdText,
    MerchantTransIdText,
    ResultInfo,
    WireMoney,
)
from tillgate.protocol.parameters import appended, plain_of, query_of
from tillgate.protocol.profile import Digest, Profile
from tillgate.protocol.rules import DATETIME
from tillgate.protocol.signature import sign, verify_bytes
from tillgate.protocol.validation import read_plain

SIGNED_PREFIX = b"tillgate-return-v1\n"
_MARK = "&signature="


@final
class ReturnParameters(Message, frozen=True, kw_only=True):
    """What the merchant's page is told; `resultInfo` and `orderAmount` travel as compact JSON."""

    merchant_id: MerchantIdText
    merchant_trans_id: MerchantTransIdText
    result_info: Annotated[
        ResultInfo,
        part(
            "the result of the payment",
            sample='{"resultStatus":"S","resultCodeId":"00000000","resultCode":"SUCCESS"}',
        ),
    ]
    acquirement_id: AcquirementIdText
    order_amount: Annotated[
        WireMoney, part("what the order asked for", sample='{"currency":"HKD","value":"1000"}')
    ]
    create_time: (
        Annotated[
            str,
            member("when the order was created", sample="2018-12-04T22:00:53-08:00", rule=DATETIME),
        ]
        | None
    ) = None
    extend_info: ExtendInfo | None = None
    resp_time: Annotated[
        str, member("when this was signed", sample="2018-12-04T22:01:12-08:00", rule=DATETIME)
    ]


def sign_return_url(url: str, parameters: ReturnParameters, key: PrivateKey) -> str:
    """Return the address the buyer's browser is sent to.

    Raises:
        ValueError: the merchant's URL cannot be used; `urls.RETURN_URL` would have refused it.
    """
    address = urls.parse(url)
    urls.refuse_reserved(address)
    query = appended(address, parameters)
    signature = sign(SIGNED_PREFIX + query.encode(), key, Profile.TILLGATE)
    return str(msgspec.structs.replace(address, query=f"{query}{_MARK}{quote(signature, safe='')}"))


def read_return_url(text: str, keys: Sequence[PublicKey]) -> ReturnParameters:
    """Verify an address the buyer arrived at, and read what it says.

    Args:
        text: the raw text: the whole URL, path and query, or the query alone; never parameters
            that a framework has decoded and would write differently.
        keys: the gateway's public keys.

    Raises:
        Refused: INVALID_SIGNATURE, or PARAM_MISSING and PARAM_ILLEGAL for its parameters.
    """
    signed, found, signature = query_of(text).rpartition(_MARK)
    if not found or "&" in signature:
        raise Refused(
            Result.INVALID_SIGNATURE,
            "The address does not end in a signature; hand in its raw text, unchanged.",
            path="signature",
        )
    try:
        raw = SIGNED_PREFIX + signed.encode()
    except UnicodeEncodeError as fault:
        raise Refused(Result.INVALID_SIGNATURE, path="signature") from fault
    verify_bytes(raw, signature, keys, Digest.RSA2)
    return read_plain(ReturnParameters, plain_of(ReturnParameters, signed))
