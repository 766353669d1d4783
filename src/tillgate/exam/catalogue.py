"""All cases of an exam, in the order in which they are held, and who they are.

Lies come before the truth, so that one open order is enough for all of them, and the right word
after them proves that none did harm. What must hold: a name stands for one case.
"""

from collections.abc import Sequence
from typing import Final

from tillgate.exam.bodies import BODIES
from tillgate.exam.cases import Case
from tillgate.exam.checks import CHECKS, GROUP
from tillgate.exam.ends import ENDS
from tillgate.exam.lies import LIES
from tillgate.exam.words import AGAIN, OWN, RIGHT

CASES: Final[Sequence[Case]] = (*LIES, *BODIES, RIGHT, *AGAIN, *OWN, *ENDS)
"""In the order in which they are held; the checks of acknowledgements follow."""


def names_of() -> Sequence[str]:
    """Return every name an exam may be asked for."""
    return [name for name, _, _ in rows()]


def rows() -> Sequence[tuple[str, str, str]]:
    """Return each case as (name, group, title)."""
    cases = [(each.name, each.group, each.title) for each in CASES]
    return [*cases, *((each.name, GROUP, each.title) for each in CHECKS)]
