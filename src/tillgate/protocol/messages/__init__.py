"""One typed pair of messages per function, and the parts they share.

Each module describes the members of one function's request and response bodies, in the order of its
reference page. They hold no rules that span messages and know neither keys nor state.
"""
