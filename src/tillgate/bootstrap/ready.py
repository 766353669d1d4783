"""What a house may be handed ready, because it costs much to make and several may share it.

A server makes each part itself; a test run brings up a house for every test in one process. What
must hold: a key that is handed over is the one that lies in the folder; nobody but a test's own
gateway hashes PINs with less effort.
"""

import ssl
from typing import Final, NamedTuple, final

from tillgate.issuers.pins import FULL, Effort
from tillgate.protocol.keys import PrivateKey


@final
class Ready(NamedTuple):
    """Parts that are there already.

    Attributes:
        gateway_key: the gateway's private key; checking one takes as long as fifty signatures.
        tls: whose certificates merchants' servers may have.
        pin_effort: what one hash of a PIN costs.
    """

    gateway_key: PrivateKey | None = None
    tls: ssl.SSLContext | None = None
    pin_effort: Effort = FULL


NOTHING: Final = Ready()
