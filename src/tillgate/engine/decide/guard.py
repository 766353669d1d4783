"""The replay rule around a verb of merchants' servers (U10): its mark is kept in the same commit.

It knows no verb's meaning. What must hold: other bytes under a remembered reqMsgId are refused
before anything is decided; the same bytes are decided again.
"""

from collections.abc import Sequence
from typing import Any, final

from tillgate.acquiring.replay import RequestMark
from tillgate.engine.commands import ServerCommand
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment, Verb
from tillgate.engine.working_set import Rows
from tillgate.kernel.record import Key


@final
class Guarded:
    """A verb with the replay rule before it."""

    def __init__(self, verb: Verb[Any]) -> None:
        """Guard this verb."""
        self._verb = verb
        self.outcome = verb.outcome

    def lookups(self, command: ServerCommand) -> Sequence[Lookup]:
        """Resolve what the verb resolves."""
        return self._verb.lookups(command)

    def keys(self, command: ServerCommand, found: Found) -> Sequence[Key]:
        """Name the mark besides the verb's rows."""
        named = self._verb.keys(command, found)
        mark = command.mark
        if mark is None:
            return named
        return [Key(RequestMark, (mark.client_id, mark.req_msg_id)), *named]

    def decide(self, command: ServerCommand, rows: Rows, found: Found, moment: Moment) -> object:
        """Refuse a reused reqMsgId, else decide and keep the mark."""
        mark = command.mark
        if mark is None:
            return self._verb.decide(command, rows, found, moment)
        known = rows.get(RequestMark, mark.client_id, mark.req_msg_id)
        if known is not None:
            known.check(mark.digest, moment.now_ms)
        outcome = self._verb.decide(command, rows, found, moment)
        if known is None:
            rows.insert(
                RequestMark(
                    client_id=mark.client_id,
                    req_msg_id=mark.req_msg_id,
                    digest=mark.digest,
                    at_ms=moment.now_ms,
                )
            )
        elif known.digest != mark.digest:
            rows.update(known.replaced(digest=mark.digest, at_ms=moment.now_ms))
        return outcome
