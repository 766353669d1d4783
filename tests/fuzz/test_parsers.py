"""A short part of `make fuzz`: every parser of bytes from outside, the same way in every run.

Each target gets its seeds, whatever once crashed it, and seeds that were spoilt from a fixed seed;
and where there is a wheel of atheris, one is fuzzed by coverage as the long run does it. What must
hold: only the errors that a parser declares, within a second and 200 MB.
"""

import importlib.util
import random
import time
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.mutations import bytes_spoilt
from tools.fuzz.run import KEPT, fuzzed
from tools.fuzz.target import TooCostly, held
from tools.fuzz.targets import TARGETS

SPOILT: Final = 150
EXECUTIONS: Final = 2_000
BY_COVERAGE: Final = ("redirect",) if importlib.util.find_spec("atheris") else ()


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_fails_only_as_it_declares(name: str) -> None:
    target, dice = TARGETS[name], random.Random(4)
    seeds = list(target.seeds())
    kept = [path.read_bytes() for path in sorted((KEPT / name).glob("*"))]

    for data in (
        b"",
        *seeds,
        *kept,
        *(bytes_spoilt(dice.choice(seeds), dice) for _ in range(SPOILT)),
    ):
        held(target.take, data)


def test_fuzzing_by_coverage_runs_and_finds_nothing(tmp_path: Path) -> None:
    for name in BY_COVERAGE:
        options = (f"-runs={EXECUTIONS}", "-seed=1")
        figures = fuzzed(name, tmp_path / name, *options, time_s=40)
        assert figures.crashes == 0
        assert figures.executions >= EXECUTIONS
        assert figures.edges > 100


def test_an_input_that_costs_too_much_is_a_crash() -> None:
    def slow(data: bytes) -> None:
        until_s = time.thread_time() + 0.1
        while time.thread_time() < until_s:
            continue

    with pytest.raises(TooCostly, match="1 bytes took"):
        held(slow, b"x", work_s_max=0.05)
    held(slow, b"x")
