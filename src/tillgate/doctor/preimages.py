"""What other signing rules would have signed: sorted parameters, another API's header line.

People bring these from neighbouring APIs. What must hold: few and fixed; each is made from the
message alone.
"""

from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from tillgate.doctor.findings import Code
from tillgate.doctor.spacing import COMPACT
from tillgate.doctor.spelling import text_of
from tillgate.doctor.steps import Step
from tillgate.doctor.tree import Members, Node, leaves, member, template
from tillgate.protocol.function import path_of

Pairs = list[tuple[str, str]]


def preimages(tree: Node, text: str) -> Iterator[tuple[tuple[Step, ...], bytes]]:
    """Yield the texts other rules would have signed."""
    sorted_step = Step(Code.PARAMETERS_SIGNED, "It was a list of key=value.")
    for pairs in _lists(tree):
        for chosen in (sorted(pairs), pairs, sorted(pair for pair in pairs if pair[1])):
            for joined in _joined(chosen):
                yield (sorted_step,), joined.encode("utf-8", "replace")
    header = Step(Code.PARAMETERS_SIGNED, "It was the header line of a newer API and the text.")
    for line in _header_lines(tree):
        for content in (text, f'{{"request":{text}}}'):
            yield (header,), f"{line}{content}".encode("utf-8", "replace")


def _lists(tree: Node) -> Iterator[Pairs]:
    head, body = member(tree, "head"), member(tree, "body")
    parts = [part for part in (head, body) if isinstance(part, Members)]
    for part in parts:
        yield _flat(part)
    yield [pair for part in parts for pair in _flat(part)]
    yield [(path.rpartition(".")[2], _plain(leaf)) for path, leaf in leaves(tree)]
    yield [(path, _plain(leaf)) for path, leaf in leaves(tree)]
    for name, whole in (("head", head), ("body", body)):
        if whole is not None:
            yield [(name, COMPACT.join(template(whole)))]
    yield [(name[1:-1], COMPACT.join(template(part))) for name, part in _members(tree)]


def _members(tree: Node) -> Members:
    return tree if isinstance(tree, Members) else Members()


def _flat(part: Members) -> Pairs:
    return [
        (name[1:-1], _plain(value) if isinstance(value, str) else COMPACT.join(template(value)))
        for name, value in part
    ]


def _plain(lexeme: str) -> str:
    try:
        return text_of(lexeme) if lexeme.startswith('"') else lexeme
    except ValueError:
        return lexeme


def _joined(pairs: Pairs) -> Iterator[str]:
    yield "&".join(f"{name}={value}" for name, value in pairs)
    yield "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
    yield "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)
    yield "&".join(f'{name}="{value}"' for name, value in pairs)
    yield "".join(f"{name}{value}" for name, value in pairs)
    if len(pairs) > 1:  # The value of one alone is no list, but a part of the text.
        yield "".join(value for _, value in pairs)
        yield "&".join(value for _, value in pairs)


def _header_lines(tree: Node) -> Iterator[str]:
    head = member(tree, "head")
    if head is None:
        return
    named = {
        name: _plain(str(member(head, name) or "")) for name in ("function", "clientId", "reqTime")
    }
    path = path_of(named["function"])
    for method in ("POST ", ""):
        for where in (path, path.removeprefix("/api")):
            yield f"{method}{where}\n{named['clientId']}.{named['reqTime']}."
    yield f"{named['clientId']}.{named['reqTime']}."
    yield f"{named['clientId']}{named['reqTime']}"
