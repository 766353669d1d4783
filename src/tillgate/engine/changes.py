"""Operators' commands that change some settings and leave the others.

What must hold: what is not given is what the row holds when the command is decided, never what
somebody read before it; so of two operators who change one row at once neither undoes the other.
"""

from tillgate.acquiring.merchant import MerchantChanges
from tillgate.engine.commands import OperatorCommand
from tillgate.kernel.ids import MerchantId


class ChangeMerchant(OperatorCommand, frozen=True, kw_only=True):
    """Change what is given of a merchant that is registered."""

    merchant_id: MerchantId
    changes: MerchantChanges
