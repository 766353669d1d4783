"""The signed redirect to the merchant's returnUrl (PROTOCOL 4.14, decision U6).

Our parameters and `respTime` go after whatever the merchant's URL holds and before any fragment;
then `signature`, over a version line and the whole query before it, the merchant's own parameters
included. What must hold: the digest is SHA-256 and the encoding plain base64, whatever the profile,
since this format is ours and carries its version; a reader believes nothing before the check.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, final
from urllib.parse import parse_qsl, quote

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol import scan, urls
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.members import Message, member, members_of, part
from tillgate.protocol.messages.common import (
    AcquirementIdText,
    ExtendInfo,
    MerchantIdText,
    MerchantTransIdText,
    ResultInfo,
    WireMoney,
)
from tillgate.protocol.profile import Digest, Profile
from tillgate.protocol.rules import DATETIME
from tillgate.protocol.signature import sign, verify_bytes
from tillgate.protocol.validation import read_plain

SIGNED_PREFIX = b"tillgate-return-v1\n"
RETURN_URL_CHARACTERS_MAX = 16 * 1024
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
    own = "&".join(
        f"{name}={quote(value, safe='')}" for name, value in _as_query(parameters).items()
    )
    query = f"{address.query}&{own}" if address.query else own
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
    if len(text) > RETURN_URL_CHARACTERS_MAX:
        raise Refused(Result.REQUEST_TOO_LARGE, "The address is longer than any of ours.")
    before_fragment = text.partition("#")[0]
    _, mark, after = before_fragment.partition("?")
    query = after if mark else before_fragment
    signed, found, signature = query.rpartition(_MARK)
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
    return read_plain(ReturnParameters, _from_query(signed))


def _as_query(parameters: ReturnParameters) -> Mapping[str, str]:
    plain: dict[str, Any] = msgspec.to_builtins(parameters)
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in plain.items()
    }


def _from_query(query: str) -> dict[str, Any]:
    pairs = parse_qsl(query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    plain: dict[str, Any] = {}
    for each in members_of(ReturnParameters):
        if names.count(each.name) > 1:
            raise Refused(
                Result.PARAM_ILLEGAL, f"{each.name} is given twice in the address.", path=each.name
            )
        value = next((value for name, value in pairs if name == each.name), None)
        plain[each.name] = _object(each.name, value) if each.part and value else value
    return plain


def _object(name: str, value: str) -> Any:  # noqa: ANN401  Any JSON value.
    try:
        if scan.is_too_deep(value):
            raise ValueError("too deep")
        return scan.plain(value)
    except ValueError as fault:
        raise Refused(Result.PARAM_ILLEGAL, f"{name} is not compact JSON.", path=name) from fault
