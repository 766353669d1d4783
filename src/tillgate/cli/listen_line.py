"""A listener's line to a gateway elsewhere: signed questions, signed answers, nothing else.

It decides what is believed and what may be asked again; what is told it hands on. What must hold: a
question is signed anew for each try, because a gateway answers no question twice; an answer counts
only if the gateway signed it for this very question.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Final, final

import msgspec

from tillgate.cli.given_url import said_by_gateway
from tillgate.kernel.clock import SystemClock
from tillgate.kernel.errors import Refused, TillgateError, Unavailable
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, Kind, cut
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.messages.head import request_head
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify
from tillgate.sandbox.listening_wire import (
    FUNCTION,
    PATH,
    WAIT_S_MAX,
    Listen,
    ListenContent,
    Listened,
    ListenedContent,
)

PAUSES_S: Final = (0.2, 0.5, 1.0)
"""Pauses before a question is asked again; the last one from then on. What comes to be told in such
a pause goes to its URL."""
CONNECT_S_MAX: Final = 5.0
RUNS_MAX: Final = 3
"""How often a question is put: a gateway that starts anew in between wants it again."""
ANSWER_BYTES_MAX: Final = MESSAGE_BYTES_MAX
_OK: Final = 200
_REFUSED: Final = 422
_PASSING: Final = frozenset({429, 502, 503, 504})
_NOT_THERE: Final = (
    "This gateway has no listeners: only a sandbox of one process has. In production your notifyUrl"
    " must be reachable; for a sandbox, start it with `tillgate serve --sandbox`."
)


class NoListeners(TillgateError):
    """What answers is no gateway that one could listen to."""


@final
class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who listens, and whom it believes."""

    client_id: str
    key: PrivateKey
    gateway_keys: tuple[PublicKey, ...]
    profile: Profile


@final
class Line:
    """Asks one gateway."""

    def __init__(self, origin: str, identity: Identity, *, told: Callable[[str], None]) -> None:
        """Open nothing yet; `told` hears when the gateway cannot be reached, and when it can."""
        import httpx2

        self.origin = origin
        self._identity = identity
        self._told = told
        self._http: Any = httpx2
        self._clock = SystemClock()
        self._is_away = False
        self._run = ""
        self._client = httpx2.AsyncClient(
            base_url=origin,
            timeout=httpx2.Timeout(WAIT_S_MAX + 10.0, connect=CONNECT_S_MAX),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def ask(self, body: Listen, *, tries_max: int | None = None) -> Listened:
        """Return what the gateway says; while it is away, ask again.

        Raises:
            Refused: the gateway says no, or somebody else answers in its name.
            NoListeners: there is no such door.
            UsageError: what answers is no gateway.
            Unavailable: so many tries were in vain.
        """
        tries = 0
        while True:
            try:
                listened = await self._asked(body)
            except Unavailable as error:
                tries += 1
                if tries_max is not None and tries >= tries_max:
                    raise
                self._away(error)
                body = msgspec.structs.replace(body, wait_s=0)  # To hear soon that it is back.
                await asyncio.sleep(PAUSES_S[min(tries, len(PAUSES_S)) - 1])
                continue
            if self._is_away:
                self._is_away = False
                self._told("The gateway is back.")
            return listened

    def _away(self, error: Unavailable) -> None:
        if not self._is_away:
            self._is_away = True
            self._told(f"{error.sentence} Trying again until it is back.")

    async def _asked(self, body: Listen) -> Listened:
        """Ask for the gateway's run, which it tells to whoever does not know it, then this."""
        for _ in range(RUNS_MAX):
            run = self._run
            listened = await self._put(msgspec.structs.replace(body, run=run))
            self._run = listened.run
            if listened.run == run:
                return listened
        raise Unavailable("The gateway starts anew again and again.")

    async def _put(self, body: Listen) -> Listened:
        """Ask once."""
        who = self._identity
        head = request_head(
            FUNCTION,
            client_id=who.client_id,
            req_msg_id=secrets.token_hex(16),
            now_ms=self._clock.now_ms(),
        )
        signed = msgspec.json.encode(ListenContent(head=head, body=body))
        raw = seal(Kind.REQUEST, signed, who.key, who.profile)
        status, answer = await self._post(raw)
        if status in _PASSING:
            raise Unavailable(_why(answer) or f"The gateway is busy or starting (HTTP {status}).")
        said_by_gateway(status, answer)
        if status == _REFUSED:
            raise _refused(answer)
        if status != _OK:
            raise NoListeners(_NOT_THERE)
        return self._believed(answer, head.req_msg_id)

    async def _post(self, raw: bytes) -> tuple[int, bytes]:
        answer = bytearray()
        try:
            async with self._client.stream("POST", PATH, content=raw) as response:
                async for piece in response.aiter_raw():
                    answer += piece
                    if len(answer) > ANSWER_BYTES_MAX:
                        raise NoListeners("What answers is no gateway: it says too much.")
        except self._http.TransportError as error:
            raise Unavailable(f"The gateway at {self.origin} cannot be reached.") from error
        return response.status_code, bytes(answer)

    def _believed(self, answer: bytes, req_msg_id: str) -> Listened:
        """Return what an answer says, if the gateway signed it for this question.

        Raises:
            Refused: it did not.
        """
        who = self._identity
        taken = cut(answer, Kind.RESPONSE)
        try:
            verify(taken, who.gateway_keys, who.profile)
        except Refused as refused:
            sentence = (
                "The answer is not signed with the gateway's key you hold; check it and --url."
            )
            raise Refused(Result.INVALID_SIGNATURE, sentence, path="--gateway-key") from refused
        try:
            content = msgspec.json.decode(taken.signed, type=ListenedContent)
        except msgspec.DecodeError as error:
            raise NoListeners(f"The gateway speaks another version: {error}.") from error
        if content.head.function != FUNCTION or content.head.req_msg_id != req_msg_id:
            raise Refused(Result.FUNCTION_NOT_MATCH, "The answer is for another question.")
        return content.body


class _Not(msgspec.Struct, frozen=True, kw_only=True):
    error: str


def _why(answer: bytes) -> str:
    """Return what a gateway says that cannot answer now, or ""."""
    try:
        return msgspec.json.decode(answer, type=_Not).error[:200]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


class _No(msgspec.Struct, frozen=True, kw_only=True):
    result: str
    sentence: str
    path: str = ""


def _refused(answer: bytes) -> TillgateError:
    """Return the error that the gateway told; being asked too often passes."""
    try:
        no = msgspec.json.decode(answer, type=_No)
        result = Result[no.result]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return NoListeners(_NOT_THERE)
    if result is Result.REQUEST_TRAFFIC_EXCEED_LIMIT:
        return Unavailable("The gateway takes no more just now.")
    return Refused(result, no.sentence, path=no.path)
