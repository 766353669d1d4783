"""Backup and restore on PostgreSQL, by the lines that `docs/operations.md` gives.

The tools are PostgreSQL's own, those of the server that the tests run on. What must hold: a dump
made while people pay holds what was answered before it, and restored into an empty database its
books are clean and a gateway goes on with it; our own command says which tools to use.
"""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.operations.buying import pay, paying, until
from tests.support import postgres
from tests.support.cluster import programs
from tests.support.gateway import running, tillgate
from tillgate.merchant import Paid

URL = "TILLGATE_DATABASE_URL"


@pytest.mark.timeout(400)
def test_a_dump_made_under_load_is_restored_with_what_was_answered(tmp_path: Path) -> None:
    dump, data = tmp_path / "tillgate.dump", tmp_path / "gateway"
    source = postgres.server().lend(with_tables=True)
    with running(data, database_url=source) as gateway:
        before = [f"before-{n}" for n in range(3)]
        for number in before:
            assert pay(gateway, number) == "9000"
        with paying(gateway) as paid:
            until(lambda: len(paid) > 2)
            before += paid
            _tool(tmp_path, "pg_dump", "--format=custom", f"--file={dump}", source)
        said = tillgate("db", "backup", "--out", "x", "--data", str(data), **{URL: source})
    assert said.returncode == 2
    assert "umask 077; pg_dump --format=custom --file=" in said.stderr
    assert (urlsplit(source).password or "no password") not in said.stderr
    asked = tillgate("db", "restore", str(dump), "--data", str(data), **{URL: source})
    assert asked.returncode == 2
    assert "createdb NAME; pg_restore --no-owner --exit-on-error --dbname=URL " in asked.stderr

    with postgres.server().bare_database() as target:
        _tool(
            tmp_path, "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={target}", str(dump)
        )
        for line in (("db", "upgrade"), ("ledger", "audit")):
            done = tillgate(*line, "--data", str(data), **{URL: target})
            assert done.returncode == 0, (line, done.stderr)
        with running(data, database_url=target) as again:
            merchant = again.merchant()
            for number in before:
                assert isinstance(merchant.query(number), Paid), number
            merchant.close()
            assert pay(again, "life-goes-on") == "9000"


def _tool(folder: Path, name: str, *arguments: str) -> None:
    done = subprocess.run(
        [programs(folder) / name, *arguments],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
