"""What a handshake that failed says: that no TLS is spoken there, or that we are refused.

It reads the reason that OpenSSL gives and names the next step; it opens nothing. What must hold:
"no TLS" is only said of what a peer without TLS gives, since whoever is told so tries http:// next.
"""

import ssl
from collections.abc import Sequence
from typing import Final

_NO_TLS: Final = frozenset(
    {
        "HTTP_REQUEST",
        "HTTPS_PROXY_REQUEST",
        "RECORD_LAYER_FAILURE",
        "UNKNOWN_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)
"""What OpenSSL calls bytes that are no record of TLS; the word differs between its versions."""
_STEPS: Final[Sequence[tuple[str, str]]] = (
    ("UNRECOGNIZED_NAME", "name it by the host that its certificate is for"),
    ("PROTOCOL_VERSION", "let it speak TLS 1.2 or later"),
    ("UNSUPPORTED_PROTOCOL", "let it speak TLS 1.2 or later"),
    ("SSL_VERSION", "let it speak TLS 1.2 or later"),
    ("CERTIFICATE", "let it ask for no client certificate: none is shown here"),
    ("HANDSHAKE_FAILURE", "a client certificate or a cipher is asked for that is not offered here"),
    ("EOF", "it hung up; see its own log, and whether this port speaks TLS"),
)
"""A part of a reason, and what whoever runs that server does about it; the first that fits."""


def speaks_none(error: ssl.SSLError) -> bool:
    """Tell whether what answered speaks no TLS at all."""
    return _reason(error) in _NO_TLS


def was_refused(error: ssl.SSLError) -> bool:
    """Tell whether the other side refused us once the connection stood, as TLS 1.3 lets it."""
    return "ALERT" in _reason(error)


def refusal(error: ssl.SSLError) -> str:
    """Return why the connection was refused, and the next step."""
    reason = _reason(error)
    step = next((step for part, step in _STEPS if part in reason), "see its own log")
    return f"{reason}; {step}" if reason else step


def _reason(error: ssl.SSLError) -> str:
    return error.reason or ""
