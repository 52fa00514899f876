"""Where a contact went, comparable: what went to one address counts together, whoever's it is."""

import sqlalchemy as sa
from alembic import op

from domain.addresses import address_key

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None

_INDEX = "place IS NOT NULL"


def upgrade() -> None:
    op.add_column("contacts", sa.Column("place", sa.Text(), nullable=True))
    contacts = sa.table("contacts", sa.column("address"), sa.column("place"))
    connection = op.get_bind()
    for address in connection.execute(sa.select(contacts.c.address).where(contacts.c.address.is_not(None)).distinct()):
        same = sa.update(contacts).where(contacts.c.address == address[0])
        connection.execute(same.values(place=address_key(address[0])))
    where = sa.text(_INDEX)
    op.create_index("ix_contacts_place", "contacts", ["place", "as_of"], sqlite_where=where, postgresql_where=where)
