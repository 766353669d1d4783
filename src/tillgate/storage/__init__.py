"""Where records are kept: memory, SQLite and later PostgreSQL behind the engine's ports.

Nothing outside this package imports a database driver; all SQL lives here (STYLE rule 17). What
must hold: every store passes the same contract suite.
"""
