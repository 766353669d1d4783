"""The demo shop: a merchant like any other, built on the SDK, on a site of its own.

It holds its own orders and believes only what is signed: the notification and the redirect.
"""
