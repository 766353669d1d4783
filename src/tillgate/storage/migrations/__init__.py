"""The schema's history: which revisions there are, in order, and the scripts that make each.

This knows neither Alembic nor SQLAlchemy, so that a store can tell the age of its database without
loading them. What must hold: `REVISIONS` names the scripts in `versions`, oldest first, and all of
them in turn make what `schema` describes.
"""

from typing import Final

REVISIONS: Final = ("0001", "0002", "0003")
HEAD: Final = REVISIONS[-1]
"""The revision that this version of Tillgate works with."""
VERSION_TABLE: Final = "schema_version"
"""Where a database says which revision it has, in a column `version_num`."""
UPGRADE_LOCK: Final = 0x7469_6C6C_6761_7465
"""What an upgrade of PostgreSQL locks until it commits: the letters of our name, as one number."""
