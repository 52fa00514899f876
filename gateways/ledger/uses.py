"""What one person was told within a time, whatever it was about: contacts of all cases, and notices before renewals."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from domain.rules.contacts import ContactUse
from domain.steps import Channel
from gateways.ledger import rows
from gateways.ledger.schema import cases, contacts, notices
from gateways.ports.messages import Address
from gateways.ports.rows import MADE

_contact, _notice = contacts.c, notices.c
_PLACES: tuple[sa.BindParameter[str], ...] = (sa.bindparam("mail"), sa.bindparam("number"))
_COUNTING = sa.select(
    *(_contact[name] for name in ("id", "invoice_id", "channel", "as_of", "state", "said", "names"))
).where(
    _contact.as_of.between(sa.bindparam("since"), sa.bindparam("until")),
    _contact.state.in_(MADE),
    # One that is asked for once more does not stand in its own way.
    sa.not_(
        sa.and_(
            _contact.invoice_id == sa.bindparam("of"),
            _contact.step == sa.bindparam("at_step"),
            _contact.channel == sa.bindparam("on"),
        )
    ),
)
# Two halves, each with an index of its own.
_CONTACTS = sa.union_all(
    _COUNTING.join_from(cases, contacts, _contact.invoice_id == cases.c.invoice_id).where(
        cases.c.customer_id == sa.bindparam("customer")
    ),
    _COUNTING.where(_contact.place.in_(_PLACES)),
)
_NOTICED = sa.select(_notice.key, _notice.channel, _notice.as_of, _notice.state).where(
    _notice.as_of.between(sa.bindparam("since"), sa.bindparam("until")),
    _notice.state.in_(MADE),
    _notice.key != sa.bindparam("but"),
)
_NOTICES = sa.union_all(
    _NOTICED.where(_notice.customer_id == sa.bindparam("customer")), _NOTICED.where(_notice.place.in_(_PLACES))
)
NO_CONTACT = {"of": "", "at_step": "", "on": ""}


def uses_of(
    connection: sa.Connection,
    to: Address,
    at: datetime,
    window: timedelta,
    *,
    but: dict[str, str] = NO_CONTACT,
    but_notice: str = "",
) -> list[ContactUse]:
    """The person's other contacts within a window of `at`, in any order: the customer's over all cases and renewals,
    and what went to the same address or number for another customer. `but`, `but_notice`: the one that asks."""
    about = {"customer": to.customer_id, "since": at - window, "until": at + window}
    about |= {"mail": to.key(Channel.EMAIL), "number": to.key(Channel.SMS)}
    # Each half may have one that the other has too.
    made = {row["id"]: row for row in connection.execute(_CONTACTS, about | but).mappings()}
    told = {row["key"]: row for row in connection.execute(_NOTICES, about | {"but": but_notice}).mappings()}
    return [
        *map(rows.contact_use, made.values()),
        *(
            # Of no invoice: no message of a case says it as well.
            ContactUse(invoice_id="", channel=row["channel"], at=row["as_of"], sending=row["state"] == "sending")
            for row in told.values()
        ),
    ]
