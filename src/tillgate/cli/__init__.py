"""The command line: `tillgate COMMAND …`, each command in a module of its own, loaded on use.

Decides which commands there are and when their modules are loaded. What must hold: naming one
command never loads another's libraries, so the base install runs all but those that need a server.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    from tillgate.cli.root import run

    sys.exit(run(sys.argv[1:]))
