"""Disputes by their customer: every case of that customer stands still while one is open."""

from datetime import datetime

import sqlalchemy as sa

from gateways.ledger.inserts import insert_once
from gateways.ledger.schema import disputes
from gateways.ledger.transactions import Book

_OPEN = "open"

_dispute = disputes.c
_END = sa.update(disputes).where(_dispute.dispute_id == sa.bindparam("of"), _dispute.status == sa.bindparam("from_"))
_OPEN_OF = (
    sa.select(_dispute.dispute_id)
    .where(_dispute.customer_id == sa.bindparam("of"), sa.text("status = 'open'"))
    .order_by(_dispute.at, _dispute.dispute_id)
)


class SqlDisputes(Book):
    """`ports.DisputeBook` in SQL."""

    def dispute_opened(self, dispute_id: str, customer_id: str, at: datetime) -> None:
        self._keep(dispute_id, customer_id, _OPEN, at)

    def dispute_ended(self, dispute_id: str, customer_id: str, outcome: str, at: datetime) -> None:
        self._keep(dispute_id, customer_id, outcome, at)

    def open_disputes_of(self, customer_id: str) -> list[str]:
        with self._database.reading() as connection:
            return [row.dispute_id for row in connection.execute(_OPEN_OF, {"of": customer_id})]

    def _keep(self, dispute_id: str, customer_id: str, status: str, at: datetime) -> None:
        columns = {"dispute_id": dispute_id, "customer_id": customer_id, "status": status, "at": at}
        with self._database.writing() as connection:
            if not insert_once(connection, disputes, columns) and status != _OPEN:
                connection.execute(_END, {"of": dispute_id, "from_": _OPEN, "status": status, "at": at})
