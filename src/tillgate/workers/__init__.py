"""Work that nobody waits for: what is owed to others is sent, what is due is done.

It decides when a thing is tried, never what is true of a payment: that is the engine's. What must
hold: a worker may die between any two lines, and its successor carries on from the store.
"""
