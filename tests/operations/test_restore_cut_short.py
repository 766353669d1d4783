"""A restore that is cut short after any of its steps: the books before it, those after, or none.

The files are real; the power goes after the nth thing that is done to a name. What must hold:
nobody makes an empty database where a restore was under way; nothing of what was there is lost,
neither its log; the restore can be done again.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tillgate.kernel.errors import Unavailable
from tillgate.storage import backup
from tillgate.storage.backup import KEPT, CopyRefused
from tillgate.storage.opening import open_sqlite

STEPS_MAX = 20


class PowerCut(BaseException):
    """Nothing is done any more."""


def _write(database: Path, name: str) -> None:
    with closing(sqlite3.connect(database)) as file:
        file.execute("INSERT INTO facts (name, value) VALUES (?, '')", (name,))
        file.commit()


def _names(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as file:
        return {name for (name,) in file.execute("SELECT name FROM facts")}


def _made(folder: Path) -> tuple[Path, Path]:
    """Return a database whose newest row is in its log alone, and a copy of before that row."""
    whole, database, copy = folder / "whole", folder / "data/tillgate.sqlite", folder / "copy"
    open_sqlite(whole).close()
    _write(whole, "old")
    backup.copy_sqlite(whole, copy)
    with closing(sqlite3.connect(whole)) as held:
        held.execute("PRAGMA journal_mode=WAL")
        held.execute("BEGIN")
        held.execute("SELECT * FROM facts").fetchall()
        _write(whole, "new")
        database.parent.mkdir()
        for side in ("", "-wal"):  # As a server that was killed leaves it.
            shutil.copy(f"{whole}{side}", f"{database}{side}")
    return database, copy


@contextmanager
def _reading(database: Path) -> Iterator[None]:
    """Read as somebody does who keeps the log from being folded."""
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM facts").fetchall()
        _write(database, "later")
        yield


def _cut_after(steps: int, patch: pytest.MonkeyPatch) -> None:
    left = iter(range(steps))

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            if next(left, None) is None:
                raise PowerCut
            return real(*given, **named)

        return step

    patch.setattr(Path, "replace", counted(Path.replace))
    patch.setattr(Path, "unlink", counted(Path.unlink))
    patch.setattr(os, "link", counted(os.link))


def _restored(database: Path, copy: Path, *, aside: str) -> Path | None:
    return backup.put_in_place(backup.prepare(copy, database), database, aside=f"{KEPT}-{aside}")


def _opened(database: Path) -> set[str]:
    """Return what is in the database as the next start finds it, nothing when it is refused."""
    try:
        open_sqlite(database).close()
    except Unavailable as refused:
        return set() if "do it again: tillgate db restore" in str(refused) else {str(refused)}
    return _names(database)


@pytest.mark.parametrize("is_read", [False, True])
def test_a_power_cut_at_any_step_leaves_no_empty_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_read: bool
) -> None:
    monkeypatch.setattr(backup, "FOLD_WAIT_S_MAX", 0.05)
    before = {"old", "new", "later"} if is_read else {"old", "new"}
    seen = []
    for steps in range(STEPS_MAX):
        folder = tmp_path / str(steps)
        folder.mkdir()
        database, copy = _made(folder)
        fresh = backup.prepare(copy, database)
        with _reading(database) if is_read else nullcontext():
            try:
                with monkeypatch.context() as patch:
                    _cut_after(steps, patch)
                    kept = backup.put_in_place(fresh, database, aside=f"{KEPT}-1")
            except PowerCut:
                kept = None
        if kept is not None:
            assert _names(kept) == before
            assert _names(database) == {"old"}
            break
        seen.append(_opened(database))
        if not seen[-1]:
            assert _names(database.with_name(f"{database.name}.{KEPT}-1")) == before
        _restored(database, copy, aside="2")
        open_sqlite(database).close()
        assert _names(database) == {"old"}
        assert any(_names(path) == before for path in database.parent.glob(f"*{KEPT}-?"))
    else:
        raise AssertionError("it never came to its end")
    assert before in seen
    assert (set() in seen) == is_read, "what is one file is never away"


def test_what_is_damaged_is_kept_as_it_is(tmp_path: Path) -> None:
    database, copy = _made(tmp_path)
    database.write_bytes(b"no database any more" * 1_000)
    log = Path(f"{database}-wal").read_bytes()

    kept = _restored(database, copy, aside="1")

    assert kept is not None
    assert kept.read_bytes() == b"no database any more" * 1_000
    assert Path(f"{kept}-wal").read_bytes() == log
    assert _names(database) == {"old"}


def test_a_restore_that_was_cut_short_in_an_empty_folder_makes_no_empty_books(
    tmp_path: Path,
) -> None:
    _, copy = _made(tmp_path)
    database = tmp_path / "new" / "tillgate.sqlite"
    database.parent.mkdir()
    backup.prepare(copy, database)

    with pytest.raises(Unavailable, match="was cut short"):
        open_sqlite(database)

    assert _restored(database, copy, aside="1") is None
    assert _names(database) == {"old"}


def test_what_was_kept_before_is_not_overwritten(tmp_path: Path) -> None:
    database, copy = _made(tmp_path)
    _restored(database, copy, aside="1")

    with pytest.raises(CopyRefused, match="nothing was replaced"):
        _restored(database, copy, aside="1")

    assert _names(database.with_name(f"{database.name}.{KEPT}-1")) == {"old", "new"}
