"""What customers want and what they do not, as they said it."""

import sqlalchemy as sa

from domain.consent import Purpose
from gateways.ledger.inserts import insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import channel_closures, opt_ins
from gateways.ledger.transactions import Book
from gateways.ports.consents import OptIn
from gateways.ports.rows import Closure

_closure = channel_closures.c
_OF: sa.BindParameter[str] = sa.bindparam("of")
_OPT_INS = sa.select(opt_ins).where(opt_ins.c.customer_id == _OF).order_by(opt_ins.c.at, opt_ins.c.event_id)
_TOLD = (
    sa.select(*(_closure[name] for name in Closure.model_fields))
    .where(_closure.customer_id == _OF)
    .order_by(_closure.at, _closure.event_id)
)
_OPT_OUTS = _TOLD.where(_closure.wish)


class SqlConsents(Book):
    """`ports.consents.ConsentBook` in SQL."""

    def opted_in(self, opt_in: OptIn) -> None:
        with self._database.writing() as connection:
            insert_once(connection, opt_ins, without_nul(opt_in.model_dump()))

    def anybody_agreed(self, purpose: Purpose) -> bool:
        one = sa.select(opt_ins.c.event_id).where(opt_ins.c.purpose == purpose).limit(1)
        with self._database.reading() as connection:
            return connection.execute(one).first() is not None

    def opt_ins(self, customer_id: str) -> list[OptIn]:
        with self._database.reading() as connection:
            return [OptIn(**row) for row in connection.execute(_OPT_INS, {"of": customer_id}).mappings()]

    def closures_told(self, customer_id: str) -> list[Closure]:
        with self._database.reading() as connection:
            return [Closure(**row) for row in connection.execute(_TOLD, {"of": customer_id}).mappings()]

    def opt_outs(self, customer_id: str) -> list[Closure]:
        with self._database.reading() as connection:
            return [Closure(**row) for row in connection.execute(_OPT_OUTS, {"of": customer_id}).mappings()]
