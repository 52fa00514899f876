"""Keys of the API, the answers that stand for a token, and the audit of requests."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from gateways.ledger.case_list import fields_of
from gateways.ledger.inserts import insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema_doors import api_answers, api_keys, api_requests
from gateways.ledger.transactions import Book
from gateways.ports.access import CUT_OFF, Answered, ApiKey, Asked


class SqlApiAccess(Book):
    """`ports.access.AccessBook` in SQL."""

    def keep_key(self, key: ApiKey) -> bool:
        with self._database.writing() as connection:
            return insert_once(connection, api_keys, key.model_dump())

    def key(self, key_id: str) -> ApiKey | None:
        with self._database.reading() as connection:
            found = connection.execute(sa.select(api_keys).where(api_keys.c.key_id == key_id)).mappings().one_or_none()
        return ApiKey(**found) if found else None

    def keys(self) -> list[ApiKey]:
        with self._database.reading() as connection:
            found = connection.execute(sa.select(api_keys).order_by(api_keys.c.made_at, api_keys.c.key_id)).mappings()
            return [ApiKey(**row) for row in found]

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        # One that was rotated works on for its grace: it can still be cut off at once.
        works = sa.or_(api_keys.c.revoked_at.is_(None), api_keys.c.revoked_at > at)
        standing = sa.and_(api_keys.c.key_id == key_id, works)
        with self._database.writing() as connection:
            return connection.execute(sa.update(api_keys).where(standing).values(revoked_at=at)).rowcount > 0

    def begin_answer(self, key_id: str, token: str, digest: str, at: datetime, gives_up: timedelta) -> Answered | None:
        row = {"key_id": key_id, "token": token, "digest": digest, "at": at}
        with self._database.writing() as connection:
            if insert_once(connection, api_answers, row):
                return None
            one = _one(key_id, token)
            abandoned = sa.and_(one, api_answers.c.status.is_(None), api_answers.c.at < at - gives_up)
            if connection.execute(sa.update(api_answers).where(abandoned).values(digest=digest, at=at)).rowcount:
                return None
            found = connection.execute(sa.select(api_answers).where(one)).mappings().one()
            return Answered(**fields_of(found, Answered))

    def finish_answer(self, key_id: str, token: str, status: int, body: str, headers: Mapping[str, str]) -> None:
        columns = {"status": status, "body": body, "headers": dict(headers)}
        with self._database.writing() as connection:
            connection.execute(sa.update(api_answers).where(_one(key_id, token)).values(columns))

    def drop_answer(self, key_id: str, token: str) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.delete(api_answers).where(_one(key_id, token)))

    def asked(self, asked: Asked) -> int:
        row = sa.insert(api_requests).returning(api_requests.c.id)
        with self._database.writing() as connection:
            return int(connection.execute(row, without_nul(asked.model_dump())).scalar_one())

    def asked_and_answered(self, number: int, status: int) -> None:
        open_row = sa.and_(api_requests.c.id == number, api_requests.c.status == CUT_OFF)
        with self._database.writing() as connection:
            connection.execute(sa.update(api_requests).where(open_row).values(status=status))

    def audit(self, after: int = 0, limit: int = 50) -> list[tuple[int, Asked]]:
        query = sa.select(api_requests).where(api_requests.c.id > after).order_by(api_requests.c.id).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings()
            return [(row["id"], Asked(**{name: row[name] for name in Asked.model_fields})) for row in rows]


def _one(key_id: str, token: str) -> sa.ColumnElement[bool]:
    return sa.and_(api_answers.c.key_id == key_id, api_answers.c.token == token)
