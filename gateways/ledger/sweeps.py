"""How far each sweep has come, and what it mended."""

from datetime import timedelta

import sqlalchemy as sa

from domain.sweep import Sweep
from gateways.ledger.inserts import insert_once
from gateways.ledger.schema_doors import sweeps
from gateways.ledger.transactions import Book

_NEWEST = sa.select(sweeps.c.state).order_by(sweeps.c.begun_at.desc()).limit(1)
_ENDED = sa.select(sweeps.c.state).where(sweeps.c.ended_at.is_not(None)).order_by(sweeps.c.ended_at.desc()).limit(1)
_KEPT_FOR = timedelta(days=90)


class SqlSweeps(Book):
    """`ports.SweepBook` in SQL."""

    def newest_sweep(self) -> Sweep | None:
        return self._first(_NEWEST)

    def last_sweep(self) -> Sweep | None:
        return self._first(_ENDED)

    def _first(self, wanted: "sa.Select[str]") -> Sweep | None:
        with self._database.reading() as connection:
            state = connection.execute(wanted).scalar_one_or_none()
        return Sweep.model_validate_json(state) if state else None

    def keep_sweep(self, sweep: Sweep) -> None:
        columns = {"begun_at": sweep.begun_at, "ended_at": sweep.ended_at, "state": sweep.model_dump_json()}
        with self._database.writing() as connection:
            if insert_once(connection, sweeps, columns):
                connection.execute(sa.delete(sweeps).where(sweeps.c.begun_at < sweep.begun_at - _KEPT_FOR))
            else:
                connection.execute(sa.update(sweeps).where(sweeps.c.begun_at == sweep.begun_at).values(columns))
