"""What each function of the protocol does at the gateway, by its name; one family a module.

A handler gets a request that was verified and permitted, and returns the body of its answer; a
refusal raises. What must hold: every function that a merchant may post has a handler here.
"""
