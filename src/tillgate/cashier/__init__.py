"""The door for buyers: trade-pay, the cashier page and what is confirmed there (PROTOCOL 11.4).

It translates pages' posts into commands and outcomes into callbacks; it moves no money.
"""
