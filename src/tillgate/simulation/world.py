"""A simulated world: machines that are restarted, clocks that jump, people, and then a quiet end.

One seed decides everything. The loud part lets stories and faults run together; the quiet part
switches faults off, brings everything up, and lets days pass until nothing is due any more. What
must hold: whatever is open after the quiet part was open for a reason.
"""

import asyncio
import random
from typing import Any, Final, final

from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.states import AttemptState
from tillgate.engine.commands import AnswerAttempt, Command
from tillgate.engine.issuer import Answer, Declined
from tillgate.engine.settings import DecideSettings
from tillgate.kernel.clock import HOUR_MS, SECOND_MS
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.ids import MerchantId, MerchantTransId
from tillgate.simulation.bank import Bank
from tillgate.simulation.buyer import Buyer
from tillgate.simulation.clock import SimulatedClock
from tillgate.simulation.database import Database
from tillgate.simulation.faults import Fault, Faults
from tillgate.simulation.ids import SeededIds
from tillgate.simulation.keys import Keys
from tillgate.simulation.net import Net
from tillgate.simulation.people import AGREEMENTS, PEOPLE, SELLERS, Agreed, register
from tillgate.simulation.process import Process, Town
from tillgate.simulation.shop import Shop, Surroundings
from tillgate.simulation.stories import Cast, Story
from tillgate.simulation.targets import Targets
from tillgate.simulation.told import Tellings
from tillgate.simulation.trace import Trace
from tillgate.simulation.watching import Watching

MACHINES: Final = ("west", "east")
DOWN_S: Final = (0.5, 9.0)
UNREST_S: Final = (1.0, 15.0)
JUMPS_MS: Final = (2 * SECOND_MS, 70 * SECOND_MS, HOUR_MS)
QUIET_S: Final = 2 * 86_400
"""Longer than a merchant is told a thing, from the first send to the last."""
TICKS_MAX: Final = 1_000
"""Who needs more of them gets nowhere: a defect would keep a run in its quiet part for hours."""
STRIDE_MS: Final = HOUR_MS
"""The longest jump, since something may come up meanwhile."""
STORY_WITHIN_S: Final = 70.0


@final
class World:
    """Everything of one run."""

    def __init__(self, seed: int, keys: Keys, loop: asyncio.AbstractEventLoop) -> None:
        """Put the world together; `run` lets it go."""
        self.seed = seed
        self.clock = SimulatedClock(loop)
        self.trace = Trace(self.clock)
        self.faults = Faults(self._stream("faults"), self.trace)
        self.database = Database()
        self.bank = Bank(self._stream("bank"), self.faults, self.trace)
        self.targets = Targets(keys, self.faults, self.trace)
        self.net = Net(self._stream("net"), self.faults, self.trace)
        self.tellings = Tellings()
        self.watching = Watching(self.database, self.bank, self.trace)
        self.town = Town(
            self.database, self.bank, self.targets, self.faults, keys, seed=f"seed {seed}"
        )
        around = Surroundings(
            self.net, self.clock, keys, self.tellings, self._stream("people"), SeededIds(f"{seed}")
        )
        self.shops = [Shop(seller, around) for seller in SELLERS]
        self.buyers = {person.name: Buyer(person, around) for person in PEOPLE}
        self.stories: list[Story] = []
        self._runs = 0
        self._is_quiet = False
        self._ever: list[Process] = []
        """Kept, since what a dead process had under way must not be swept away while it waits."""
        self._chance = self._stream("world")
        self.bank.later = self._bank_says_later

    def _stream(self, name: str) -> random.Random:
        return random.Random(f"{self.seed}/{name}")

    async def run(self, stories: int) -> None:
        """Let so many stories happen, and then let the world come to rest."""
        for name in MACHINES:
            self._start(name)
        process = self.net.processes[MACHINES[0]]
        key = self.town.keys.merchant.public
        await register(process.desk.engine.execute, SeededIds(f"{self.seed}/operator").token, key)
        tokens = await self._agreements()
        await self._loud(stories, tokens)
        await self._quiet()

    async def _agreements(self) -> dict[str, tuple[Agreed, str]]:
        """Let payers sign what merchants ask for, and merchants get their tokens."""
        tokens = {}
        for agreed in AGREEMENTS:
            shop = self.shops[SELLERS.index(agreed.seller)]
            buyer = self.buyers[agreed.payer.name]
            asked = await shop.prepare(agreed.name)
            await buyer.sign_in()
            path = "/" + asked.said["authSiteUrl"].split("/", 3)[3] if asked else ""
            led = await buyer.agree(agreed, f"{path}/sign")
            code = next(part for part in led.split("&") if "authCode=" in part)
            told = await shop.apply(agreed.name, code.partition("authCode=")[2])
            tokens[agreed.name] = (
                agreed,
                told.said["accessTokenInfo"]["accessToken"] if told else "",
            )
        return tokens

    async def _loud(self, stories: int, tokens: dict[str, tuple[Agreed, str]]) -> None:
        self.faults.are_on = True
        cast = Cast(self.shops, self.buyers, tokens, self.faults)
        self.net.begin(self._unrest())
        within_s = STORY_WITHIN_S * stories / 12
        played = [self._story(cast, number, within_s=within_s) for number in range(stories)]
        await asyncio.gather(*played)
        self.faults.are_on = False

    async def _story(self, cast: Cast, number: int, *, within_s: float) -> None:
        chance = self._stream(f"story {number}")
        await asyncio.sleep(chance.uniform(0, within_s))
        story = Story(cast, chance, number)
        self.stories.append(story)
        await story.play()

    async def _unrest(self) -> None:
        """Stop machines in order and let their clocks go wrong, again and again."""
        while self.faults.are_on:
            await asyncio.sleep(self._chance.uniform(*UNREST_S))
            process = self.net.processes.get(self._chance.choice(MACHINES))
            if process is None or not process.life.is_alive:
                continue
            if self.faults.strikes(Fault.RESTART, 15, who=process.name):
                await process.stop()
                continue
            by_ms = self._chance.choice(JUMPS_MS)
            if self.faults.strikes(Fault.CLOCK_FORWARD, 15, who=process.name, what=f"{by_ms}"):
                process.clock.jump(by_ms)
            if self.faults.strikes(Fault.CLOCK_BACK, 15, who=process.name, what=f"{by_ms}"):
                process.clock.jump(-by_ms)

    async def _quiet(self) -> None:
        """Bring one machine up with a right clock, and let days pass on it."""
        self.trace.note("world", "QUIET")
        self._is_quiet = True
        for process in list(self.net.processes.values()):
            if process.life.is_alive:
                await process.stop()
        self.net.processes = {}
        process = self._start(MACHINES[0])
        await self._settle(process)
        await self._ask_everything()

    async def _ask_everything(self) -> None:
        """Let everybody ask once more: pages how they ended, shops for orders, payers for money."""
        for buyer in self.buyers.values():
            await buyer.sign_in()
        for story in self.stories:
            for buyer, page in story.pages:
                await buyer.trade_pay(page)
            for shop, trans in story.orders:
                await shop.query(trans)

    async def _settle(self, process: Process) -> None:
        """Let its workers do what is due, jumping from one instant to the next."""
        end_ms = self.clock.now_ms() + QUIET_S * SECOND_MS
        await process.workers.tick()
        for _ in range(TICKS_MAX):
            if (now_ms := self.clock.now_ms()) >= end_ms:
                return
            next_ms = await process.workers.next_at_ms()
            wait_ms = end_ms - now_ms if next_ms is None else max(next_ms - now_ms, SECOND_MS)
            await asyncio.sleep(min(wait_ms, STRIDE_MS, end_ms - now_ms) / SECOND_MS)
            await process.workers.tick()

    def _start(self, name: str) -> Process:
        """Start a machine, and again whenever it is down; in the quiet part by hand."""
        self._runs += 1
        process = Process(self.town, name, run=self._runs, decide=DecideSettings())
        self.net.processes[name] = process
        self._ever.append(process)
        self.trace.note(name, "starts")
        process.start(polls=not self._is_quiet)
        if not self._is_quiet:
            self.net.begin(self._restart(process))
        return process

    async def _restart(self, process: Process) -> None:
        await process.life.ended.wait()
        self.trace.note(process.name, "is down")
        await asyncio.sleep(self._chance.uniform(*DOWN_S))
        if not self._is_quiet:
            self._start(process.name)

    def _bank_says_later(self, reference: str, answer: Answer, after_s: float) -> None:
        self.net.begin(self._bank_says(reference, answer, after_s))

    async def _bank_says(self, reference: str, answer: Answer, after_s: float) -> None:
        """Let the bank say something that nobody asked, until some process takes it."""
        await asyncio.sleep(after_s)
        merchant, trans, number = reference.split("/")
        row = await self.database.rows.get(Attempt, merchant, trans, number)
        is_lie = (
            isinstance(answer, Declined) and reference in self.bank.taken | self.bank.given_back
        )
        if row is None or (is_lie and row.state is not AttemptState.APPROVED):
            return  # It contradicts only what was heard.
        self.bank.say(reference, answer)
        while not await self._taken(row, answer):  # noqa: ASYNC110  Nobody tells the bank when.
            await asyncio.sleep(1)

    async def _taken(self, row: Attempt, answer: Answer) -> bool:
        process = self.net.pick()
        if process is None:
            return False
        command: Command = AnswerAttempt(
            operation_id=process.desk.operation(),
            merchant_id=MerchantId(row.merchant_id),
            merchant_trans_id=MerchantTransId(row.merchant_trans_id),
            attempt_no=row.attempt_no,
            answer=answer,
        )
        doing: asyncio.Future[Any] = asyncio.ensure_future(process.desk.engine.execute(command))
        try:
            await asyncio.wait_for(doing, 30)
        except (TimeoutError, Unavailable):
            return False
        return True
