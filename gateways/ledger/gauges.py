"""How much there is of everything that is watched, in a few statements that an index answers."""

from datetime import datetime

import sqlalchemy as sa

from gateways.ledger.columns import UtcTime
from gateways.ledger.schema import NOT_CLOSED, cases
from gateways.ledger.schema_doors import NEW, WAITING, deliveries, endpoints, inbox, outbox, sweeps
from gateways.ledger.transactions import Book
from gateways.ports.gauges import Backlog, Standing
from gateways.ports.inbox import REFUSED
from gateways.ports.inbox import WAITING as WAITS

_OPEN = (
    sa.select(cases.c.currency, sa.func.count(), sa.func.sum(cases.c.remaining))
    .where(sa.text(NOT_CLOSED))
    .group_by(cases.c.currency)
    .order_by(cases.c.currency)
)
# How `domain.case.Hold` is written, alone or behind another one.
_FOR_OPERATOR = sa.select(sa.func.count()).where(
    cases.c.status == "on_hold",
    sa.or_(cases.c.hold.like("operator needed:%"), cases.c.hold.like("%; operator needed:%")),
)
_LATE = sa.select(sa.func.count()).where(sa.text(NOT_CLOSED), cases.c.next_at < sa.bindparam("before", type_=UtcTime()))
_INBOX = sa.select(sa.func.count()).where(inbox.c.state == sa.bindparam("state"))
_INBOX_OLDEST = sa.select(inbox.c.at).where(inbox.c.state == WAITS).order_by(inbox.c.id).limit(1)
_OUTBOX = sa.select(sa.func.count()).select_from(deliveries).where(sa.text(WAITING))
_HEAD = sa.select(sa.func.min(deliveries.c.event)).where(sa.text(WAITING)).scalar_subquery()
_OUTBOX_OLDEST = sa.select(outbox.c.at).where(outbox.c.id == _HEAD)
_OUTBOX_NEW = sa.select(outbox.c.at).where(sa.text(NEW)).order_by(outbox.c.id).limit(1)
_SWEPT = sa.select(sa.func.max(sweeps.c.ended_at))
_DISABLED = sa.select(sa.func.count()).where(endpoints.c.disabled_at.is_not(None))


class SqlGauges(Book):
    """`ports.Gauges` in SQL."""

    def standing(self, late_before: datetime) -> Standing:
        with self._database.reading() as connection:
            ask = connection.execute
            unsent = [at for at in (ask(_OUTBOX_OLDEST).scalar(), ask(_OUTBOX_NEW).scalar()) if at]
            open_cases = ask(_OPEN).all()
            return Standing(
                open_cases={currency: number for currency, number, _ in open_cases},
                open_amount={currency: int(amount) for currency, _, amount in open_cases},
                for_operator=ask(_FOR_OPERATOR).scalar_one(),
                late=ask(_LATE, {"before": late_before}).scalar_one(),
                inbox=Backlog(ask(_INBOX, {"state": WAITS}).scalar_one(), ask(_INBOX_OLDEST).scalar()),
                inbox_refused=ask(_INBOX, {"state": REFUSED}).scalar_one(),
                outbox=Backlog(ask(_OUTBOX).scalar_one(), min(unsent, default=None)),
                endpoints_disabled=ask(_DISABLED).scalar_one(),
                swept_at=ask(_SWEPT).scalar(),
            )
