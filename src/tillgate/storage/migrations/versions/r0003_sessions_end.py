"""Sessions end, and a PIN try is open while it is checked: a payer counts both. Old operations go.

Written from `storage.schema` as it stood then; it never changes. What must hold: every row that
0002 kept reads as before, no session of anybody has been ended, and no try is open.
"""

import sqlalchemy as sa

from tillgate.storage.migrations.making import anew, checks, index, numbers, texts

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the changed table anew around its rows, and find old operations."""
    _payers()
    index("operations", "by_at_ms", "at_ms")


def _payers() -> None:
    new = ("session_no", "pin_tries_open", "pin_open_until_ms", "pin_tries_outlived")
    anew(
        "payers",
        dict.fromkeys(new, "0"),
        *texts("payer_id", "name", "issuer", "pin_hash"),
        *numbers("created_at_ms", "pin_tries_used"),
        *texts("about"),
        *numbers(*new),
        sa.PrimaryKeyConstraint("payer_id", name="payers_key"),
        *checks(
            payer_tries_are_counted_up="pin_tries_used >= 0",
            payer_open_tries_are_used=(
                "pin_tries_open = 0 OR pin_tries_open BETWEEN 1 AND pin_tries_used"
            ),
            payer_outlived_tries_are_open=(
                "pin_tries_outlived = 0 OR pin_tries_outlived BETWEEN 1 AND pin_tries_open"
            ),
        ),
    )
