"""`tillgate serve --workers N`: coming up, staying up while processes die, going down.

What must hold: whoever dies is replaced and nobody who asks is turned away; nobody outlives the
parent; what is under way when a stop is asked for comes to its end.
"""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.processes.several import (
    WAIT_S_MAX,
    children_of,
    kill,
    living,
    several,
    wait_until,
)
from tests.support.gateway import Gateway, command, environment, tillgate

pytestmark = pytest.mark.timeout(600)  # Several processes come up first.
COUNT = 3
DRAIN_S = 2


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with several(tmp_path_factory.mktemp("several"), COUNT) as made:
        yield made


def _answers(gateway: Gateway, path: str = "/healthz") -> bool:
    answer = httpx2.get(f"{gateway.origin}{path}", trust_env=False, timeout=WAIT_S_MAX)
    return answer.status_code == 200


def _ready(gateway: Gateway) -> bool:
    """Tell whether it is ready: it is not while its database takes seconds for a commit."""
    return _answers(gateway, "/readyz")


def _is_replaced(gateway: Gateway, victim: int) -> bool:
    return len(set(children_of(gateway)) - {victim}) == COUNT


def test_it_says_once_that_it_is_ready_with_how_many(gateway: Gateway) -> None:
    lines = gateway.data.with_name("gw.out").read_text().splitlines()

    assert len(lines) == 1
    assert json.loads(lines[0])["workers"] == COUNT
    assert json.loads((gateway.data / "server.json").read_text())["pid"] == gateway.pid
    assert len(children_of(gateway)) == COUNT


def test_the_parent_has_one_thread_so_that_it_may_be_copied(gateway: Gateway) -> None:
    assert len(list(Path(f"/proc/{gateway.pid}/task").iterdir())) == 1


def test_a_process_that_dies_is_replaced_and_nobody_is_turned_away(gateway: Gateway) -> None:
    for _ in range(2):
        victim = children_of(gateway)[0]
        kill(victim)
        assert _answers(gateway)
        wait_until(partial(_is_replaced, gateway, victim))

    wait_until(lambda: gateway.logged().count("process_ended") == 2)
    assert '"exit_code":-9' in gateway.logged()


def test_a_connection_that_waits_outlives_the_death_of_all(gateway: Gateway) -> None:
    for pid in children_of(gateway):
        kill(pid)
    here = ("127.0.0.1", gateway.port)
    with socket.create_connection(here, timeout=WAIT_S_MAX) as peer:
        host = f"host: {here[0]}:{here[1]}"
        peer.sendall(f"GET /healthz HTTP/1.1\r\n{host}\r\nconnection: close\r\n\r\n".encode())

        assert peer.recv(64).startswith(b"HTTP/1.1 200 ")


def test_operators_act_through_any_process(gateway: Gateway) -> None:
    wait_until(lambda: len(children_of(gateway)) == COUNT and _ready(gateway))
    for number in range(3):
        done = gateway.run("payer", "top-up", "poor", "1.00 HKD", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["balance"] == f"{number + 2}.00 HKD"


def test_a_second_server_on_the_folder_exits_3(gateway: Gateway) -> None:
    done = gateway.run("serve", "--sandbox", "--port", "0")

    assert done.returncode == 3
    assert f"process {gateway.pid}" in done.stderr


def test_more_than_one_on_sqlite_is_a_usage_error(tmp_path: Path) -> None:
    done = tillgate("serve", "--sandbox", "--data", str(tmp_path / "gw"), "--workers", "2")

    assert done.returncode == 2
    assert "TILLGATE_DATABASE_URL=postgresql://" in done.stderr


def test_what_keeps_the_first_from_coming_up_is_said_once(tmp_path: Path) -> None:
    with socket.socket() as closed:  # It is held, so that nobody else listens there.
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        done = subprocess.run(
            command("serve", "--sandbox", "--data", str(tmp_path / "gw"), "--workers", "2"),
            env={**environment(), "TILLGATE_DATABASE_URL": f"postgresql://a@127.0.0.1:{port}/b"},
            capture_output=True,
            text=True,
            timeout=WAIT_S_MAX,
            check=False,
        )

    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


def test_children_end_with_their_parent_and_another_start_waits_for_them(tmp_path: Path) -> None:
    with several(tmp_path) as gateway:
        gateway.kill()
        gateway.start()

        wait_until(lambda: _ready(gateway))
        assert gateway.stop() == 0
        assert gateway.logged().count("parent_gone") == COUNT


@pytest.mark.parametrize("everybody", [False, True], ids=["the parent", "every process"])
def test_a_stop_is_heard_first_by_load_balancers_and_cuts_nothing(
    tmp_path: Path, *, everybody: bool
) -> None:
    """They hear it however late they ask; the parent is asked again once they have."""
    with several(tmp_path, drain_s="600") as gateway:
        pids, asked = [gateway.pid, *children_of(gateway)], list[str]()
        whys: list[str] = []

        def ask() -> None:
            """Ask as a load balancer does: until it hears that it is to ask no more."""
            with httpx2.Client(
                base_url=gateway.origin, trust_env=False, timeout=WAIT_S_MAX
            ) as client:
                while (why := client.get("/readyz").json().get("why")) != "draining":
                    asked.append(str(why))  # None, or that the database takes seconds.
                    time.sleep(0.02)  # So that those who answer have the machine, too.
                whys.append(why)

        askers = [threading.Thread(target=ask) for _ in range(6)]
        for asker in askers:
            asker.start()
        wait_until(lambda: len(asked) > len(askers))
        for pid in pids if everybody else pids[:1]:
            os.kill(pid, signal.SIGTERM)
        for asker in askers:
            asker.join()
        os.kill(gateway.pid, signal.SIGTERM)

        assert gateway.wait() == 0
        assert whys == ["draining"] * len(askers)
        assert not living(gateway)


@pytest.mark.parametrize("everybody", [False, True], ids=["the parent", "every process"])
def test_a_stop_takes_as_long_as_load_balancers_are_given(
    tmp_path: Path, *, everybody: bool
) -> None:
    with several(tmp_path, drain_s=str(DRAIN_S)) as gateway:
        pids = [gateway.pid, *children_of(gateway)]
        began_s = time.monotonic()
        for pid in pids if everybody else pids[:1]:
            os.kill(pid, signal.SIGTERM)

        assert gateway.wait() == 0
        assert time.monotonic() - began_s >= DRAIN_S, "load balancers were given no time"
        assert not living(gateway)
