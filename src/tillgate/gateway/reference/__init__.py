"""The reference: pages and an OpenAPI document, made from the types that the gateway reads by.

It decides nothing and holds no fact of its own: functions, members, codes and samples come from
`protocol` and `kernel`. What must hold: nothing here is typed twice, so a page cannot drift from
what the gateway does; every sample is really signed and verifies.
"""
