r"""Vectors of order strings as they stand between the quotes of a JavaScript literal.

Signing comes first and escaping after, so what is signed is the text that the literal stands for.
What must hold: the message is the literal's source; a reader evaluates it, then checks.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tools.vectors.case import Case
from tools.vectors.content import Content, compact, escaped, order, pretty, reads
from tools.vectors.signing import signature
from tools.vectors.spelled import CHINESE, MERCHANT, sealed

NAMED: Final = {"\\": "\\\\", '"': '\\"', "'": "\\'", "\n": "\\n", "\r": "\\r", "<": "\\u003c"}
Spell = Callable[[str], str]


def source(text: str) -> str:
    """Return the literal that a careful server writes into a page."""
    return "".join(NAMED.get(each, each) for each in text)


def literal(
    short: str, says: str, content: Content, spell: Spell = source, *, text: str = ""
) -> Case:
    """Return a case whose literal evaluates to the envelope that was sealed."""
    signed = text or compact(content)
    written = signature(signed.encode())
    return Case(
        name=f"literal-{short}",
        says=says,
        message=spell(sealed(signed, written).decode()).encode(),
        key=MERCHANT,
        signed=signed.encode(),
        signature=written,
        form="literal",
        reads=reads(content),
    )


def cases() -> Iterator[Case]:
    """Return all of them."""
    yield from _right()
    yield from _wrong()


def _right() -> Iterator[Case]:
    plain = order("literal-plain")
    yield literal("plain", r"Quotes as \", so that extendInfo reaches \\\".", plain)
    yield literal(
        "double-quotes", "Only what double quotes need.", order("literal-double"), _double
    )
    yield literal("hex", r"Quotes as \x22.", order("literal-hex"), _hex)
    yield literal("unicode-quotes", r"Quotes as \u0022.", order("literal-unicode"), _unicode)
    chinese = order("literal-chinese", title=CHINESE)
    yield literal("chinese-raw", "A Chinese title as it is.", chinese)
    says = r"The literal writes \uXXXX; what was signed is raw UTF-8."
    yield literal("chinese-ascii", says, order("literal-ascii", title=CHINESE), _ascii)
    content = order("literal-both", title=CHINESE)
    says = r"The JSON itself holds \uXXXX, so the literal holds \\uXXXX."
    yield literal("chinese-json-escapes", says, content, text=escaped(content))
    dress = order("literal-dress", title="\N{DRESS} dress")
    yield literal("code-point", r"A character as \u{1F457}.", dress, _code_points)
    content = order("literal-pretty")
    yield literal(
        "pretty", r"A pretty-printed order: line ends as \n.", content, text=pretty(content)
    )
    script = order("literal-script", title="</script><!-- 'x' -->")
    yield literal("script", "A title that would end the page's script.", script)
    says = r"The literal writes \/, which stands for a plain slash."
    yield literal("slashes", says, order("literal-slashes"), _slashes)
    content = order("literal-php")
    says = r"The JSON was signed with \/, so the literal holds \\/."
    yield literal("slashes-json-escapes", says, content, text=compact(content).replace("/", "\\/"))
    deep = compact({"note": compact({"note": compact({"productScene": "Prepay"})})})
    yield literal(
        "deep", "extendInfo is three levels deep.", order("literal-deep", extendInfo=deep)
    )


def _wrong() -> Iterator[Case]:
    yield _spoilt(
        "escaped-twice",
        "JS_ESCAPED",
        "The literal was escaped twice; what it stands for still is a literal.",
        lambda text: source(source(text)),
    )
    yield _spoilt(
        "never-escaped",
        "NOT_AN_ENVELOPE",
        "The JSON was put between single quotes as it is, so extendInfo's escapes are eaten.",
        lambda text: text,
    )
    content = order("literal-eaten")
    signed = compact(content).replace("/", "\\/")
    written = signature(signed.encode())
    eaten = signed.replace("\\/", "/")
    yield Case(
        name="literal-slashes-eaten",
        says=r"The JSON was signed with \/, which the literal repeats: a plain slash.",
        message=source(eaten)
        .join((source('{"request":'), source(f',"signature":"{written}"}}')))
        .encode(),
        key=MERCHANT,
        signed=eaten.encode(),
        signature=written,
        form="literal",
        why="SLASHES_ESCAPED",
    )


def _spoilt(short: str, why: str, says: str, spell: Spell) -> Case:
    name = f"literal-{short}"
    signed = compact(order(name))
    written = signature(signed.encode())
    return Case(
        name=name,
        says=says,
        message=spell(sealed(signed, written).decode()).encode(),
        key=MERCHANT,
        signed=None,
        signature=None,
        form="literal",
        why=why,
    )


def _double(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _hex(text: str) -> str:
    return text.replace("\\", "\\x5c").replace('"', "\\x22")


def _unicode(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "\\u0022")


def _ascii(text: str) -> str:
    return "".join(each if each < "\x7f" else f"\\u{ord(each):04X}" for each in source(text))


def _code_points(text: str) -> str:
    return "".join(each if each < "\x7f" else f"\\u{{{ord(each):X}}}" for each in source(text))


def _slashes(text: str) -> str:
    return source(text).replace("/", "\\/")
