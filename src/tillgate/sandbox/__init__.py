"""The sandbox: the whole system in one process, for trying it out and for merchants' tests.

It may lean on everything; nothing leans on it but the command line.
"""
