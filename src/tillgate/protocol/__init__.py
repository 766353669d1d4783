"""The wire, pure: what a message is, byte for byte, and what may be believed of it.

It knows envelopes, signatures, keys, the order string, signed redirects and one typed pair of
messages per function. It knows no payment rules, no clock, no disk and no network. What must always
hold: content is read from the very bytes whose signature was checked, never before the check.

The usual way through: `envelope.cut`, then `signature.verify`, then `functions.open_request`.
"""
