"""Where the SDK's keys and numbers come from when nobody hands them in.

What must hold: numbers are drawn from the system's secure randomness; a private key's file that
others can read is read all the same, since deciding that is the merchant's, but never in silence.
"""

import logging
import os
import secrets
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import final

from tillgate.protocol.keys import PrivateKey, PublicKey, load_private_key, load_public_key

KeySource = Path | str | bytes
"""A file as `Path`, or the key itself as text or bytes."""
OTHERS = 0o077
"""What anybody but the owner may do with a file."""


@final
class SystemIds:
    """Makes identifiers from the system's randomness."""

    def token(self) -> str:
        """Return 128 random bits as 32 lower-case hexadecimal digits."""
        return secrets.token_hex(16)

    def digits(self, length: int) -> str:
        """Return `length` random decimal digits."""
        return str(secrets.randbelow(10**length)).rjust(length, "0")


def fraction() -> float:
    """Return a number from 0 to 1 from the system's randomness."""
    return secrets.SystemRandom().random()


def private_key(source: KeySource | PrivateKey) -> PrivateKey:
    """Return the private key from a file, a text, or as it is; KeyRefused when it is none."""
    if isinstance(source, PrivateKey):
        return source
    loaded = load_private_key(_content(source))
    # Not before: of a public key that was given by mistake it would not be true.
    if isinstance(source, Path) and (warning := warning_of(source)):
        logging.getLogger("tillgate.merchant").warning(warning)
    return loaded


def warning_of(path: Path) -> str:
    """Return what is wrong with where a private key lies: a sentence, or "" when nothing is."""
    if os.name != "posix":
        return ""
    try:
        status = path.stat()
    except OSError:
        return ""
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode) or not mode & OTHERS:
        return ""
    step = f"chmod 600 {shlex.quote(str(path))}"
    return f"{path} holds a private key, and others can read it (mode {mode:04o}): {step}"


def public_keys(
    source: KeySource | PublicKey | Sequence[KeySource | PublicKey],
) -> tuple[PublicKey, ...]:
    """Return one public key or several; KeyRefused when one of them is none."""
    if isinstance(source, Path | str | bytes | PublicKey):
        source = (source,)
    return tuple(
        each if isinstance(each, PublicKey) else load_public_key(_content(each)) for each in source
    )


def _content(source: KeySource) -> bytes | str:
    return source.read_bytes() if isinstance(source, Path) else source
