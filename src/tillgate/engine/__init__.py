"""The engine: commands are decided in batches by pure functions, each batch one transaction.

Doors hand commands in and get outcomes after the commit. The engine knows neither the wire nor a
database; it knows the ports in `ports` and the verbs in `decide`.
"""
