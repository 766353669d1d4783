"""The doors of our own that the reference describes, from the rooms that serve them.

The reference may not enter those rooms, so they are handed to it. What must hold: every door that
describes itself is in this list.
"""

from typing import Final

from tillgate.cashier import described as cashier
from tillgate.edge.described import Door
from tillgate.walletapp import described as walletapp

DESCRIBED: Final[tuple[Door, ...]] = (*cashier.DOORS, *walletapp.DOORS)
