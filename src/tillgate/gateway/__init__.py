"""The door for merchants' servers and for operators: verifies, translates, hands to the engine.

It imports neither another door nor storage.
"""
