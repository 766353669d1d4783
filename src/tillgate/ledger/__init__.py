"""Double entry, pure: accounts, postings, entries and their audit.

It knows nothing of payments: what a movement means is decided in `bookkeeping`.
"""
