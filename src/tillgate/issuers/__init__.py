"""The payer's side: PINs of the built-in wallet, and the simulated outside issuer of the sandbox.

The built-in wallet's money is in our own ledger, so the engine pays from it; what is here of it is
the check of a PIN. An outside issuer is behind the engine's `Issuer` port.
"""
