"""Versions of the terms, and who has agreed to which."""

from datetime import datetime

import sqlalchemy as sa

from domain.terms import Acceptance, KeptTerms, TermsVersion
from gateways.ledger.inserts import insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import acceptances, terms_versions
from gateways.ledger.transactions import Book

_said = acceptances.c
_VERSION = sa.select(terms_versions).where(terms_versions.c.version == sa.bindparam("named"))
_ALL = sa.select(acceptances).where(_said.customer_id == sa.bindparam("of")).order_by(_said.at, _said.event_id)
_NEWEST = (
    sa.select(acceptances)
    .where(_said.customer_id == sa.bindparam("of"), _said.at <= sa.bindparam("until"))
    .order_by(_said.at.desc(), _said.event_id.desc())
    .limit(1)
)


class SqlTerms(Book):
    """`ports.terms.TermsBook` in SQL."""

    def keep_terms(self, kept: KeptTerms) -> None:
        row = {"version": kept.version, "since": kept.since, "body": kept.content.model_dump_json()}
        with self._database.writing() as connection:
            insert_once(connection, terms_versions, row)

    def kept_terms(self, version: str) -> KeptTerms | None:
        with self._database.reading() as connection:
            row = connection.execute(_VERSION, {"named": version}).mappings().one_or_none()
        if row is None:
            return None
        content = TermsVersion.stored(row["body"])
        return KeptTerms(version=row["version"], since=row["since"], content=content)

    def accept(self, said: Acceptance) -> None:
        with self._database.writing() as connection:
            insert_once(connection, acceptances, without_nul(said.model_dump()))

    def acceptances(self, customer_id: str) -> list[Acceptance]:
        with self._database.reading() as connection:
            return [Acceptance(**row) for row in connection.execute(_ALL, {"of": customer_id}).mappings()]

    def accepted(self, customer_id: str, until: datetime) -> Acceptance | None:
        with self._database.reading() as connection:
            row = connection.execute(_NEWEST, {"of": customer_id, "until": until}).mappings().one_or_none()
        return Acceptance(**row) if row else None
