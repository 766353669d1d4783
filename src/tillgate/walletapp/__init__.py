"""The simulated wallet: signing in, the phone frame with its web view, and the live story.

It stands where a real wallet's app and server stand; the payment itself goes through the cashier's
doors like anybody else's.
"""
