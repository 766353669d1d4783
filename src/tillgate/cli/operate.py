"""How an operator's command reaches the engine: through `/control` of a server, else directly.

Decides which way, by who holds the lock of the data folder; it knows no command. What must hold: no
two processes change one database; a command whose answer was lost is sent again under the same
operation id, so it is done once, and one that may have been done is never told as not done.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import msgspec

from tillgate.cli.surface import operator_name
from tillgate.config.folder import Folder, read_private
from tillgate.config.lock import Announced, Held, ServerLock, announced
from tillgate.config.settings import Settings
from tillgate.kernel.errors import Broken, Refused, Unavailable, Unsettled
from tillgate.kernel.ids import OperationId
from tillgate.kernel.results import Result

WAIT_S_MAX: Final = 10.0
LOOK_AGAIN_S: Final = 0.1
ANSWER_WAIT_S_MAX: Final = 20.0
PAGE_ROWS: Final = 1_000
NOT_KNOWN: Final = "It is not known whether this was done: {why} Look before you type it again."

T = TypeVar("T")


def settings_of(data: str, **given: str) -> Settings:
    """Return the settings of a command that was given `--data`; warn of who can read them."""
    settings = _read(data, given)
    if settings.warning:
        import sys

        sys.stderr.write(f"{settings.warning}\n")
    return settings


def folder_of(data: str) -> Folder:
    """Return the data folder alone; of the settings nothing is said."""
    return Folder(_read(data, {}).data)


def _read(data: str, given: Mapping[str, str]) -> Settings:
    import os
    from pathlib import Path

    from tillgate.config.settings import read_settings

    said = {**({"data": data} if data else {}), **given}
    return read_settings(said, os.environ, home=Path.home())


def operation_id() -> OperationId:
    """Return a new operation id."""
    return OperationId(secrets.token_hex(16))


def execute(kind: Callable[..., Any], settings: Settings, *, operator: str, **members: Any) -> Any:  # noqa: ANN401  Each command has its own members and outcome.
    """Have an operator's command decided and return its outcome as plain data.

    Raises:
        Refused: the answer is no.
        Unsettled: it may have been done; under the same `operation_id` it is not done twice.
        Unavailable: neither a server nor the database could be reached, and nothing was done.
    """
    from tillgate.gateway.operators import check_command

    named = {"operation_id": operation_id(), **members}
    command = kind(operator=operator_name(operator), **named)
    check_command(command)
    try:
        return _settled(command, settings)
    except Unsettled as error:
        raise Unsettled(NOT_KNOWN.format(why=error.sentence)) from None


def _settled(command: Any, settings: Settings) -> Any:  # noqa: ANN401  Any operator's command.
    """Return the outcome of whoever serves the folder; ask again while no answer comes."""
    folder, ends_s = Folder(settings.data), time.monotonic() + WAIT_S_MAX
    lost: Unsettled | None = None
    while True:
        try:
            with ServerLock.hold(folder, settings.database):
                return asyncio.run(_directly(command, settings))
        except Held as held:
            said = announced(folder)
            try:
                answer = _through(said, folder, command) if said else None
                if answer is not None:
                    return _outcome(*answer)
            except Unsettled as error:
                lost = error
            except Unavailable as error:
                raise lost or error from None
            if time.monotonic() > ends_s:
                raise lost or held from None
            time.sleep(LOOK_AGAIN_S)
        except Unavailable as error:
            raise lost or error from None


def read(settings: Settings, ask: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    """Return what `ask` reads of the database; a running server does not mind."""
    return asyncio.run(_reading(settings, ask))


async def _reading(settings: Settings, ask: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    from tillgate.bootstrap.databases import open_reader

    async with open_reader(settings) as reader:
        return await ask(reader)


async def every(reader: Any, record: type[Any], **equals: Any) -> list[Any]:  # noqa: ANN401  The engine's Reader.
    """Return all rows of a kind, read page by page in key order."""
    from tillgate.engine.ports import Select

    rows: list[Any] = []
    after: tuple[Any, ...] = ()
    while True:
        query = Select(
            record=record, equals=tuple(equals.items()), after_key=after, limit=PAGE_ROWS
        )
        page = await reader.select(query)
        rows.extend(page)
        if len(page) < PAGE_ROWS:
            return rows
        after = tuple(getattr(page[-1], name) for name in record.key_fields)


async def _directly(command: Any, settings: Settings) -> Any:  # noqa: ANN401  Each command has its own outcome.
    from tillgate.bootstrap.books import mode_of, open_books
    from tillgate.cli.logs import set_logging

    set_logging(settings.log_level)
    opening: AbstractAsyncContextManager[Any] = open_books(settings, must_exist=True)
    async with opening as books:
        await mode_of(books)
        return msgspec.to_builtins(await books.engine.execute(command), enc_hook=str)


def _through(said: Announced, folder: Folder, command: Any) -> tuple[int, Any] | None:  # noqa: ANN401  Any operator's command.
    """Return the status and the answer of a running server, or None when it was not reached.

    Raises:
        Unsettled: it was reached, and its answer did not come.
    """
    import httpx2

    from tillgate.gateway.operators import write_command

    token = read_private(folder.control_token).decode()
    try:
        answer = httpx2.post(
            f"{said.control}/control",
            content=write_command(command),
            headers={"authorization": f"Bearer {token}"},
            timeout=httpx2.Timeout(ANSWER_WAIT_S_MAX, connect=2.0),
            trust_env=False,
        )
        return answer.status_code, answer.json()
    except (httpx2.ConnectError, httpx2.ConnectTimeout):
        return None
    except (httpx2.TransportError, ValueError):
        raise Unsettled("The running server's answer was lost.") from None


def _outcome(status: int, answer: Any) -> Any:  # noqa: ANN401  JSON.
    match status:
        case 200:
            return answer["outcome"]
        case 422:
            result = Result[answer["result"]]
            raise Refused(result, answer["sentence"], path=answer["path"])
        case 500:
            raise Broken(answer["error"])
        case 504:
            raise Unsettled(answer["error"])
        case _:
            raise Unavailable(f"The running server did not take this: {answer['error']}")
