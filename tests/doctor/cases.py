"""Cases for the doctor: each mistake alone, then pairs of them, from fixed seeds.

What must hold: a case is the same in every run but for its keys, and says which codes are right.
"""

import random
from dataclasses import dataclass, field

from tests.doctor.making import Mistake
from tests.doctor.mistakes import MISTAKES
from tests.doctor.program import Program, an_order

SINGLES_EACH = 2
PAIRS = 80
SIGNING = frozenset({"signed_order", "signed_text", "before_signing", "sent_order", "sent_text"})
ALONE = frozenset(
    {"there is no signature", "the body is cut", "the signature is cut", "another key signs"}
)
"""Mistakes after which a signature says nothing, so a second one cannot be told."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A message with what was planted in it."""

    name: str
    mistakes: tuple[Mistake, ...]
    raw: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    keys: tuple[str, ...]

    @property
    def right(self) -> frozenset[str]:
        """Return the codes that name one of the mistakes."""
        return frozenset().union(*(mistake.codes for mistake in self.mistakes))

    @property
    def allowed(self) -> frozenset[str]:
        """Return the codes that may be called certain."""
        return self.right.union(*(mistake.also for mistake in self.mistakes))


def singles() -> list[Case]:
    """Return each mistake alone, on a few orders."""
    return [
        case_of((mistake,), f"{mistake.name} ({seed})", seed)
        for mistake in MISTAKES
        for seed in range(SINGLES_EACH)
    ]


def pairs(seed: int = 20260301) -> list[Case]:
    """Return two mistakes of different stages together."""
    rng = random.Random(seed)
    chosen: list[Case] = []
    while len(chosen) < PAIRS:
        first, second = rng.sample(MISTAKES, 2)
        if not _go_together(first, second):
            continue
        name = f"{first.name} + {second.name} ({len(chosen)})"
        try:
            chosen.append(case_of((first, second), name, rng.randrange(10**6)))
        except (ValueError, KeyError):
            continue  # The one leaves nothing that the other could spoil.
    return chosen


def _go_together(first: Mistake, second: Mistake) -> bool:
    stages = {first.stage, second.stage}
    if len(stages) == 1 or {first.name, second.name} & ALONE:
        return False
    if first.needs and second.needs and first.needs != second.needs:
        return False
    # A text that is changed both when signed and when sent is two mistakes about one thing.
    return not ({"signed_order", "sent_order"} <= stages or {"signed_text", "sent_text"} <= stages)


def case_of(mistakes: tuple[Mistake, ...], name: str, seed: int) -> Case:
    """Return the case of some mistakes."""
    rng = random.Random(f"{name} {seed}")
    order = an_order(rng)
    for mistake in mistakes:
        if mistake.needs:
            order["body"]["order"]["orderTitle"] = mistake.needs
    program = Program()
    for mistake in mistakes:
        mistake.plant(program, rng)
    raw, signed = program.run(order)
    return Case(name=name, mistakes=mistakes, raw=raw, signed=signed, keys=program.keys)
