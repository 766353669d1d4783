"""Signs by the openssl command, with the published test keys.

PKCS#1 v1.5 has no randomness, so the same bytes give the same signature for ever and the whole set
can be made again and compared. What must hold: nothing of Tillgate's own code signs here.
"""

import base64
import subprocess
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

VECTORS: Final = Path(__file__).resolve().parents[2] / "vectors"
KEYS: Final = VECTORS / "keys"
BITS: Final = {
    "merchant-2048": 2048,
    "merchant-3072": 3072,
    "merchant-4096": 4096,
    "gateway-2048": 2048,
    "gateway-3072": 3072,
    "stranger-2048": 2048,
}
"""Every key of the set; `stranger` signs what is signed by somebody else."""
DIGESTS: Final = {"RSA2": "-sha256", "RSA": "-sha1", "MD5": "-md5"}
MARK: Final = (
    "THIS IS A TEST KEY. It is published with Tillgate's signature vectors, so everybody has it.\n"
    "Never register it anywhere and never sign anything of worth with it.\n"
)


def private_file(key: str) -> Path:
    """Return where the private half of a key stands."""
    return KEYS / f"{key}.TEST-KEY.private.pem"


def make_missing() -> None:
    """Make the keys that are not there yet, with both halves and the bare line."""
    KEYS.mkdir(parents=True, exist_ok=True)
    for key, bits in BITS.items():
        file = private_file(key)
        if file.exists():
            continue
        pem = _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")
        file.write_bytes(MARK.encode() + pem)
        public = _openssl("pkey", "-in", str(file), "-pubout")
        (KEYS / f"{key}.public.pem").write_bytes(public)
        bare = b"".join(public.splitlines()[1:-1])
        (KEYS / f"{key}.public.txt").write_bytes(bare + b"\n")


@cache
def raw_signature(signed: bytes, key: str, digest: str) -> bytes:
    """Return the bytes of a PKCS#1 v1.5 signature."""
    return _openssl("dgst", DIGESTS[digest], "-sign", str(private_file(key)), stdin=signed)


def pss_signature(signed: bytes, key: str) -> bytes:
    """Return a signature with PSS padding, without salt so that it is always the same."""
    options = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:0")
    return _openssl("dgst", "-sha256", *options, "-sign", str(private_file(key)), stdin=signed)


def bare_signature(content: bytes, key: str) -> bytes:
    """Return what encryption with the private key gives: padding around the content itself."""
    options = ("-pkeyopt", "rsa_padding_mode:pkcs1")
    return _openssl("pkeyutl", "-sign", "-inkey", str(private_file(key)), *options, stdin=content)


def signature(
    signed: bytes, key: str = "merchant-2048", digest: str = "RSA2", encoding: str = "base64"
) -> str:
    """Return a signature's text."""
    return encoded(raw_signature(signed, key, digest), encoding)


def encoded(raw: bytes, encoding: str = "base64") -> str:
    """Write the bytes of a signature as base64, double-base64 or url-base64."""
    once = base64.b64encode(raw)
    if encoding == "double-base64":
        return base64.b64encode(once).decode()
    return quote(once.decode(), safe="") if encoding == "url-base64" else once.decode()


def _openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"openssl {arguments[0]}: {done.stderr.decode()}")
    return done.stdout
