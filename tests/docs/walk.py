"""Walking a page: every block is done with as its language and words say, from top to bottom.

It decides the order, the environment and when a job counts as started; how a block is run is the
session's. What must hold: the first block that does not do what the page says ends the walk with
its place and everything it printed; whatever was started is ended; nothing of the test's own
environment reaches a block but where a browser and Java lie.
"""

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import msgspec

from tests.docs import places
from tests.docs.content import check
from tests.docs.elsewhere import AT_ROOT, PREPARED, REPLACED, reason
from tests.docs.pages import ROOT, Block, Fault, blocks
from tests.docs.session import Bash, Ended, Python
from tests.support.cluster import programs as postgres_programs

BLOCK_S_MAX: Final = 240.0
STARTS_S_MAX: Final = 240.0
PRINTS_S_MAX: Final = 120.0
LINES_TOLD: Final = 12
COPIED: Final = re.compile(r"(?<![\w/.~-])(examples|deploy|vectors|tools)/")
OWN: Final = ("deploy/", "examples/", "vectors/")
"""Folders whose pages are read beside the files that they tell of."""
SERVES: Final = re.compile(r"^\s*(?:exec )?(?:tillgate|make) (?:demo|serve)\b", re.MULTILINE)
TILLGATE: Final = re.compile(r"^\s*(?:exec )?tillgate\b", re.MULTILINE)
MAKE: Final = """#!/bin/sh
unset MAKEFLAGS MAKELEVEL
case " $* " in
"  " | " demo ") exec {make} --no-print-directory -C '{root}' -o .venv/.demo "$@" ;;
*) exec {make} --no-print-directory -C '{root}' --dry-run "$@" ;;
esac
"""
"""Set-up is done already, and `make test` would run this very test."""

FOUND: Final = {"java": "TILLGATE_TEST_JAVA", "chromium": "TILLGATE_TEST_BROWSER"}
"""Programs that `make test` finds or installs, and the variables that say where."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with a block, what it printed, and how long it took."""

    block: Block
    how: str
    printed: str = ""
    took_s: float = 0.0


Tell = Callable[[Done], None]


def walk(
    page: str,
    folder: Path,
    *,
    tell: Tell = lambda _: None,
    variables: Mapping[str, str] | None = None,
) -> list[Done]:
    """Execute a page in an empty folder, and return what was done with each block.

    Raises:
        Fault: a block did not do what the page says.
    """
    found = blocks(page)
    text = "\n".join(block.text for block in found) + PREPARED.get(page, "")
    work = _place(page, folder, text)
    with places.lent(work, text) as lent, _walker(folder, lent, variables or {}) as walker:
        walker.prepare(PREPARED.get(page, ""))
        done = []
        for block in found:
            began_s = time.monotonic()
            how, printed = walker.do(block)
            took_s = time.monotonic() - began_s
            done.append(Done(block=block, how=how, printed=printed, took_s=took_s))
            tell(done[-1])
        return done


def _place(page: str, folder: Path, text: str) -> Path:
    """Return where the page's reader stands: in an empty folder, in ours, or in the page's own."""
    if page in AT_ROOT:
        folder.mkdir(parents=True, exist_ok=True)
        return ROOT
    work = folder / "page"
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    if page.startswith(OWN) and page.endswith("/README.md"):
        shutil.copytree((ROOT / page).parent, work, ignore=ignored)
    work.mkdir(parents=True, exist_ok=True)
    for name in sorted(set(COPIED.findall(text))):
        if not (work / name).exists():
            shutil.copytree(ROOT / name, work / name, ignore=ignored)
    return work


@contextmanager
def _walker(folder: Path, lent: places.Places, variables: Mapping[str, str]) -> Iterator["_Walker"]:
    (folder / "blocks").mkdir(parents=True)
    walker = _Walker(folder, lent, {**_environment(folder, lent), **variables})
    try:
        yield walker
    finally:
        walker.end()


def _environment(folder: Path, lent: places.Places) -> dict[str, str]:
    """Return what a block finds: a HOME of its own, our programs, and where the browser lies."""
    home, programs = folder / "home", folder / "bin"
    home.mkdir()
    programs.mkdir()
    scripts = {"make": MAKE.format(make=shutil.which("make") or "make", root=ROOT)}
    for name, variable in FOUND.items():
        if variable in os.environ:
            scripts[name] = f"#!/bin/sh\nexec '{os.environ[variable]}' \"$@\"\n"
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    if lent.database:
        path.insert(1, str(postgres_programs(folder)))
    kept = ("PLAYWRIGHT_", "JAVA_HOME", "TMPDIR", *FOUND.values())
    return {
        **{name: text for name, text in os.environ.items() if name.startswith(kept)},
        "PATH": os.pathsep.join(path),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "TILLGATE_PORT": str(lent.ports[places.GATEWAY_PORT]),
    }


@final
class _Walker:
    """The sessions of one page, and what its jobs printed."""

    def __init__(self, folder: Path, lent: places.Places, environment: Mapping[str, str]) -> None:
        self._folder = folder / "blocks"
        self._lent = lent
        self._environment = environment
        self._bash = Bash(lent.folder, environment)
        self._python: Python | None = None
        self._jobs: list[Path] = []
        self._job: int | None = None

    def prepare(self, script: str) -> None:
        """Do what the page leans on."""
        if script:
            self._shell(Block(page="tests/docs/elsewhere.py", line=0, language="sh", text=script))

    def do(self, block: Block) -> tuple[str, str]:
        """Do with a block what its language and words say; return how, and what it printed."""
        why = reason(block.page, block.text)
        if why or block.title or block.language not in ("sh", "python"):
            if not (why and block.language != "sh"):
                check(block, self._folder)
            if why or not block.title:
                return (f"elsewhere: {why}" if why else "read"), ""
            file = self._bash.folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._lent.here(block.text))
            return f"written to {block.title}", ""
        run = self._run_python if block.language == "python" else self._shell
        printed = self._await_printed(block, run(block))
        return "executed", printed

    def end(self) -> None:
        """End whatever the page started."""
        self._bash.end()
        if self._python is not None:
            self._python.end()

    def _files(self, block: Block) -> tuple[Path, Path]:
        file = self._folder / f"{block.line}.{block.language}"
        told, done = REPLACED.get(block.page, ("", ""))
        file.write_text(self._lent.here(block.text.replace(told, done) if told else block.text))
        return file, file.with_suffix(".out")

    def _run_python(self, block: Block) -> Path:
        file, out = self._files(block)
        if self._python is None:
            self._python = Python(self._environment)
        at = (ROOT / block.page, block.line, self._bash.folder)
        ended = self._python.run(file, out, at=at, wait_s_max=BLOCK_S_MAX)
        self._expect(block, ended, out)
        return out

    def _shell(self, block: Block) -> Path:
        file, out = self._files(block)
        were_open = self._open_ports()
        if block.in_background:
            ended = self._bash.start(file, out)
        else:
            may_fail = block.exit_code != 0
            ended = self._bash.run(file, out, may_fail=may_fail, wait_s_max=BLOCK_S_MAX)
        self._expect(block, ended, out)
        if ended.job != self._job and ended.job is not None:
            self._job = ended.job
            self._jobs.append(out)
            if block.starts_a_job:
                self._await_started(block, ended.job, out, were_open)
        return out

    def _expect(self, block: Block, ended: Ended, out: Path) -> None:
        if ended.code != block.exit_code:
            said = "did not end with 0" if ended.code is None else f"ended with {ended.code}"
            said += f", not {block.exit_code}" if ended.code is not None else ""
            raise Fault(f"{block.where}: it {said}.\n{block.text}\nIt printed:\n{self._said(out)}")

    def _open_ports(self) -> set[int]:
        return {port for port in self._lent.ports.values() if places.is_open(port)}

    def _await_started(self, block: Block, job: int, out: Path, were_open: set[int]) -> None:
        """Wait until a job serves: a gateway is ready, another server listens, a command speaks."""
        serves, speaks = SERVES.search(block.text), TILLGATE.search(block.text)
        port = (self._lent.named_in(block.text) or [self._lent.ports[places.GATEWAY_PORT]])[0]
        ends_s = time.monotonic() + STARTS_S_MAX
        while time.monotonic() < ends_s:
            if serves:
                has_started = _is_ready(port)
            elif speaks:
                has_started = bool(self._said(out).strip())
            else:
                has_started = bool(self._open_ports() - were_open)
            if has_started:
                return
            if not self._bash.is_running(job):
                break
            time.sleep(0.05)
        raise Fault(f"{block.where}: it did not come up.\nIt printed:\n{self._said(out)}")

    def _await_printed(self, block: Block, out: Path) -> str:
        """Return what a block printed once that is what the page shows."""
        ends_s = time.monotonic() + (PRINTS_S_MAX if self._jobs else 0.0)
        while True:
            said = [self._said(each) for each in dict.fromkeys([out, *self._jobs])]
            if not block.prints or any(is_shown(block.prints, each) for each in said):
                return said[0]
            if time.monotonic() >= ends_s:
                raise Fault(
                    f"{block.where}: the page shows\n{block.prints}\nbut it printed\n"
                    + "\nand a job printed\n".join([said[0], *map(_last, said[1:])])
                )
            time.sleep(0.1)

    def _said(self, out: Path) -> str:
        return self._lent.there(out.read_text(errors="replace")) if out.exists() else ""


def is_shown(shown: str, printed: str) -> bool:
    """Tell whether what a page shows is in what was printed; `…` stands for anything."""
    parts = [re.escape(part.strip()) for part in _even(shown).split("…")]
    return re.search(r"(?:.|\n)*?".join(parts), _even(printed)) is not None


def _last(printed: str) -> str:
    """Return the last lines of what a job printed."""
    return "\n".join(printed.splitlines()[-LINES_TOLD:])


def _even(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _is_ready(port: int) -> bool:
    """Tell whether a gateway wants requests."""
    if not places.is_open(port):
        return False
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
