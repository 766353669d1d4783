"""The revisions of the schema, one script each; `migrations.REVISIONS` names them in order."""
