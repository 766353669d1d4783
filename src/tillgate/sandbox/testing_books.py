"""Books for a test's gateway in a moment: an empty database to copy, keys that are made once.

It decides what may be used again. What must hold: the copy that is kept beside other caches holds
tables and no row, so no secret; keys live as long as the process and in its sandboxes' folders.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from tillgate.config.folder import Folder, write_once
from tillgate.protocol.keys import PrivateKey
from tillgate.sandbox.identities import KEY_NAMES
from tillgate.storage.migrations import HEAD
from tillgate.storage.opening import open_sqlite

FILE_NAME: Final = "tillgate.sqlite"


@cache
def key_of(name: str) -> PrivateKey:  # noqa: ARG001  One key for each name.
    """Return a key pair that is made once in a process."""
    return PrivateKey.generate()


def place_keys(folder: Folder) -> None:
    """Write the key pairs of the gateway and the demo merchant into an empty folder."""
    folder.make()
    for name in KEY_NAMES:
        key = key_of(name)
        write_once(folder.keys / f"{name}.public.pem", key.public.pem().encode(), mode=0o644)
        write_once(folder.keys / f"{name}.private.pem", key.pem())


def place_tables(file: Path) -> None:
    """Make an empty database with all its tables: a copy of one made earlier, where there is one.

    Making one takes half a second, for the libraries that do.
    """
    kept = _cache_folder() / f"tables-{HEAD}-{_digest()}.sqlite"
    if not kept.is_file():
        _make(kept)
    if kept.is_file():
        shutil.copyfile(kept, file)
        file.chmod(0o600)
    else:
        open_sqlite(file).close()


def put_back(kept: Path, file: Path) -> None:
    """Put a copy in the place of a database that nobody has open."""
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    shutil.copyfile(kept, file)
    file.chmod(0o600)


def _make(kept: Path) -> None:
    """Make the tables that are kept; a machine where nothing can be kept does without."""
    with contextlib.suppress(OSError):
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            fresh = Path(folder) / FILE_NAME
            open_sqlite(fresh).close()
            fresh.replace(kept)


def _cache_folder() -> Path:
    shared = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(shared) if shared.startswith("/") else Path.home() / ".cache"
    return base / "tillgate"


def _digest() -> str:
    """Name the migrations by their text, so that a changed one is a new one."""
    scripts = resources.files("tillgate.storage") / "migrations" / "versions"
    texts = {each.name: each.read_bytes() for each in scripts.iterdir() if each.is_file()}
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(name.encode() + texts[name])
    return digest.hexdigest()[:16]
