"""One POST of a notification to a merchant's own endpoint, as the gateway's sender makes it.

`listen`, `replay` and `trigger` send by it. It decides how bytes travel and what their end is
called, by the same names as the gateway's own sender; it judges no answer. What must hold: the
bytes go out as they are, with the gateway's headers; nothing is followed, unpacked or taken from
the environment; an exchange ends in time.
"""

import asyncio
import time
from typing import Any, Final, final

import msgspec

from tillgate.kernel.clock import SECOND_MS
from tillgate.workers.outgoing.port import SendFailure, SendResult

EXCHANGE_S_MAX: Final = 10.0
BODY_BYTES_MAX: Final = 64 * 1024
DETAIL_CHARACTERS_MAX: Final = 200
HEADERS: Final = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "content-type": "application/json;charset=utf-8",
    "user-agent": "Tillgate",
}
_REDIRECTS: Final = range(300, 400)


@final
class _TooLarge(Exception):
    """More came back than is read."""


@final
class Forwarder:
    """Posts to one endpoint, with connections of its own."""

    def __init__(self, url: str, *, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        """Open nothing yet; the endpoint is checked already."""
        import httpx2

        self.url = url
        self._body_bytes_max = body_bytes_max
        self._http: Any = httpx2
        self._client = httpx2.AsyncClient(
            headers=HEADERS, timeout=EXCHANGE_S_MAX, follow_redirects=False, trust_env=False
        )

    async def post(self, raw: bytes) -> SendResult:
        """Post these bytes and return what became of it."""
        began_s, status, body = time.monotonic(), None, bytearray()
        failure, detail = None, ""
        try:
            async with (
                asyncio.timeout(EXCHANGE_S_MAX),
                self._client.stream("POST", self.url, content=raw) as response,
            ):
                status = response.status_code
                async for piece in response.aiter_raw():
                    body += piece[: self._body_bytes_max + 1 - len(body)]
                    if len(body) > self._body_bytes_max:
                        raise _TooLarge
        except (TimeoutError, _TooLarge, self._http.TransportError) as error:
            failure, detail = self._failure(error), str(error)
        if failure is None and status in _REDIRECTS:
            failure = SendFailure.REDIRECT
        sentence = f"{failure.sentence} {detail}".strip() if failure else ""
        return SendResult(
            status=status,
            body=bytes(body[: self._body_bytes_max]),
            elapsed_ms=round((time.monotonic() - began_s) * SECOND_MS),
            connected_address=None,
            failure=failure,
            sentence=sentence[:DETAIL_CHARACTERS_MAX],
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    def _failure(self, error: Exception) -> SendFailure:
        if isinstance(error, _TooLarge):
            return SendFailure.TOO_LARGE
        if isinstance(error, TimeoutError | self._http.TimeoutException):
            return SendFailure.TIMEOUT
        if isinstance(error, self._http.ConnectError):
            is_tls = "ssl" in str(error).lower() or "certificate" in str(error).lower()
            return SendFailure.TLS if is_tls else SendFailure.CONNECT
        if isinstance(error, self._http.RemoteProtocolError | self._http.LocalProtocolError):
            is_broken = "disconnected" in str(error) or "without" in str(error)
            return SendFailure.BROKEN_OFF if is_broken else SendFailure.PROTOCOL
        return SendFailure.BROKEN_OFF


class _Head(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    function: str = ""
    req_msg_id: str = ""


class _ResultInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    result_code: str = ""


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    merchant_trans_id: str = ""
    merchant_agreement_id: str = ""
    result_info: _ResultInfo = _ResultInfo()


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    head: _Head
    body: _Body


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    request: _Content


@final
class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification says it is about, for people; nobody has checked it.

    Attributes:
        number: the order's or the agreement's.
        says: the result code, or `ENDED` for an agreement.
    """

    function: str = ""
    req_msg_id: str = ""
    number: str = ""
    says: str = ""


def about(raw: bytes) -> About:
    """Return what a notification says it is about."""
    try:
        said = msgspec.json.decode(raw, type=_Envelope).request
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return About()
    body = said.body
    return About(
        function=said.head.function,
        req_msg_id=said.head.req_msg_id,
        number=body.merchant_trans_id or body.merchant_agreement_id,
        says=body.result_info.result_code or ("ENDED" if body.merchant_agreement_id else ""),
    )
