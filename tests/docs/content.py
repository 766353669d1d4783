"""Whether what a block shows is what its language takes, without running it.

It decides by what reads the language: a library of ours for data, node for scripts, nginx and
haproxy for their own files where they are installed. What must hold: text that its reader would
refuse is a fault that repeats what the reader said.
"""

import json
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping, Sequence
from configparser import ConfigParser
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, final

import yaml

from tests.architecture import diagrams
from tests.docs.pages import ROOT, Block, Fault

VOID: Final = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
"""Elements that have no end."""
COMPILED: Final = frozenset({"java", "go", "php", "ruby", "csharp"})
"""Languages of others: a page gives them a title, and runs them from a shell."""


def check(block: Block, folder: Path) -> None:
    """Raise `Fault` unless a block's text is what its language takes.

    Raises:
        Fault: its reader refuses it, or nothing here reads this language.
    """
    if block.language in COMPILED and block.title:
        return
    reader = READERS.get(block.language)
    if reader is None:
        raise Fault(
            f"{block.where}: nothing reads {block.language!r}; see tests/docs/README.md for what to"
            " write, or name the block in tests/docs/elsewhere.py with the reason."
        )
    try:
        reader(block, folder)
    except (ValueError, SyntaxError, yaml.YAMLError) as fault:
        raise Fault(f"{block.where}: this is no {block.language}: {fault}") from fault


def _python(block: Block, _: Path) -> None:
    compile("\n" * block.line + block.text, block.page, "exec", dont_inherit=True)


def _shell(block: Block, folder: Path) -> None:
    _asked(block, folder, ["bash", "-n"], suffix=".sh")


def _script(block: Block, folder: Path) -> None:
    starts = [line.split(" ")[0] for line in block.text.splitlines()]
    is_module = "import" in starts or "export" in starts
    _asked(block, folder, ["node", "--check"], suffix=".mjs" if is_module else ".js")


def _page(block: Block, folder: Path) -> None:
    read = _Balanced()
    read.feed(block.text)
    read.close()
    if read.open:
        raise ValueError(f"<{read.open[-1]}> is not closed")
    for text in read.scripts:
        _script(Block(page=block.page, line=block.line, language="js", text=text), folder)


def _nginx(block: Block, folder: Path) -> None:
    certificate = folder / "nginx"
    certificate.mkdir(exist_ok=True)
    _openssl(certificate)
    named = f"ssl_certificate {certificate}/c.pem; ssl_certificate_key {certificate}/k.pem;"
    text = (
        f"pid {certificate}/pid; error_log stderr; events {{}} http {{ access_log off; {named}\n"
        f"{block.text}\n}}"
    )
    whole = Block(page=block.page, line=block.line, language="nginx", text=text)
    _asked(whole, folder, ["nginx", "-t", "-q", "-c"], suffix=".conf")


def _haproxy(block: Block, folder: Path) -> None:
    _asked(block, folder, ["haproxy", "-c", "-f"], suffix=".cfg")


def _mermaid(block: Block, _: Path) -> None:
    page = (ROOT / block.page).read_text()
    if block.text.strip() not in [each.text for each in diagrams.found(block.page, page)]:
        raise ValueError("no mark above it says which table it pictures")


@final
class _Balanced(HTMLParser):
    """Which elements are open, and what stands in the scripts of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes what is not open")

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"] and data.strip():
            self.scripts.append(data)


def _asked(block: Block, folder: Path, program: Sequence[str], *, suffix: str) -> None:
    """Ask a program about a block's text; one of a server may not be installed."""
    if shutil.which(program[0]) is None and program[0] in ("nginx", "haproxy"):
        return
    file = folder / f"checked-{block.line}{suffix}"
    file.write_text(block.text)
    asked = subprocess.run([*program, file], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise ValueError((asked.stderr + asked.stdout).strip())


def _openssl(folder: Path) -> None:
    """Make a certificate that a configuration may name."""
    line = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=pay -keyout k.pem -out c.pem"
    subprocess.run(line.split(), cwd=folder, capture_output=True, check=True)


READERS: Final[Mapping[str, Callable[[Block, Path], object]]] = {
    "python": _python,
    "sh": _shell,
    "js": _script,
    "html": _page,
    "nginx": _nginx,
    "haproxy": _haproxy,
    "mermaid": _mermaid,
    "text": lambda block, _: block,
    "css": lambda block, _: block,
    "json": lambda block, _: json.loads(block.text),
    "toml": lambda block, _: tomllib.loads(block.text),
    "yaml": lambda block, _: list(yaml.safe_load_all(block.text)),
    "ini": lambda block, _: ConfigParser(strict=False).read_string(block.text),
}
