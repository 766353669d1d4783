"""The script that a phone's browser runs before the scripts of each page.

Composes `injected.js`, with its settings, and the very bridge that the gateway serves. What must
hold: there is one bridge; what is injected is that file, byte for byte.
"""

from importlib.resources import files
from typing import Final

import msgspec

HERE: Final = "__tillgateHere"
PAY: Final = "__tillgatePay"
CASHIER: Final = "__tillgateCashier"
_AFTER: Final = """(function (tillgateSettings) {{
{injected}
if (window.tillgatePhone) {{
{bridge}
}}
}})({settings});
"""


def script(gateway: str) -> str:
    """Return what is run in every page of a phone whose wallet is at this origin."""
    settings = {"gateway": gateway, "here": HERE, "pay": PAY, "cashier": CASHIER}
    return _AFTER.format(
        injected=files(__package__).joinpath("injected.js").read_text("utf-8"),
        bridge=files("tillgate.cashier").joinpath("static/bridge.js").read_text("utf-8"),
        settings=msgspec.json.encode(settings).decode(),
    )
