"""The engine: takes waiting commands in batches, decides them, commits once, answers.

It knows how a batch is tried again when rows changed under it; it does not know what any command
means. What must hold: an outcome is given only after its commit; one poisoned command harms nobody
else; nothing is executed for a caller who was refused or told Unavailable without a recorded
operation that tells a repeat so.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import msgspec
import structlog

from tillgate.acquiring.operator import Fact
from tillgate.engine.commands import Command
from tillgate.engine.committed import Committed, Watcher
from tillgate.engine.lanes import Job, Lane, Lanes
from tillgate.engine.observer import UNOBSERVED, Observer
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Change, CommitUnknown, Lookup, RowsLocked, Store, StoreRefused
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.engine.surrender import UNSETTLED, Lost, broken, stopped, surrendered
from tillgate.engine.verb import Found, Moment, Recognises, ResolutionStale, Verb
from tillgate.engine.working_set import Contradiction, Overlay, WorkingSet
from tillgate.kernel.clock import SECOND_MS, Clock
from tillgate.kernel.errors import Broken, TillgateError, Unavailable, Unsettled
from tillgate.kernel.ids import IdFactory
from tillgate.kernel.record import Key, Record

Verbs = Mapping[type[Command], Verb[Any]]
Decided = tuple[Job, object, TillgateError | None]
"""A job with its outcome, or with the error it will be told; told only after the commit."""


@final
class Engine:
    """Decides commands. One per process and store."""

    def __init__(
        self,
        store: Store,
        *,
        verbs: Verbs,
        clock: Clock,
        ids: IdFactory,
        decide: DecideSettings,
        lanes: LaneSettings,
        observer: Observer = UNOBSERVED,
    ) -> None:
        """Bind the engine to its store and its rules; `start` makes it work."""
        self._store = store
        self._verbs = verbs
        self._clock = clock
        self._ids = ids
        self._decide = decide
        self._settings = lanes
        self._lanes = Lanes(lanes)
        self._latest_ms = 0
        self._written = ""
        self._written_at_ms = 0
        self._watchers: list[Watcher] = []
        self._observer = observer
        self._worker: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("tillgate.engine")

    def start(self) -> None:
        """Begin to take batches on the running loop."""
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """Finish the batch under way, refuse what waits, and end."""
        worker, self._worker = self._worker, None
        for job in self._lanes.drain():
            job.fail(stopped(job, "The gateway is stopping"))
        if worker is not None:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` after each commit of this engine with what it wrote.

        It is for waking workers and telling people; what must happen is a row in the store, since
        the process may end between the commit and the call.
        """
        self._watchers.append(watcher)

    async def execute(self, command: Command, lane: Lane = Lane.PEOPLE) -> Any:  # noqa: ANN401  One per verb.
        """Return the command's outcome, after the commit that holds its effect.

        Raises:
            Refused: the answer is no; nothing changed.
            Unavailable: the store did not take it within the tries; send it again unchanged.
            Broken: this command alone hit a defect.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        job = Job(command, done)
        if self._worker is None:
            raise stopped(job, "The gateway is not running")
        try:
            self._lanes.put(job, lane)
            outcome = await done
        except TillgateError as error:
            self._tell(self._observer.refused, command, error)
            raise
        self._tell(self._observer.answered, command)
        return outcome

    async def forget(self, record: type[Record], *, before_ms: int, limit: int) -> int:
        """Let the store forget old rows of a kind between two batches; return how many went."""
        return await self._store.forget(record, before_ms=before_ms, limit=limit)

    async def check_writes(self) -> None:
        """Return when a commit went through; at most one a second is made to find out.

        A database that answers reads may be locked by somebody, or have no room left.

        Raises:
            Unavailable: it does not; what the store raises otherwise says the same.
        """
        now_ms = self._clock.now_ms()
        if abs(now_ms - self._written_at_ms) < SECOND_MS:
            return
        # One row of a hundred, so that processes do not wait for each other here.
        self._written = self._written or f"written_at_ms {self._ids.digits(2)}"
        mark = Fact(name=self._written, value=str(now_ms))
        async with self._store.transaction() as transaction:
            known = await transaction.load([mark.key])
            await transaction.flush([Change(mark, is_insert=known[mark.key] is None)])
        self._written_at_ms = now_ms

    async def _work(self) -> None:
        while True:
            batch = await self._lanes.gather()
            run = asyncio.ensure_future(self._run(batch))
            try:
                await asyncio.shield(run)
            except asyncio.CancelledError:
                await run
                raise
            except Exception as error:  # noqa: BLE001  Not even a log that cannot be written ends the engine.
                for job in batch:
                    job.fail(broken(error))

    async def _run(self, batch: Sequence[Job]) -> None:
        """Settle a batch; it is over before anybody who was answered in it can ask again."""
        self._lanes.began()
        try:
            await self._settle(batch)
        finally:
            self._lanes.ended()

    async def _settle(self, jobs: Sequence[Job]) -> None:
        """Decide and commit; a batch that fails is cut in halves until each job stands alone."""
        pending = [list(jobs)]
        while pending:
            group = [job for job in pending.pop() if not job.done.done()]
            if not group:
                continue
            try:
                decided = await self._attempt(group)
            except (Lost, ResolutionStale, StoreRefused, CommitUnknown, Unavailable) as error:
                self._tell(self._observer.failed, group, error)
                pending.extend(self._regroup(group, error))
                await self._pause(group, error)
            except Exception as error:  # noqa: BLE001  A store's defect fails its batch, not the engine.
                self._log.exception("batch_broken", commands=len(group))
                self._tell(self._observer.failed, group, error)
                pending.extend(self._regroup(group, error))
            else:
                for job, outcome, refusal in decided:
                    if refusal is None:
                        job.answer(outcome)
                    else:
                        job.fail(refusal)

    def _regroup(self, group: list[Job], error: Exception) -> list[list[Job]]:
        """Return the groups to try next: the whole once more, then halves, until no try is left.

        A row that somebody holds was waited for already, seconds long, by everybody in the group:
        each goes on alone at once, and who then waits in vain is told so.

        An unreachable store or an unknown commit is nobody's fault: such a group stays whole, and
        what it costs is counted apart, so that it takes no try from whoever stands beside poison.
        """
        if isinstance(error, RowsLocked):
            return [[job] for job in reversed(group)] if group[1:] else self._locked(group, error)
        if isinstance(error, CommitUnknown | Unavailable):
            for job in group:
                job.outages += 1
                job.may_be_done |= isinstance(error, CommitUnknown)
            if min(job.outages for job in group) < self._settings.tries_max:
                return [group]
            return self._given_up(group, error)
        for job in group:
            job.tries += 1
        tries = min(job.tries for job in group)
        if len(group) == 1:
            return [group] if tries < self._settings.tries_max else self._given_up(group, error)
        if tries == 1:
            return [group]
        middle = len(group) // 2
        return [group[middle:], group[:middle]]

    def _locked(self, group: Sequence[Job], error: RowsLocked) -> list[list[Job]]:
        for job in group:
            job.context.run(self._log.error, "rows_locked", command=type(job.command).__name__)
        return self._given_up(group, error)

    def _given_up(self, group: Sequence[Job], error: Exception) -> list[list[Job]]:
        """Tell the callers, and leave no group to try."""
        for job in group:
            told = surrendered(error)
            if job.may_be_done and isinstance(told, Unavailable):
                told = Unsettled(UNSETTLED)
            if isinstance(told, Broken):
                self._page(job, error)
            job.fail(told)
        return []

    async def _pause(self, group: Sequence[Job], error: Exception) -> None:
        """Let a store that is away come back, a little longer each time, while the callers wait."""
        waiting = [job.outages for job in group if not job.done.done()]
        is_away = isinstance(error, CommitUnknown | Unavailable)
        if waiting and is_away and not isinstance(error, RowsLocked):
            await asyncio.sleep(self._settings.pause_ms * 2 ** (min(waiting) - 1) / 1_000)

    async def _attempt(self, jobs: Sequence[Job]) -> Sequence[Decided]:
        self._tell(self._observer.began, jobs, self._lanes.waiting())
        committed = Committed([])
        for job in jobs:
            job.is_found = None
        try:
            async with self._store.transaction() as transaction:
                failed: list[Decided] = []
                asked = self._asked(jobs, failed)
                found = await transaction.resolve([lookup for _, some in asked for lookup in some])
                plans, keys = self._planned(asked, found, failed)
                working = WorkingSet(await transaction.load(sorted(keys, key=lock_order)))
                # A commit that failed may have happened, so its instant counts as well.
                now_ms = self._latest_ms = max(self._clock.now_ms(), self._latest_ms)
                decided = self._decide_all(plans, working, now_ms)
                changes = working.changes()
                committed = Committed([(each.row, working.loaded(each.row)) for each in changes])
                self._tell(self._observer.decided, jobs)
                if changes and await transaction.flush(changes):
                    raise Lost
        except CommitUnknown:
            _keep_unheard(jobs, committed)
            raise
        self._tell(self._observer.committed, jobs)
        for each in (*_heard_of(jobs), committed):
            self._show(each)
        return [*failed, *decided]

    def _asked(
        self, jobs: Sequence[Job], failed: list[Decided]
    ) -> Sequence[tuple[Job, Sequence[Lookup]]]:
        """Return each command's lookups; one that cannot even say them fails alone."""
        asked = []
        for job in jobs:
            try:
                asked.append((job, self._verb(job).lookups(job.command)))
            except Exception as error:  # noqa: BLE001  Whatever it is, it is this command's alone.
                failed.append((job, None, self._fault(job, error)))
        return asked

    def _planned(
        self,
        asked: Sequence[tuple[Job, Sequence[Lookup]]],
        found: Found,
        failed: list[Decided],
    ) -> tuple[Sequence[tuple[Job, Found]], set[Key]]:
        """Return each command with what was found for it, and the keys of all rows to lock."""
        plans, keys, start = [], set[Key](), 0
        for job, lookups in asked:
            plan = found[start : start + len(lookups)]
            start += len(lookups)
            try:
                keys.update(self._verb(job).keys(job.command, plan))
            except Exception as error:  # noqa: BLE001  Whatever it is, it is this command's alone.
                failed.append((job, None, self._fault(job, error)))
            else:
                keys.add(Key(Operation, (job.command.operation_id,)))
                plans.append((job, plan))
        return plans, keys

    def _decide_all(
        self, plans: Sequence[tuple[Job, Found]], working: WorkingSet, now_ms: int
    ) -> Sequence[Decided]:
        moment = Moment(now_ms=now_ms, ids=self._ids, settings=self._decide)
        decided: list[Decided] = []
        for job, found in plans:
            if job.done.done():
                continue
            try:
                outcome = self._decide_one(job, working, found, moment)
                decided.append((job, outcome, None))
            except ResolutionStale:
                raise
            except Contradiction as error:
                if job.tries + 1 < self._settings.tries_max:
                    raise ResolutionStale from error
                decided.append((job, None, self._fault(job, error)))
            except Exception as error:  # noqa: BLE001  Whatever it is, it is this command's alone.
                decided.append((job, None, self._fault(job, error)))
        return decided

    def _fault(self, job: Job, error: Exception) -> TillgateError:
        """Return what the caller of this one command is told."""
        if isinstance(error, TillgateError) and not isinstance(error, Broken):
            return error
        self._page(job, error)
        return error if isinstance(error, Broken) else broken(error)

    def _page(self, job: Job, error: Exception) -> None:
        """Tell us of a rule that did not hold: its caller is told only that we do not know."""
        # In its caller's context, so that the line carries the caller's payment.
        job.context.run(
            self._log.error, "command_broken", command=type(job.command).__name__, exc_info=error
        )

    def _decide_one(self, job: Job, working: WorkingSet, found: Found, moment: Moment) -> object:
        command, verb = job.command, self._verb(job)
        overlay = Overlay(working)
        known = overlay.get(Operation, command.operation_id)
        job.is_found = known is not None
        if known is not None:
            if isinstance(verb, Recognises):
                verb.check_repeated(command, overlay)
            if known.command != type(command).__name__:
                message = f"operation {known.operation_id} was a {known.command} before"
                raise Broken(message)
            return msgspec.json.decode(known.outcome, type=verb.outcome)
        outcome = verb.decide(command, overlay, found, moment)
        if overlay.changed:
            operation = Operation(
                operation_id=command.operation_id,
                command=type(command).__name__,
                outcome=msgspec.json.encode(outcome),
                at_ms=moment.now_ms,
            )
            overlay.insert(operation)
            working.merge(overlay.changed)
        return outcome

    def _verb(self, job: Job) -> Verb[Any]:
        return self._verbs[type(job.command)]

    def _tell(self, hear: Callable[..., None], *what: object) -> None:
        try:
            hear(*what)
        except Exception:  # noqa: BLE001  Who only looks on harms nobody.
            self._log.exception("observer_broken")

    def _show(self, committed: Committed) -> None:
        for watcher in self._watchers if committed else ():
            try:
                watcher(committed)
            except Exception:  # noqa: BLE001  The commit stands, and its callers must be told.
                self._log.exception("watcher_broken")


def _keep_unheard(jobs: Sequence[Job], committed: Committed) -> None:
    """Keep what a commit wrote, if it happened, for who finds an operation of it; else for nobody.

    It happened as a whole or not at all, so all of its commands share it.
    """
    wrote = {row.operation_id for row, _ in committed.of(Operation)}
    unheard = [committed]
    for job in jobs:
        if job.command.operation_id in wrote:
            job.unheard = unheard


def _heard_of(jobs: Sequence[Job]) -> Sequence[Committed]:
    """Return what was unheard and happened, now that a try is committed.

    Whose operation was found had it done; whose was not has done it now, so it was not done before.
    """
    happened: list[Committed] = []
    for job in jobs:
        if job.is_found is not None:
            happened += job.unheard if job.is_found else ()
            job.unheard.clear()
    return happened


def lock_order(key: Key) -> tuple[str, tuple[str, ...]]:
    """Return the one global order in which rows are locked: table, then key."""
    return key.record.__name__, key.parts
