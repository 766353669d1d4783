"""The parent of several processes, with real children whose work is a few lines.

It runs in an interpreter of its own, as a parent of a gateway does. What must hold: a process that
cannot be started takes none of the others with it; a stop is clean however early a child hears of
it; nothing that ends a child is kept to itself.
"""

import subprocess
import sys
from pathlib import Path

BEGIN = """
import errno, os, signal, socket, sys, time
from pathlib import Path
from tillgate.cli import several
from tillgate.config.settings import read_settings

settings = read_settings(
    {"mode": "sandbox", "data": "/nowhere", "workers": "3"},
    {"TILLGATE_DATABASE_URL": "postgresql://nobody@127.0.0.1/nothing"},
    home=Path("/nowhere"),
)

def serve(beginning):
    beginning.channel.send(b"key" + several.UP)
    beginning.channel.recv(1)
    return 0

def run(work, came_up):
    several.Parent(settings, [], work=work, came_up=came_up, went_down=lambda: None).run()
"""
FAILING = """
real_fork, real_pair, made, failures = os.fork, socket.socketpair, [], []

def fork():
    if len(made) == 3 and failures.count("fork") < 3:
        failures.append("fork")
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    pid = real_fork()
    if pid:
        made.append(pid)
        if len(made) > 3:
            told = sorted(str(child) for child in made[:3] if Path(f"/proc/{child}").exists())
            print("living", *told, "failed", *failures, flush=True)
            os.kill(os.getpid(), signal.SIGTERM)
    return pid

def pair(*given):
    if len(made) == 3 and failures.count("pair") < 2:
        failures.append("pair")
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return real_pair(*given)

def came_up(key):
    os.fork, several.socket.socketpair = fork, pair
    print("up", *sorted(map(str, (made[0], made[2]))), flush=True)
    os.kill(made[1], signal.SIGKILL)

os.fork = fork
run(serve, came_up)
print("clean", flush=True)
"""
EARLY = """
def work(beginning):
    if beginning.is_first:
        return serve(beginning)
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)  # Nothing hears it yet: it ends this process.

run(work, lambda key: None)
print("clean", flush=True)
"""
BEFORE_ANYBODY = """
begun = Path(sys.argv[1])

def work(beginning):
    if not begun.exists():
        begun.touch()
        os.kill(os.getpid(), signal.SIGTERM)
    return serve(beginning)

run(work, lambda key: os.kill(os.getpid(), signal.SIGTERM))
print("clean", flush=True)
"""
BROKEN = """
def work(beginning):
    raise SystemExit("the library gives up")

run(work, lambda key: None)
"""


def _run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", BEGIN + script, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_start_that_fails_is_tried_again_while_the_others_serve() -> None:
    done = _run(FAILING)

    up, living, end = done.stdout.splitlines()
    assert end == "clean", done.stderr
    assert living == f"living {up.removeprefix('up ')} failed pair pair fork fork fork"
    assert done.stderr.count("A process cannot be started ([Errno 12] Cannot allocate memory)") == 3
    assert done.stderr.count("A process cannot be started ([Errno 24] Too many open files)") == 2


def test_a_child_that_a_stop_ends_before_it_listens_is_no_fault() -> None:
    done = _run(EARLY)

    assert (done.returncode, done.stdout) == (0, "clean\n"), done.stderr


def test_a_first_child_that_only_a_signal_ended_is_started_again(tmp_path: Path) -> None:
    done = _run(BEFORE_ANYBODY, str(tmp_path / "begun"))

    assert (done.returncode, done.stdout) == (0, "clean\n"), done.stderr


def test_whatever_ends_a_child_is_said() -> None:
    done = _run(BROKEN)

    assert done.returncode != 0
    assert "SystemExit: the library gives up" in done.stderr
