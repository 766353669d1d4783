"""The words every other part is made of: money, instants, identifiers, errors and result codes.

It decides nothing about payments and knows no wire, no disk and no clock but the one in `clock`.
It imports nothing of ours, so every other package may lean on it.
"""
