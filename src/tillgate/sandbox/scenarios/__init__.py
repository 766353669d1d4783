"""Situations that a merchant's developer meets, as data: JSON files with steps and expectations.

The files lie here; what reads and plays them needs no server library, only a gateway to play with.
"""
