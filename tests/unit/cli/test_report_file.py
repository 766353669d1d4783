"""Where a report may be written, looked at before anything is played.

What must hold: looking changes nothing there, and nobody who waits at a pipe meets its end.
"""

import os
import threading
from pathlib import Path

import pytest

from tillgate.cli.report_file import check_writable, write_report
from tillgate.cli.surface import UsageError


def test_a_pipes_reader_gets_the_report_and_not_the_end_before_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = list[bytes]()
    reading = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reading.start()

    check_writable(pipe, option="--junit")
    # A thread of its own: with no reader left it would wait for ever.
    threading.Thread(target=_write, args=(pipe,), daemon=True).start()
    reading.join()

    assert read == [b"report"]


def test_a_link_to_no_file_yet_stays_and_nothing_is_left_behind(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)

    check_writable(link, option="--junit")

    assert link.is_symlink()
    assert not target.exists()


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_bytes(b"before")

    check_writable(path, option="--junit")

    assert path.read_bytes() == b"before"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--junit"):
        check_writable(tmp_path, option="--junit")


def _write(pipe: Path) -> None:
    write_report(pipe, b"report", option="--junit")
