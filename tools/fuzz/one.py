"""Fuzzes one target in this process, by coverage, with atheris.

`python -m tools.fuzz.one TARGET …` hands everything after the target to libFuzzer, which ends the
process by itself: with 0 when all went well, with something else after a crash, whose input it has
written down. What must hold: whatever it imports of ours is instrumented before it runs.
"""

import logging
import sys
from pathlib import Path


def main(name: str, folder: Path, options: list[str]) -> None:
    """Fuzz a target; `folder` holds its corpus and, in `crashes`, its reproducers."""
    import atheris  # noqa: PLC0415  A dependency of this alone, on the platforms that have it.

    logging.disable()  # A target's log is not what is looked at, and would cost most of the time.
    with atheris.instrument_imports(include=["tillgate", "uvicorn.protocols"]):
        from tools.fuzz.target import held  # noqa: PLC0415  Instrumented.
        from tools.fuzz.targets import TARGETS  # noqa: PLC0415  Instrumented.

    target = TARGETS[name]
    corpus, crashes = folder / "corpus", folder / "crashes"
    for made in (corpus, crashes):
        made.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number:03d}").write_bytes(seed)
    atheris.Setup(
        [
            f"fuzz-{name}",
            str(corpus),
            f"-artifact_prefix={crashes}/",
            "-print_final_stats=1",
            "-timeout=20",
            "-rss_limit_mb=1024",
            "-max_len=8192",
            *options,
        ],
        lambda data: held(target.take, data),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
