"""Where Alembic enters: it runs the wanted revisions on the connection that `migrate` hands in.

There is no configuration file; `storage.migrate` gives everything through the configuration's
attributes. What must hold: all revisions of one upgrade are one transaction, so that a machine that
dies half way leaves the schema it found.
"""

from alembic import context

from tillgate.storage.migrations import VERSION_TABLE
from tillgate.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata(connection.dialect.name),
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
