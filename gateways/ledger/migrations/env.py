"""Alembic's entry. `upgrade_schema` hands it an open transaction, so that a migration happens whole or not at all."""

from alembic import context

from gateways.ledger.indexes import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
