"""Policies by content hash, as they were when their cases began."""

import sqlalchemy as sa

from gateways.ledger.inserts import insert_once
from gateways.ledger.schema import policies
from gateways.ledger.transactions import Book
from gateways.ports.trouble import NotFound

_BODY = sa.select(policies.c.body).where(policies.c.digest == sa.bindparam("of"))


class SqlPolicies(Book):
    """`ports.PolicyBook` in SQL."""

    def keep_policy(self, digest: str, name: str, version: int, body: str) -> None:
        with self._database.writing() as connection:
            insert_once(connection, policies, {"digest": digest, "name": name, "version": version, "body": body})

    def policy(self, digest: str) -> str:
        with self._database.reading() as connection:
            body = connection.execute(_BODY, {"of": digest}).scalar_one_or_none()
        if body is None:
            raise NotFound(
                f"The ledger has no policy {digest}, with which a case began: restore the ledger from its backup."
            )
        return str(body)
