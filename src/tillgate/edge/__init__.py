"""What doors share: who is asking, may they, and how an answer leaves.

It translates bytes into commands and outcomes into bytes. It decides nothing about money and knows
no store, no template and no framework.
"""
