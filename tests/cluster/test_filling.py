"""The configuration that ships for three machines: what it promises, and what it refuses.

`make cluster-test` raises these files and breaks machines; here they are filled and read. What must
hold: the promises an acknowledged payment rests on stand in them, and no password leaks.
"""

import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tools.cluster.whole import DEPLOY, filler

FILL = filler()
GOOD = {name: f"{name}-0123456789abcdef" for name in FILL.PASSWORDS}
MACHINES = {"db1": "10.0.0.11", "db2": "10.0.0.12", "db3": "10.0.0.13"}
FILES = {
    "etc/default/etcd",
    "etc/haproxy/haproxy.cfg",
    "etc/patroni/config.yml",
    "etc/patroni/database.sql",
}
SECRET = {"etc/patroni/config.yml", "etc/patroni/database.sql"}
HAPROXY = Path("/usr/sbin/haproxy")


def _settings(**changes: Any) -> dict[str, Any]:
    whole = {"scope": "tillgate", "gateways": "10.0.0.0/24", "machines": MACHINES}
    return {**whole, "passwords": GOOD, **changes}


def _filled(machine: str = "db2") -> dict[str, str]:
    filled: dict[str, str] = FILL.filled(FILL.values_of(_settings(), machine))
    return filled


def _patroni() -> dict[str, Any]:
    read: dict[str, Any] = msgspec.yaml.decode(_filled()["etc/patroni/config.yml"])
    return read


def test_an_acknowledged_commit_is_on_two_machines_whatever_happens() -> None:
    shared = _patroni()["bootstrap"]["dcs"]
    parameters = shared["postgresql"]["parameters"]

    assert shared["synchronous_mode"] is True
    assert shared["synchronous_mode_strict"] is True
    assert shared["primary_start_timeout"] == 0
    assert parameters["synchronous_commit"] == "on"
    assert parameters["fsync"] == "on"
    assert parameters["restart_after_crash"] == "off"


def test_an_audit_on_a_standby_is_not_ended_by_what_the_leader_cleans_up() -> None:
    parameters = _patroni()["bootstrap"]["dcs"]["postgresql"]["parameters"]

    assert parameters["hot_standby_feedback"] == "on"


def test_an_old_leader_ends_before_a_new_one_begins() -> None:
    shared = _patroni()["bootstrap"]["dcs"]

    assert shared["loop_wait"] + 2 * shared["retry_timeout"] <= shared["ttl"]


def test_the_leaders_key_is_compared_before_it_is_written() -> None:
    assert "etcd" in _patroni()
    assert "etcd3" not in _patroni()
    assert "ETCD_ENABLE_V2=true\n" in _filled()["etc/default/etcd"]


def test_connections_to_a_leader_that_was_replaced_are_cut() -> None:
    balancer = _filled()["etc/haproxy/haproxy.cfg"]

    assert "uri /primary\n" in balancer
    assert "on-marked-down shutdown-sessions" in balancer
    assert "bind 127.0.0.1:5000\n" in balancer


def test_each_machine_is_named_by_its_own_address() -> None:
    for machine, address in MACHINES.items():
        patroni = msgspec.yaml.decode(_filled(machine)["etc/patroni/config.yml"])
        etcd = _filled(machine)["etc/default/etcd"]

        assert patroni["name"] == machine
        assert patroni["postgresql"]["listen"] == f"{address}:5432"
        assert f"ETCD_ADVERTISE_CLIENT_URLS=http://{address}:2379\n" in etcd
        assert all(other in etcd for other in MACHINES.values())


def test_nobody_comes_in_without_a_password_but_the_machines_own_administrator() -> None:
    allowed = _patroni()["postgresql"]["pg_hba"]

    assert [line for line in allowed if not line.endswith(" scram-sha-256")] == [
        "local all postgres peer"
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: _settings(passwords={**GOOD, "tillgate": "change-me"}),
        lambda: _settings(passwords={**GOOD, "tillgate": "has 'quotes' in it."}),
        lambda: _settings(passwords={**GOOD, "tillgate": GOOD["rewind"]}),
        lambda: _settings(passwords={}),
        lambda: _settings(machines={"db1": "10.0.0.11", "db2": "10.0.0.12"}),
        lambda: _settings(machines={**MACHINES, "db3": "10.0.0.12"}),
        lambda: _settings(machines={**MACHINES, "db3": "db3.example"}),
        lambda: _settings(machines={**MACHINES, "db2": "10.0.0.12\n- host all all all trust"}),
        lambda: _settings(gateways="everybody"),
        lambda: _settings(scope="a b"),
    ],
)
def test_what_is_not_safe_to_build_on_is_refused(spoil: Callable[[], dict[str, Any]]) -> None:
    with pytest.raises(FILL.Refused):
        FILL.values_of(spoil(), "db2")


def test_a_machine_that_is_not_in_the_file_is_refused() -> None:
    with pytest.raises(FILL.Refused, match="db9 is none of db1, db2, db3"):
        FILL.values_of(_settings(), "db9")


def _run(tmp_path: Path, *, mode: int, text: str) -> "subprocess.CompletedProcess[str]":
    settings = tmp_path / "cluster.toml"
    settings.write_text(text)
    settings.chmod(mode)
    return subprocess.run(
        [sys.executable, DEPLOY / "fill.py", settings, "db1", "--into", tmp_path / "root"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_as_it_ships_builds_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path, mode=0o600, text=(DEPLOY / "cluster.toml").read_text())

    assert (done.returncode, done.stdout) == (2, "")
    assert "The password superuser needs 16 characters" in done.stderr
    assert not (tmp_path / "root").exists()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    done = _run(tmp_path, mode=0o644, text=(DEPLOY / "cluster.toml").read_text())

    assert done.returncode == 2
    assert "chmod 600" in done.stderr


def test_what_holds_passwords_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    written = FILL.write(_filled(), tmp_path, owned=False)

    assert {str(path.relative_to(tmp_path)) for path in written} == FILES
    for path in written:
        name = str(path.relative_to(tmp_path))
        holds = any(password in path.read_text() for password in GOOD.values())
        assert holds == (name in SECRET)
        assert stat.S_IMODE(path.stat().st_mode) == (0o600 if holds else 0o644)
        assert "${" not in path.read_text()


def test_haproxy_takes_its_configuration_where_it_is_installed(tmp_path: Path) -> None:
    FILL.write(_filled(), tmp_path, owned=False)
    path = tmp_path / "etc/haproxy/haproxy.cfg"

    assert path.read_text().count(" check port 8008\n") == len(MACHINES)
    if HAPROXY.exists():
        done = subprocess.run(
            [HAPROXY, "-c", "-f", path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_guide_names_what_is_there() -> None:
    guide = (DEPLOY / "README.md").read_text()
    named = re.findall(r"\]\(([^)]+)\)", guide)

    assert {"cluster.toml", "templates/etc/patroni/config.yml"} <= set(named)
    assert [name for name in named if not (DEPLOY / name).exists()] == []
    assert [name for name in sorted(FILES) if f"/{name}" not in guide] == []
    assert "./fill.py cluster.toml db1 --into /\n" in guide
