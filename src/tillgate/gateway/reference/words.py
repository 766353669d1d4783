"""The words of the pages' frame in three languages; what comes from the types is English.

One file a language, read by this and by the pages' script, so that a page is right before a script
has run. In a text, `code` stands between backticks. What must hold: every text becomes markup only
after it was escaped.
"""

import re
from collections.abc import Mapping
from importlib import resources
from typing import final

import msgspec
from markupsafe import Markup, escape

PACKAGE = "tillgate.gateway.reference"
FILES = {"en": "en.json", "zh-Hant-HK": "zh-hant.json", "zh-Hans-CN": "zh-hans.json"}
"""The file of each language of `edge.pages`."""
_CODE = re.compile(r"`([^`]+)`")


@final
class Words:
    """The words of one language."""

    def __init__(self, lang: str, texts: Mapping[str, str]) -> None:
        """Speak with these texts, which are in `lang`."""
        self.lang = lang
        self._texts = texts

    def __call__(self, tag: str, key: str, **attributes: str) -> Markup:
        """Return an element that holds a text and names it for the script."""
        named = {"data-say": key, **{_name(name): text for name, text in attributes.items()}}
        inside = Markup().join(Markup(' {}="{}"').format(*pair) for pair in named.items())
        return Markup("<{0}{1}>{2}</{0}>").format(tag, inside, marked(self._texts[key]))

    def text(self, key: str) -> str:
        """Return a text for an attribute or a title."""
        return self._texts[key].replace("`", "")


def marked(text: str) -> Markup:
    """Return a text as markup, with code where its backticks are."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  Escaped first.


def all_words() -> Mapping[str, Words]:
    """Read the words of every language."""
    folder = resources.files(PACKAGE) / "static" / "locales"
    return {
        lang: Words(lang, msgspec.json.decode((folder / name).read_bytes(), type=dict[str, str]))
        for lang, name in FILES.items()
    }


def _name(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")
