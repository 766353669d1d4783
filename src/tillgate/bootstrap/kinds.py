"""Which kind of database a data folder belongs to, noted in the folder itself.

A folder whose books are on PostgreSQL holds keys, secret and lock alone, so whoever forgets the
setting would find no books there, make new ones in a file, and hear that all is clean. What must
hold: a gateway that was opened on PostgreSQL leaves its note; where the note lies no file of SQLite
is opened or made, and where a file with entries lies PostgreSQL is not; the note holds no password.
"""

from pathlib import Path
from typing import Final

from tillgate.config.database import FILE_NAME, PostgresUrl
from tillgate.config.folder import replace
from tillgate.config.settings import Settings
from tillgate.kernel.errors import TillgateError
from tillgate.storage.backup import has_entries

NOTE: Final = "database"
SETTING: Final = "TILLGATE_DATABASE_URL, or database_url in {folder}/tillgate.toml"


class OtherDatabase(TillgateError):
    """The folder belongs to a database of another kind; the text names the next step."""


def setting(settings: Settings) -> str:
    """Return where a database of PostgreSQL is named."""
    return SETTING.format(folder=settings.data)


def check_kind(settings: Settings) -> None:
    """Return when the folder belongs to no database of another kind than the setting names.

    Raises:
        OtherDatabase: it does.
    """
    note, file = settings.data / NOTE, settings.data / FILE_NAME
    noted = _noted(note)
    if not isinstance(settings.database, PostgresUrl):
        if noted:
            sentence = f"The books of {settings.data} are in {noted}, not in {settings.database}."
            step = f"Name that in {setting(settings)}; for other books name another --data DIR"
            raise OtherDatabase(f"{sentence} {step} (it is noted in {note}).")
        return
    if not noted and has_entries(file):
        sentence = f"The books of {settings.data} are in {file}, not in {settings.database}."
        step = f"Unset {setting(settings)}; for other books name another --data DIR"
        raise OtherDatabase(f"{sentence} {step}, or move that file away.")


def note_kind(settings: Settings) -> None:
    """Note in the folder that its books are on PostgreSQL, and in which database."""
    note, shown = settings.data / NOTE, str(settings.database)
    is_noted = _noted(note) == shown
    if isinstance(settings.database, PostgresUrl) and settings.data.is_dir() and not is_noted:
        replace(note, f"{shown}\n".encode())


def _noted(note: Path) -> str:
    try:
        return note.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError):
        return f"the database that {note} names"
