"""The command line: `tillgate COMMAND …`, each command in a module of its own, loaded on use.

Decides which commands there are and when their modules are loaded. What must hold: naming one
command never loads another's libraries, so the base install runs all but those that need a server;
Ctrl-C ends it in silence, also while it still loads.
"""

import sys
from typing import Final

__all__ = ["main"]

INTERRUPTED: Final = 130
"""How a shell tells that Ctrl-C ended a program."""


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from tillgate.cli.root import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)
