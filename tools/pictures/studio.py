"""The studio where the pictures of the pages are taken: a real demo, a browser, and contact sheets.

A sheet shows one state in three languages and two colour schemes, at the width of a phone or of a
desk. What must hold: a picture shows what the demo really shows; nothing is painted over it, and
nothing but the demo's own answers stands in it.
"""

import base64
import html
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page

PICTURES: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PROGRAM: Final = "from tillgate.cli import main; main()"


class Look(NamedTuple):
    """What a person has chosen: language and colour scheme."""

    locale: str
    language: str
    scheme: str
    words: str


class Size(NamedTuple):
    """A screen, and how its pictures lie on a sheet."""

    name: str
    width: int
    height: int
    columns: int
    scale: float


LOOKS: Final = (
    Look("en-US", "en", "light", "English"),
    Look("zh-HK", "zh-Hant", "light", "繁體中文"),
    Look("zh-CN", "zh-Hans", "light", "简体中文"),
    Look("en-US", "en", "dark", "English, dark"),
)
PHONE: Final = Size("phone", 390, 844, columns=4, scale=1.0)
DESK: Final = Size("desk", 1280, 800, columns=2, scale=0.6)

SHEET: Final = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #dfe5e2; color: #33413c;
  font: 15px/1.4 system-ui, "Noto Sans CJK HK"; }}
main {{ display: grid; grid-template-columns: repeat({columns}, max-content); gap: 18px;
  width: max-content; padding: 18px; }}
figure {{ margin: 0; }} figcaption {{ padding: 0 2px 6px; }}
img {{ display: block; width: {width}px; border-radius: 10px; }}
</style><main>{figures}</main>"""
FIGURE: Final = """<figure><figcaption>{words}</figcaption>
<img alt="" src="data:image/png;base64,{data}"></figure>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that is running: where its wallet and shop are, and its folder."""

    origin: str
    shop_origin: str
    data: Path

    def run(self, *arguments: str) -> None:
        """Run a command of an operator against it."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments, "--data", str(self.data)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)


@contextmanager
def demo(**settings: str) -> Iterator[Demo]:
    """Run `tillgate demo` for as long as the block lasts, in a folder that goes away with it."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "demo"
        given = {f"TILLGATE_{name.upper()}": text for name, text in settings.items()}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "demo", "--data", str(data), "--port", "0", "--json"],
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = json.loads(process.stdout.readline() if process.stdout else b"{}")["port"]
            yield Demo(
                origin=f"http://127.0.0.1:{port}",
                shop_origin=f"http://localhost:{port}",
                data=data,
            )
        finally:
            process.terminate()
            process.wait(20)


class Studio:
    """A browser before which the pages stand, and a desk on which the sheets are laid out."""

    def __init__(self, browser: Browser) -> None:
        """Take pictures with this browser."""
        self._browser = browser
        self._desk = browser.new_page()

    @contextmanager
    def person(self, look: Look, size: Size) -> Iterator[BrowserContext]:
        """Give somebody a browser of their own."""
        context = self._browser.new_context(
            viewport={"width": size.width, "height": size.height},
            locale=look.locale,
            color_scheme="dark" if look.scheme == "dark" else "light",
            reduced_motion="reduce",
            timezone_id="Asia/Hong_Kong",
        )
        yield context
        context.close()

    def turn(self, page: Page, look: Look, size: Size) -> bytes:
        """Show a page that stands already in another look, and take its picture."""
        page.set_viewport_size({"width": size.width, "height": size.height})
        page.emulate_media(color_scheme="dark" if look.scheme == "dark" else "light")
        page.evaluate(
            """(language) => {
              const key = "tillgate.language";
              localStorage.setItem(key, language);
              window.dispatchEvent(new StorageEvent("storage", {key, newValue: language}));
            }""",
            look.language,
        )
        page.wait_for_timeout(60)
        return page.screenshot()

    def all_looks(self, page: Page, name: str) -> None:
        """Take a state that holds still in every look and size."""
        for size in (PHONE, DESK):
            self.sheet(name, size, [(look, self.turn(page, look, size)) for look in LOOKS])

    def sheet(self, name: str, size: Size, shots: list[tuple[Look, bytes]]) -> None:
        """Lay pictures out on one sheet and keep it."""
        figures = "".join(
            FIGURE.format(
                words=html.escape(look.words), data=base64.b64encode(shot).decode("ascii")
            )
            for look, shot in shots
        )
        width = round(size.width * size.scale)
        self._desk.set_content(SHEET.format(columns=size.columns, width=width, figures=figures))
        self._desk.locator("main").screenshot(path=PICTURES / f"{name}-{size.name}.png")
        print(f"{name}-{size.name}.png")
