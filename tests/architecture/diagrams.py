"""State diagrams in the documents, and whether they equal the tables they picture.

A diagram says which table it pictures in the line before it:

    <!-- states: acquirement -->
    ```mermaid
    stateDiagram-v2
    …
    ```

What must hold: a marked diagram is the renderer's text, to the letter, so nobody edits it by hand.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_MARKED = re.compile(
    r"<!-- states: (?P<name>[a-z_]+) -->\n+```mermaid\n(?P<text>.*?)```", re.DOTALL
)
_MARK = re.compile(r"<!-- states:")


@dataclass(frozen=True, kw_only=True)
class Diagram:
    """One marked diagram of one document."""

    document: str
    name: str
    text: str


def found(document: str, text: str) -> list[Diagram]:
    """Return the marked diagrams of a document; a mark with no diagram after it is an error."""
    diagrams = [
        Diagram(document=document, name=match["name"], text=match["text"].strip())
        for match in _MARKED.finditer(text)
    ]
    if len(diagrams) != len(_MARK.findall(text)):
        message = f"{document}: a states mark is not followed by a mermaid diagram"
        raise AssertionError(message)
    return diagrams


def documents(root: Path) -> list[Path]:
    """Return every Markdown page of the repository that is ours."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def drifted(diagrams: Iterable[Diagram], render: Callable[[str], str]) -> list[str]:
    """Return each diagram that is not what the renderer makes of its table."""
    return [
        f"{diagram.document}: the diagram of {diagram.name} should read\n{render(diagram.name)}"
        for diagram in diagrams
        if diagram.text != render(diagram.name).strip()
    ]
