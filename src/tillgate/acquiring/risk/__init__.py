"""Risk, pure: what is known of a payment, the declared rules that look at it, and the judgement.

It reads nothing and writes nothing: doors gather the evidence, verbs act on the outcome and keep
the decision. What must hold: no evidence, however strange, makes it raise.
"""
