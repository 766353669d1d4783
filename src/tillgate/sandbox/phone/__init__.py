"""A phone with a wallet: a merchant's page in a real Chromium, the bridge there before its scripts.

The page is opened as it is and keeps its Content-Security-Policy. It asks our process, not the
network, for a payment: the browser's driver puts `injected.js` and a binding into it, which no
policy of a page reaches. Our process asks the gateway with the payer's session, and shows the
cashier in a tab of its own, since a cashier is framed by nobody. `tillgate wallet open` and the
pytest fixture `phone` are two ways to hold it. Playwright is loaded when it is used.
"""

from typing import Final

SANDBOX_PIN: Final = "123456"
"""The PIN of every payer of a sandbox; the same as `identities.PIN`, which needs the server."""
