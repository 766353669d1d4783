"""The PostgreSQL store: the ports of the engine over asyncpg, on connections that are held.

`opening.open_postgres` makes one. It knows no rule of payments. What must hold: an answered commit
is durable wherever PostgreSQL says so, on a synchronous standby, too.
"""
