"""The published vectors, read as a stranger would, and what Tillgate's own code says of each.

What must hold: nothing here knows how a vector was made.
"""

import base64
import json
from pathlib import Path
from typing import Any, Final, NamedTuple, final

from tillgate.kernel.errors import Refused
from tillgate.protocol import order_string, redirect
from tillgate.protocol.envelope import Cut, Kind, cut
from tillgate.protocol.keys import PublicKey, load_public_key
from tillgate.protocol.profile import Digest
from tillgate.protocol.signature import verify_digest

FOLDER: Final = Path(__file__).parents[2] / "vectors"
SET: Final[dict[str, Any]] = json.loads((FOLDER / "vectors.json").read_bytes())


@final
class Vector(NamedTuple):
    """One published case."""

    told: dict[str, Any]

    def __str__(self) -> str:
        """Return its name."""
        return str(self.told["name"])

    @property
    def is_valid(self) -> bool:
        """Tell what a verifier must say."""
        return bool(self.told["expect"] == "valid")

    @property
    def message(self) -> bytes:
        """Return it as it travels."""
        return base64.b64decode(self.told["messageBase64"])

    @property
    def signed(self) -> bytes | None:
        """Return the bytes that a verifier must check."""
        told = self.told["signedBase64"]
        return None if told is None else base64.b64decode(told)

    @property
    def key(self) -> PublicKey:
        """Return the key that its reader holds."""
        return load_public_key((FOLDER / SET["keys"][self.told["key"]]).read_bytes())

    @property
    def digest(self) -> Digest:
        """Return the digest that is agreed."""
        return Digest(self.told["digest"])

    def cut(self) -> Cut:
        """Take it apart; only an envelope or a literal can be.

        Raises:
            Refused: there is nothing to verify.
        """
        if self.told["form"] == "literal":
            return order_string.read(order_string.unescape_js(self.message.decode()))
        return cut(self.message, Kind(self.told["member"]))

    def check(self) -> None:
        """Return when the signature fits.

        Raises:
            Refused: it does not, or there is nothing to verify.
        """
        if self.told["form"] == "address":
            redirect.read_return_url(self.message.decode(), [self.key])
        else:
            verify_digest(self.cut(), [self.key], self.digest)

    def verdict(self) -> str:
        """Return what our own code says."""
        try:
            self.check()
        except Refused:
            return "invalid"
        return "valid"


VECTORS: Final = [Vector(told) for told in SET["cases"]]
EXPECTED: Final = {str(vector): vector.told["expect"] for vector in VECTORS}
