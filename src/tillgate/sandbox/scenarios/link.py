"""The way to a gateway: HTTP as a merchant's server, a wallet and an operator use it.

It knows addresses and headers and no meaning. What must hold: an answer that does not come is a
value; no token leaves this module but in a request's header.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import httpx2
import msgspec

from tillgate.kernel.errors import TillgateError, Unavailable
from tillgate.sandbox.chosen.faults import HEADER

WAIT_S_MAX: Final = 20.0
ANSWER_BYTES_MAX: Final = 256 * 1024
NO_ANSWER: Final = 0
"""The HTTP status of an answer that did not come."""


class StageRefused(TillgateError):
    """Something around the scenario is not as it must be; the text says what to do."""


@final
class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  Whatever it is.
        """Return the body as JSON, or None when it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


@final
class Link:
    """Speaks to one gateway."""

    def __init__(self, url: str, data: Path) -> None:
        """Speak to the gateway at `url`, whose data folder this is."""
        self.url = url.rstrip("/")
        self.data = data
        self._client = httpx2.Client(
            base_url=self.url, timeout=WAIT_S_MAX, follow_redirects=False, trust_env=False
        )
        self._sessions: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        fault: str = "",
        token: str = "",
        page_origin: str = "",
    ) -> Heard:
        """Send one request; an answer that does not come has the status `NO_ANSWER`."""
        headers = {"content-type": "application/json;charset=utf-8"}
        if fault:
            headers[HEADER] = fault
        if page_origin:
            headers["x-tillgate-page-origin"] = page_origin
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            reply = self._client.request(method, path, content=content, headers=headers)
        except httpx2.ConnectError as error:
            message = f"No gateway answers at {self.url}; start one, or leave --url out."
            raise Unavailable(message) from error
        except httpx2.TransportError:
            return Heard(status=NO_ANSWER, body=b"")
        return Heard(status=reply.status_code, body=reply.content[:ANSWER_BYTES_MAX])

    def post_json(self, path: str, body: object, **more: str) -> Heard:
        """Post a value as JSON."""
        return self.send("POST", path, msgspec.json.encode(body), **more)

    def session(self, payer: str, pin: str, *, is_new: bool = False) -> str | Heard:
        """Return the token of a payer's session, or the answer that refuses one."""
        with self._lock:
            known = self._sessions.get((payer, pin))
        if known and not is_new:
            return known
        heard = self.post_json("/wallet/session", {"payer": payer, "pin": pin})
        said = heard.json()
        if not isinstance(said, dict) or "token" not in said:
            return heard
        token = str(said["token"])
        with self._lock:
            self._sessions[payer, pin] = token
        return token

    def forget_sessions(self) -> None:
        """Sign payers in anew from now on: time has gone by."""
        with self._lock:
            self._sessions.clear()

    def control(self, path: str, body: object) -> Mapping[str, Any]:
        """Post to a door that opens with the token of the data folder.

        Raises:
            StageRefused: the door did not open, or did not take it.
        """
        file = self.data / "control.token"
        try:
            token = file.read_text().strip()
        except OSError as error:
            message = f"{file} cannot be read; name the gateway's data folder with --data."
            raise StageRefused(message) from error
        heard = self.post_json(path, body, token=token)
        said = heard.json()
        if heard.status != 200 or not isinstance(said, dict):  # noqa: PLR2004  HTTP's word for yes.
            why = said.get("error") or said.get("sentence") if isinstance(said, dict) else said
            raise StageRefused(f"{path} answered HTTP {heard.status}: {why}")
        return said
