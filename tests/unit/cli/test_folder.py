"""The data folder and its lock: who may read what, and who comes first."""

import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tillgate.config import Announced, Folder, FolderRefused, ServerLock, announced
from tillgate.config.folder import read_private, write_once
from tillgate.config.lock import Held


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_closed_to_others_even_when_it_was_open(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.mkdir(mode=0o755)

    Folder(path).make()

    assert _mode(path) == 0o700
    assert _mode(path / "keys") == 0o700


def test_the_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "data")

    first = folder.secret(secrets.token_bytes)

    assert len(first) == 32
    assert folder.secret(secrets.token_bytes) == first
    assert _mode(folder.keys / "secret.bin") == 0o600


def test_a_secret_of_another_length_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.make()
    write_once(folder.keys / "secret.bin", b"short")

    with pytest.raises(FolderRefused, match="backup"):
        folder.secret(secrets.token_bytes)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_private_file_that_others_can_read_is_refused_with_what_to_type(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "gateway.private.pem"
    write_once(path, b"secret")
    path.chmod(mode)

    with pytest.raises(FolderRefused, match=f"chmod 600 {path}"):
        read_private(path)

    path.chmod(0o600)
    assert read_private(path) == b"secret"


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_once(path, b"first")

    with pytest.raises(FolderRefused, match="not overwritten"):
        write_once(path, b"second")

    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_told_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(FolderRefused, match="--data DIR"):
        Folder(tmp_path / "file" / "data").make()


def test_the_second_holder_is_told_who_serves(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    said = Announced(
        pid=7, host="127.0.0.1", port=81, mode="sandbox", control="http://127.0.0.1:81"
    )

    with ServerLock.hold(folder, tmp_path / "tillgate.sqlite") as lock:
        lock.announce(said)
        assert announced(folder) == said
        with (
            pytest.raises(Held, match=r"sandbox server \(process 7\).* port 81"),
            ServerLock.hold(folder, tmp_path / "tillgate.sqlite"),
        ):
            pass

    assert announced(folder) is None
    with ServerLock.hold(folder, tmp_path / "tillgate.sqlite"):
        pass


def test_two_folders_with_one_database_exclude_each_other(tmp_path: Path) -> None:
    database = tmp_path / "books.sqlite"

    with (
        ServerLock.hold(Folder(tmp_path / "a"), database),
        pytest.raises(Held),
        ServerLock.hold(Folder(tmp_path / "b"), database),
    ):
        pass


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_database_in_one_of_two_folders_is_held_by_either(tmp_path: Path, first: str) -> None:
    """As a server with `database_url`, and a restore or a second server with `--data` alone."""
    (tmp_path / "b").mkdir()
    (tmp_path / "c").symlink_to(tmp_path / "b")
    by = {
        "a": (Folder(tmp_path / "a"), tmp_path / "c" / "tillgate.sqlite"),
        "b": (Folder(tmp_path / "b"), tmp_path / "b" / "tillgate.sqlite"),
    }
    then = "b" if first == "a" else "a"

    with (
        ServerLock.hold(*by[first]),
        pytest.raises(Held, match=r"the database .*/b/tillgate\.sqlite from a data folder"),
        ServerLock.hold(*by[then]),
    ):
        pass

    with ServerLock.hold(*by[then]):
        pass


def test_a_killed_holder_leaves_no_lock_and_its_announcement_is_not_believed(
    tmp_path: Path,
) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tillgate.config import Announced, Folder, ServerLock\n"
        "here = Path(sys.argv[1])\n"
        "with ServerLock.hold(Folder(here), here / 'tillgate.sqlite') as lock:\n"
        "    lock.announce(Announced(pid=1, host='', port=1, mode='sandbox', control=''))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert announced(Folder(tmp_path)) is not None

    with ServerLock.hold(Folder(tmp_path), tmp_path / "tillgate.sqlite"):
        assert announced(Folder(tmp_path)) is None
