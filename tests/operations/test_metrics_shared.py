"""Metrics of several processes behind one port: their sum, also when one of them is killed.

The processes here are real and die by `kill -9`. What must hold: what a process counted outlives
it; what only a living process has goes with it; any process shows the sum of all.
"""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.reading import Page
from tillgate.edge import metrics_shared
from tillgate.edge.metrics_shared import Turn

COUNTING = """
import sys
from pathlib import Path
from tillgate.edge.meters import Owed
from tillgate.edge.metrics import Metrics
from tillgate.engine.lanes import Lane

metrics = Metrics(version="1", mode="sandbox", shared=Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    metrics.requested("cashier", 200, 0.01)
metrics.began([], {Lane.PEOPLE: 7, Lane.BACKGROUND: 0})
metrics.owing(Owed(due=int(sys.argv[2]), pending=5))
print("ready", flush=True)
for line in sys.stdin:
    print(metrics.page().decode().replace("\\n", chr(30)), flush=True)
"""


def _process(folder: Path, count: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(folder), str(count)],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _page(process: "subprocess.Popen[str]") -> Page:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("page\n")
    process.stdin.flush()
    return Page(process.stdout.readline().replace(chr(30), "\n"))


def test_any_process_shows_the_sum_and_a_killed_one_leaves_what_it_counted(tmp_path: Path) -> None:
    processes = [_process(tmp_path, count) for count in (3, 4)]
    try:
        for process in processes:
            page = _page(process)
            assert page.value("http_requests_total", door="cashier", status="200") == 7
            assert page.value("http_request_seconds_count", door="cashier") == 7
            assert page.value("queue_depth", lane="PEOPLE") == 14
            assert page.value("processes") == 2
            assert page.value("outbox_due") == 4, "of the one store, who looked last is right"

        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait(120)
        page = _page(processes[1])
        assert page.value("http_requests_total") == 7
        assert page.value("queue_depth", lane="PEOPLE") == 7
        assert page.value("processes") == 1

        processes.append(_process(tmp_path, 5))
        page = _page(processes[1])
        assert page.value("http_requests_total") == 12
        assert page.value("processes") == 2
    finally:
        for process in processes:
            process.kill()
            process.communicate(timeout=120)


def test_processes_that_die_again_and_again_leave_no_more_files(tmp_path: Path) -> None:
    """A folder in memory is small, and a full one ends every process that writes to it."""
    steady = _process(tmp_path, 1)
    try:
        for _ in range(4):
            dying = _process(tmp_path, 2)
            page = _page(steady)
            assert page.value("queue_depth", lane="PEOPLE") == 14
            assert page.value("processes") == 2
            dying.kill()
            dying.communicate(timeout=120)
        page = _page(steady)
        assert page.value("http_requests_total") == 9, "each went on where the one before it ended"
        assert page.value("http_request_seconds_count") == 9
        assert page.value("processes") == 1
        numbers = {path.stem.rpartition("_")[2] for path in tmp_path.glob("*.db")}
        assert numbers == {"1", "2"}
    finally:
        steady.kill()
        steady.communicate(timeout=120)


def test_processes_that_begin_at_once_have_files_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        processes = list(pool.map(lambda count: _process(tmp_path, count), (1, 2, 3, 4)))
    try:
        assert _page(processes[0]).value("http_requests_total") == 10
        assert len(list(tmp_path.glob("counter_*.db"))) == 4
    finally:
        for process in processes:
            process.kill()
            process.communicate(timeout=120)


def test_files_of_others_and_of_the_living_are_left_alone(tmp_path: Path) -> None:
    living = Turn(tmp_path, "files-1")
    assert living.is_mine()
    names = ("gauge_livesum_1.db", "gauge_livesum_x.db", "counter_2.db")
    for name in (*names, "gauge_livesum_2.db"):
        (tmp_path / name).touch()

    metrics_shared.forget_dead(tmp_path)

    assert {path.name for path in tmp_path.glob("*.db")} == set(names)
    living.end()


def test_a_job_for_one_is_done_by_one_and_taken_over(tmp_path: Path) -> None:
    first, second, alone = Turn(tmp_path, "job"), Turn(tmp_path, "job"), Turn(None, "job")

    assert [each.is_mine() for each in (first, second, first, alone)] == [True, False, True, True]
    first.end()
    assert second.is_mine()
    assert not first.is_mine()
    second.end()


def test_the_folder_is_told_to_children_and_goes_with_the_parent() -> None:
    with metrics_shared.together() as folder:
        assert metrics_shared.told_folder() == folder
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "counter_1.db").touch()
        name = folder.name.replace(f"-{os.getpid()}-", "-999999999-")
        left = folder.with_name(name)
        left.mkdir()
    assert not folder.exists()
    assert metrics_shared.told_folder() is None
    with metrics_shared.together():
        assert not left.exists(), "what a killed parent left is cleared away"
