"""What usually does it, by language: read from `remedies.toml`, which is written for people.

What must hold: every code has all five languages, in one order.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from tillgate.doctor.findings import Code, Remedy

LANGUAGES: Final = ("Python", "Java", "PHP", "Node", "Go")


def remedies_of(code: str) -> tuple[Remedy, ...]:
    """Return what usually does it in each language, and what to write instead."""
    rows = _table().get(code, {})
    return tuple(
        Remedy(language=language, usually=rows[language][0], instead=rows[language][1].strip())
        for language in LANGUAGES
        if language in rows
    )


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    """Return usual line and better line by code and language; alike codes share their rows."""
    text = resources.files("tillgate.doctor").joinpath("remedies.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    shared: Mapping[str, str] = table["same_as"]
    rows: dict[str, Mapping[str, list[str]]] = dict(table["usually"])
    for code in Code:
        if code.name in shared:
            rows[code.name] = rows[shared[code.name]]
    return rows
