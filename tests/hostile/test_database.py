"""The database is gone for a while: locked by another process, or its server stopped.

What must hold: callers are told that nothing is known while it is still gone; `/readyz` is red
meanwhile and green afterwards; everybody who tried is paid once in the end, and nobody who paid is
told that it failed.
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.hostile.buyers import (
    AS_IT_SHIPS,
    IS_LONG,
    TOLD_IN_TROUBLE,
    Buyers,
    add_payers,
    check_books,
)
from tests.hostile.measuring import becomes, status
from tests.support.cluster import Cluster
from tests.support.gateway import running

PAYERS: Final = ("ann", "bob")
GONE_S: Final = 60.0 if IS_LONG else 4.0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a SQLite file, as a backup gone wrong or somebody's shell would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 120000")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.timeout(300 + 2 * GONE_S)
async def test_a_locked_database_costs_time_and_no_payment(tmp_path: Path) -> None:
    with running(tmp_path / "gateway", **AS_IT_SHIPS) as gateway:
        await asyncio.to_thread(add_payers, gateway, PAYERS)
        buyers = Buyers(gateway, PAYERS)
        async with buyers.buying():
            await buyers.more_are_paid()
            with locked(gateway.data / "tillgate.sqlite"):
                await asyncio.to_thread(becomes, gateway, 503)
                assert await asyncio.to_thread(status, gateway, "/healthz") == 200
                await buyers.everybody_is_answered()
                await asyncio.sleep(GONE_S)
                assert await asyncio.to_thread(status, gateway, "/readyz") == 503
            await buyers.more_are_paid()
            await asyncio.to_thread(becomes, gateway, 200)
        await buyers.close()
        assert set(buyers.told()) <= TOLD_IN_TROUBLE
        await asyncio.to_thread(check_books, gateway, buyers.payments)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Make a PostgreSQL of this test's own, which may be stopped."""
    folder = Path(tempfile.mkdtemp(prefix="tillgate-hostile-"))
    folder.chmod(0o755)
    made = Cluster(folder)
    try:
        made.make()
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder)


@pytest.mark.timeout(300 + 2 * GONE_S)
async def test_a_postgresql_that_is_gone_costs_time_and_no_payment(
    cluster: Cluster, tmp_path: Path
) -> None:
    data = tmp_path / "gateway"
    data.mkdir(mode=0o700)
    (data / "tillgate.toml").write_text(f'database_url = "{cluster.url}"\n')
    with running(data, **AS_IT_SHIPS) as gateway:
        await asyncio.to_thread(add_payers, gateway, PAYERS)
        buyers = Buyers(gateway, PAYERS)
        async with buyers.buying():
            await buyers.more_are_paid()
            await asyncio.to_thread(cluster.kill)
            await asyncio.to_thread(becomes, gateway, 503)
            assert await asyncio.to_thread(status, gateway, "/healthz") == 200
            await buyers.everybody_is_answered()
            await asyncio.sleep(GONE_S)
            assert await asyncio.to_thread(status, gateway, "/readyz") == 503
            await asyncio.to_thread(cluster.start)
            await buyers.more_are_paid()
            await asyncio.to_thread(becomes, gateway, 200)
        await buyers.close()
        assert set(buyers.told()) <= TOLD_IN_TROUBLE
        await asyncio.to_thread(check_books, gateway, buyers.payments)
