"""The text with something around it, or a part of it alone, as trees that take any layout.

What must hold: few and fixed, the likeliest first.
"""

from collections.abc import Iterator

from tillgate.doctor.findings import Code
from tillgate.doctor.steps import Edit, Step
from tillgate.doctor.tree import Members, Node, member


def wraps(tree: Node) -> Iterator[Edit]:
    """Yield the whole envelope in its shapes, then the parts."""
    for kind in ("request", "response"):
        yield from _envelopes(tree, kind)
    for name in ("body", "head"):
        part = member(tree, name)
        if part is not None:
            said = f"The {name} alone was signed."
            yield Edit(Step(Code.PART_SIGNED, said, name), part, is_common=True)
            only = Members([(f'"{name}"', part)])
            said = f"An object with the {name} alone was signed."
            yield Edit(Step(Code.PART_SIGNED, said, name), only)
    head, body = member(tree, "head"), member(tree, "body")
    if isinstance(head, Members) and isinstance(body, Members):
        said = "The members of head and body were signed in one object."
        yield Edit(Step(Code.PART_SIGNED, said), Members([*head, *body]))
        yield Edit(Step(Code.PART_SIGNED, said), Members([*body, *head]))
    order = member(body, "order") if body is not None else None
    if order is not None:
        yield Edit(Step(Code.PART_SIGNED, "The order alone was signed.", "body.order"), order)


def _envelopes(tree: Node, kind: str) -> Iterator[Edit]:
    step = Step(Code.WHOLE_ENVELOPE_SIGNED, f"The object around {kind} was signed, too.")
    inner = (f'"{kind}"', tree)
    yield Edit(step, Members([inner]), is_common=kind == "request")
    for name in ('"signature"', '"sign"'):
        for empty in ('""', "null", '"XXX"', '"xxx"', '"SIGNATURE"'):
            common = (kind, name, empty) == ("request", '"signature"', '""')
            yield Edit(step, Members([inner, (name, empty)]), is_common=common)
            yield Edit(step, Members([(name, empty), inner]))
