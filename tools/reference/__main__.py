"""`python -m tools.reference`: writes `docs/reference` from the types and the program itself.

It decides where each page lies; what stands on it is `pages`. What must hold: a page that is
written is the one that a test compares, to the letter.
"""

import sys

from tools.reference.pages import FOLDER, rendered


def main() -> None:
    """Write what differs, and name it."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in rendered().items():
        path = FOLDER / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
