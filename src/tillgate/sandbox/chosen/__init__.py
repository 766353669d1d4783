"""Outcomes that a merchant's developer chooses: by an amount's last digits, or by a header.

They are put around the parts of a sandbox from outside; no part knows that they exist.
"""
