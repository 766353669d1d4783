"""Tillgate: a complete in-app payment system that speaks `alipay.intl.acquiring.cashier.wap.pay`.

This module is the public face of the package. It decides which names a merchant may lean on and
nothing else: each name is loaded from its home on first use, so that `import tillgate` costs no
more than this file, and the base install never reaches for a library of the server.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
