"""${message}.

Say here what changes, why, and what must hold for the rows that are there already.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Go one revision forward; there is no way back but a backup."""
    ${upgrades if upgrades else "pass"}
