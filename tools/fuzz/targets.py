"""All targets, by name. It decides nothing."""

from collections.abc import Mapping
from typing import Final

from tools.fuzz import doors, wire
from tools.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target for target in (*wire.TARGETS, *doors.TARGETS)
}
