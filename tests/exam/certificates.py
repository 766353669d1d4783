"""Certificates of a test's own: one that signs itself, as a developer makes it on a laptop.

What must hold: nothing about one is wrong but what the test asks for; its key leaves the test's
folder for nobody.
"""

import datetime as dt
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certified(NamedTuple):
    """A server's half, and the certificate as a file that a client may trust."""

    tls: ssl.SSLContext
    pem: Path


def certified(folder: Path, *, host: str = "127.0.0.1", days_left: int = 1) -> Certified:
    """Return a certificate that signs itself for an address, valid for so many days more."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "laptop")])
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days_left)
    certificate = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - dt.timedelta(days=30))
        .not_valid_after(ends)
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem, private)
    return Certified(tls, pem)
