"""The whole system in one process, with known identities and a shop to buy in.

It is the gateway itself with simulated parts behind its ports, never a mock beside it.
"""
