"""One cookie out of a Cookie header, read as browsers write it.

A browser sends what every server under its host's domain set, so a header holds what is none of
ours: JSON, spaces, quotes, names alone. What must hold: whatever else stands there hides none of
our cookies; nothing is unquoted or looked into, so a header costs one pass however it is made.
"""


def cookie_value(header: str, name: str) -> str:
    """Return a cookie's value, or ""; of several the first, which browsers say is the closest."""
    for each in header.split(";"):
        called, mark, value = each.partition("=")
        if mark and called.strip(" \t") == name:
            return value.strip(" \t")
    return ""
