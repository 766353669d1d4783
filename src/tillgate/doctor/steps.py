"""One difference between what was signed and what was sent, in words.

What must hold: a step names a code and says nothing that a message holds.
"""

from typing import NamedTuple

from tillgate.doctor.findings import Code
from tillgate.doctor.tree import Node


class Step(NamedTuple):
    """A difference: what it is called, what exactly it is, and the member it is about."""

    code: Code
    detail: str
    path: str = ""


class Edit(NamedTuple):
    """Another content that may have been signed; common ones are tried two at a time as well."""

    step: Step
    tree: Node
    is_common: bool = False
