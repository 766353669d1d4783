"""Messages to hosts that a merchant named: the one door through which we call outside.

It decides whether a URL may be called and bounds what a call may cost; it knows nothing of what is
sent or what an answer means. What must hold: a connection goes only to an address that was checked.
"""
