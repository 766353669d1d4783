#!/usr/bin/env python3
"""Fill the templates of one machine from `cluster.toml`, and say which files were written.

It needs Python 3.11 and nothing else, so that it runs on a bare Debian 12. What must hold: no
password that everybody knows, none that needs quoting somewhere, and no file with a password in it
that others can read.
"""

import argparse
import ipaddress
import os
import re
import shutil
import stat
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

TEMPLATES = Path(__file__).resolve().parent / "templates"
PASSWORDS = ("superuser", "replication", "rewind", "patroni", "tillgate")
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
PASSWORD = re.compile(r"[A-Za-z0-9_-]{16,128}")
MACHINES = 3
OWNERS = {"etc/patroni/config.yml": "postgres", "database.sql": "postgres"}
"""Who reads a file that holds passwords; the others hold none."""


class Refused(Exception):
    """`cluster.toml` is not one to build on."""


def values_of(settings: Mapping[str, Any], machine: str) -> dict[str, str]:
    """Return what stands in the templates of one machine.

    Raises:
        Refused: something is missing or not safe.
    """
    machines: Mapping[str, str] = settings.get("machines", {})
    if len(machines) != MACHINES or len(set(machines.values())) != MACHINES:
        raise Refused("Name three machines with three addresses under [machines].")
    if machine not in machines:
        raise Refused(f"{machine} is none of {', '.join(machines)}.")
    scope = settings.get("scope", "")
    for name in (scope, *machines):
        if not NAME.fullmatch(name):
            raise Refused(f"{name!r} is not a name of small letters, digits and hyphens.")
    values = {"scope": scope, "name": machine, "address": machines[machine]}
    for number, (name, address) in enumerate(machines.items(), 1):
        values[f"name_{number}"] = name
        values[f"address_{number}"] = _address(address)
    values["gateways"] = _network(settings.get("gateways", ""))
    passwords = settings.get("passwords", {})
    for name in PASSWORDS:
        if not PASSWORD.fullmatch(passwords.get(name, "")):
            raise Refused(
                f"The password {name} needs 16 characters or more of letters, digits, - and _;"
                " `openssl rand -hex 24` prints one."
            )
        values[f"password_{name}"] = passwords[name]
    if len(set(passwords.values())) != len(passwords):
        raise Refused("Two passwords are the same.")
    return values


def _address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise Refused(f"{text!r} is not an IPv4 address.") from None


def _network(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError:
        raise Refused(f"gateways = {text!r} is not a network such as 10.0.0.0/24.") from None


def filled(values: Mapping[str, str]) -> dict[str, str]:
    """Return each file's path, from the root, and its text."""
    return {
        str(path.relative_to(TEMPLATES)): Template(path.read_text(encoding="utf-8")).substitute(
            values
        )
        for path in sorted(TEMPLATES.rglob("*"))
        if path.is_file()
    }


def write(files: Mapping[str, str], into: Path, *, owned: bool) -> list[Path]:
    """Write the files under a folder and return their paths; owned, each by who has to read it."""
    written = []
    for name, text in files.items():
        path = into / (name if name.startswith("etc/") else f"etc/patroni/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        mode = 0o600 if name in OWNERS else 0o644
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as file:
            file.write(text)
        path.chmod(mode)
        if owned and name in OWNERS:
            _give(path, OWNERS[name])
        written.append(path)
    return written


def _give(path: Path, owner: str) -> None:
    try:
        shutil.chown(path, owner, owner)
    except LookupError:
        raise Refused(f"There is no user {owner}; install the packages first.") from None


def read(path: Path) -> dict[str, Any]:
    """Return the settings of a file that nobody else can read.

    Raises:
        Refused: others can read it, or it is no TOML.
    """
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Refused(f"Others can read {path}, and it holds passwords: chmod 600 {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{path}: {error}") from error


def main() -> None:
    """Fill the templates as the command line says."""
    parser = argparse.ArgumentParser(description="Fill the templates of one machine.")
    parser.add_argument("settings", type=Path, help="cluster.toml, filled in")
    parser.add_argument("machine", help="this machine's name in it")
    parser.add_argument("--into", type=Path, required=True, help="/ on the machine itself")
    chosen = parser.parse_args()
    try:
        files = filled(values_of(read(chosen.settings), chosen.machine))
        written = write(files, chosen.into, owned=os.geteuid() == 0)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.writelines(f"{path}\n" for path in written)


if __name__ == "__main__":
    main()
