"""A loop in a thread of its own, and what the caller's thread does while it waits for it.

The gateway runs in the loop. A tester's own app runs where the tester calls: whoever waits for the
loop runs the *errands* that the loop has meanwhile, so an app under test is called in the test's
own thread, as its framework's test client would call it, with that thread's database connection.
What must hold: an errand runs once, in a thread that waits; nobody waits without an end.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar, final

import uvloop

WAIT_S_MAX: Final = 120.0
"""How long somebody waits for the gateway: an advance of the clock may make thousands of sends."""

T = TypeVar("T")


@final
class Errand(Generic[T]):
    """Work that the loop has for a waiting thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Keep the work."""
        self._work = work
        self.done: Future[T] = Future()

    def run(self) -> None:
        """Do it here and now, unless nobody wants it any more.

        What is no ordinary error, such as the end of the test, is raised here, too.
        """
        if not self.done.set_running_or_notify_cancel():
            return
        try:
            self.done.set_result(self._work())
        except Exception as error:  # noqa: BLE001  It is raised where the errand came from.
            self.done.set_exception(error)
        except BaseException:
            self.done.set_exception(RuntimeError("The test ended during this delivery."))
            raise


@final
class LoopThread:
    """Runs coroutines for other threads."""

    def __init__(self) -> None:
        """Begin with `start`."""
        self._errands: deque[Errand[Any]] = deque()
        self._told = threading.Condition()

    def start(self) -> None:
        """Begin."""
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tillgate-sandbox", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns; meanwhile run errands in this thread.

        Raises:
            TimeoutError: it takes too long.
        """
        answer = asyncio.run_coroutine_threadsafe(work, self._loop)
        answer.add_done_callback(self._tell)
        try:
            while not answer.done():
                self._next_errand(answer)
        except BaseException:
            answer.cancel()
            raise
        return answer.result()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns, and run no errand: what is left behind stays so.

        Raises:
            TimeoutError: it takes too long.
        """
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S_MAX)

    async def errand(self, work: Callable[[], T]) -> T:
        """Have this done by a thread that waits for the loop, now or when the next one does."""
        errand = Errand(work)
        with self._told:
            self._errands.append(errand)
            self._told.notify()
        return await asyncio.wrap_future(errand.done)

    def forget_errands(self) -> None:
        """Do none of the errands that nobody has begun."""
        with self._told:
            forgotten = list(self._errands)
            self._errands.clear()
        for errand in forgotten:
            errand.done.cancel()

    def stop(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _next_errand(self, answer: "Future[Any]") -> None:
        with self._told:
            is_told = self._told.wait_for(lambda: bool(self._errands) or answer.done(), WAIT_S_MAX)
            errand = self._errands.popleft() if self._errands else None
        if not is_told:
            raise TimeoutError(f"The sandbox gave no answer in {WAIT_S_MAX:.0f} s.")
        if errand is not None:
            errand.run()

    def _tell(self, _answer: "Future[Any]") -> None:
        with self._told:
            self._told.notify_all()
