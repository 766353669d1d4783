"""A gateway of a few lines for tests of the SDK: it signs what a test tells it to answer.

It knows how a right answer looks, so that a test can say what is wrong with its own; the two
colours of the SDK are driven through one handle. What must hold: whatever it answers is made from
the request that arrived, by the gateway's own key unless a test names another.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, TypeAlias, final

import msgspec
import pytest

from tests.support.wire import gateway_key, merchant_key, text_of
from tillgate.kernel.clock import ManualClock
from tillgate.kernel.results import Result
from tillgate.merchant import AsyncMerchant, Cause, Connection, Merchant, Repeating
from tillgate.merchant.asking import NotKnown, Reply
from tillgate.protocol.envelope import Kind, wrap_unsigned
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

CLIENT_ID: Final = "4Q5XSH6SSG02T006"
MERCHANT_ID: Final = "2160400000002012"
START_MS: Final = 1_543_989_653_000

Json: TypeAlias = dict[str, Any]
Answer: TypeAlias = Callable[[Json], Reply | NotKnown]
"""Makes the answer to the content of a request."""


def answer(
    request: Json,
    result: Result | ResultInfo,
    *,
    key: PrivateKey | None = None,
    head: Json | None = None,
    **body: Any,
) -> bytes:
    """Return the signed answer to a request; members of the head given as None are left out."""
    asked = request["head"]
    said = {
        "version": asked["version"],
        "function": asked["function"],
        "clientId": asked["clientId"],
        "respTime": "2018-12-05T14:00:54+08:00",
        "reqMsgId": asked["reqMsgId"],
        "reserve": "{}",
        **(head or {}),
    }
    info = result if isinstance(result, ResultInfo) else ResultInfo.of(result)
    content = {
        "head": {name: value for name, value in said.items() if value is not None},
        "body": {"resultInfo": json_of(info), **body},
    }
    return seal(Kind.RESPONSE, text_of(content), key or gateway_key(), Profile.TILLGATE)


def json_of(info: ResultInfo) -> Json:
    """Return a result as it stands in a message."""
    return {
        "resultStatus": info.result_status,
        "resultCodeId": info.result_code_id,
        "resultCode": info.result_code,
        "resultMsg": info.result_msg,
    }


def yes(**body: Any) -> Answer:
    """Return what answers SUCCESS with these members."""
    return lambda request: Reply(status=200, raw=answer(request, Result.SUCCESS, **body))


def says(result: Result, **body: Any) -> Answer:
    """Return what answers with a result."""
    return lambda request: Reply(status=200, raw=answer(request, result, **body))


def unsigned(result: Result) -> Answer:
    """Return what answers as a gateway does that does not know the client."""

    def made(request: Json) -> Reply:
        content = {
            "head": request["head"],
            "body": {"resultInfo": json_of(ResultInfo.of(result))},
        }
        return Reply(status=200, raw=wrap_unsigned(Kind.RESPONSE, text_of(content)))

    return made


def lost(cause: Cause) -> Answer:
    """Return what gets lost on the way."""
    return lambda _: NotKnown(cause=cause)


@final
class Script:
    """Answers one request after the other as it was told; keeps what was asked and slept."""

    def __init__(self, *answers: Answer) -> None:
        """Answer these, and then nothing more."""
        self._answers = list(answers)
        self.clock = ManualClock(START_MS)
        self.requests: list[Json] = []
        self.paths: list[str] = []
        self.pauses: list[float] = []
        self.closed = False

    def take(self, path: str, raw: bytes) -> Reply | NotKnown:
        """Return the next answer."""
        request = json.loads(raw)["request"]
        self.requests.append(request)
        self.paths.append(path)
        assert self._answers, f"nothing was expected to be asked any more, but {path} was"
        return self._answers.pop(0)(request)

    def slept(self, seconds: float) -> None:
        """Let the time pass."""
        self.pauses.append(seconds)
        self.clock.advance(round(seconds * 1000))

    @property
    def asked(self) -> list[str]:
        """Return the functions that were asked, by the last part of their names."""
        return [request["head"]["function"].rpartition(".")[2] for request in self.requests]

    @property
    def left(self) -> int:
        """Return how many answers nobody asked for."""
        return len(self._answers)


@final
class InPlace:
    """Carries to a script."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def post(self, path: str, raw: bytes) -> Reply | NotKnown:
        return self._script.take(path, raw)

    def pause(self, seconds: float) -> None:
        self._script.slept(seconds)

    def close(self) -> None:
        self._script.closed = True


@final
class OnLoop:
    """Carries to a script, on a loop."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def post(self, path: str, raw: bytes) -> Reply | NotKnown:
        await asyncio.sleep(0)
        return self._script.take(path, raw)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self._script.slept(seconds)

    async def close(self) -> None:
        self._script.closed = True


def settings(**changes: Any) -> dict[str, Any]:
    """Return what a merchant of tests is made with."""
    return {
        "client_id": CLIENT_ID,
        "merchant_id": MERCHANT_ID,
        "private_key": merchant_key(),
        "gateway_public_key": gateway_key().public,
        "fraction": lambda: 0.0,
        **changes,
    }


@final
class Sync:
    """Drives `Merchant`."""

    def __init__(self) -> None:
        """Drive nobody yet."""
        self.merchant: Merchant | None = None

    def scripted(self, script: Script, **changes: Any) -> "Sync":
        """Ask a script."""
        self.merchant = Merchant(
            **settings(carrier=InPlace(script), clock=script.clock, **changes),
        )
        return self

    def offline(self) -> "Sync":
        """Ask nobody."""
        self.merchant = Merchant(**settings())
        return self

    def over_http(self, base_url: str, **changes: Any) -> "Sync":
        """Ask over HTTP, in the place of whomever was asked before."""
        if self.merchant is not None:
            self.merchant.close()
        self.merchant = Merchant(**settings(base_url=base_url, **changes))
        return self

    def call(self, name: str, *args: Any, **named: Any) -> Any:
        """Call a method and return its outcome."""
        return getattr(self.merchant, name)(*args, **named)

    def wait(self, outcome: Any, **named: float) -> Any:
        """Wait until an outcome is known."""
        return outcome.wait_until_known(**named)

    def close(self) -> None:
        """Let go of everything."""
        if self.merchant is not None:
            self.merchant.close()


@final
class Async:
    """Drives `AsyncMerchant` on a loop of its own."""

    def __init__(self) -> None:
        """Start a loop; drive nobody yet."""
        self.merchant: AsyncMerchant | None = None
        self._runner = asyncio.Runner()

    def scripted(self, script: Script, **changes: Any) -> "Async":
        """Ask a script."""
        self.merchant = AsyncMerchant(
            **settings(carrier=OnLoop(script), clock=script.clock, **changes),
        )
        return self

    def offline(self) -> "Async":
        """Ask nobody."""
        self.merchant = AsyncMerchant(**settings())
        return self

    def over_http(self, base_url: str, **changes: Any) -> "Async":
        """Ask over HTTP, in the place of whomever was asked before."""
        if self.merchant is not None:
            self._done(self.merchant.aclose())
        self.merchant = AsyncMerchant(**settings(base_url=base_url, **changes))
        return self

    def call(self, name: str, *args: Any, **named: Any) -> Any:
        """Call a method and return its outcome."""
        found = getattr(self.merchant, name)(*args, **named)
        return self._done(found) if asyncio.iscoroutine(found) else found

    def wait(self, outcome: Any, **named: float) -> Any:
        """Wait until an outcome is known."""
        return self._done(outcome.wait_until_known(**named))

    def close(self) -> None:
        """Let go of everything."""
        if self.merchant is not None:
            self._done(self.merchant.aclose())
        self._runner.close()

    def _done(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(coroutine)


Colour: TypeAlias = Sync | Async

PATIENT: Final = Connection(connect_s=60, read_s=120, total_s=240)
"""For what does answer, on a machine that is busy."""
NOT_TAKEN: Final = msgspec.structs.replace(PATIENT, connect_s=0.5)
SILENT: Final = msgspec.structs.replace(PATIENT, read_s=0.3)
ENDLESS: Final = msgspec.structs.replace(PATIENT, total_s=2)
"""For what never answers: each is impatient in one respect, and patient in all that come before."""
ONCE: Final = Repeating(tries_max=1)


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """Run a test with each colour of the SDK; whatever was opened is closed."""
    made: Colour = request.param()
    yield made
    made.close()
