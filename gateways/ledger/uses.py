"""What one person was told within a time, whatever it was about: contacts of all cases, notices before renewals and
calls."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from domain.rules.contacts import ContactUse
from domain.steps import Channel
from gateways.ledger import rows
from gateways.ledger.schema import calls, cases, contacts, notices
from gateways.ports.messages import Address
from gateways.ports.rows import MADE

_contact, _notice = contacts.c, notices.c
_PLACES: tuple[sa.BindParameter[str], ...] = (sa.bindparam("mail"), sa.bindparam("number"))
_COUNTING = sa.select(
    *(_contact[name] for name in ("id", "invoice_id", "channel", "as_of", "state", "said", "names")),
    sa.false().label("conversation"),
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
# A notice belongs to no invoice: its key stands for one, and is none's.
_NOTICED = sa.select(
    sa.literal_column("0").label("id"),
    _notice.key.label("invoice_id"),
    _notice.channel,
    _notice.as_of,
    _notice.state,
    sa.cast(sa.null(), _contact.said.type).label("said"),
    sa.cast(sa.null(), _contact.names.type).label("names"),
    sa.false().label("conversation"),
).where(
    _notice.as_of.between(sa.bindparam("since"), sa.bindparam("until")),
    _notice.state.in_(MADE),
    _notice.key != sa.bindparam("but"),
)
# Numbered below zero: those of contacts are others.
_CALLED = sa.select(
    (-calls.c.id).label("id"),
    calls.c.invoice_id,
    sa.literal(Channel.PHONE.value).label("channel"),
    calls.c.at.label("as_of"),
    sa.literal("sent").label("state"),
    sa.cast(sa.null(), _contact.said.type).label("said"),
    sa.cast(sa.null(), _contact.names.type).label("names"),
    calls.c.conversation,
).where(calls.c.at.between(sa.bindparam("since"), sa.bindparam("until")), sa.not_(calls.c.given_back))
# One statement of six parts, each with an index of its own.
_USES = sa.union_all(
    _COUNTING.join_from(cases, contacts, _contact.invoice_id == cases.c.invoice_id).where(
        cases.c.customer_id == sa.bindparam("customer")
    ),
    _COUNTING.where(_contact.place.in_(_PLACES)),
    _NOTICED.where(_notice.customer_id == sa.bindparam("customer")),
    _NOTICED.where(_notice.place.in_(_PLACES)),
    _CALLED.join_from(cases, calls, calls.c.invoice_id == cases.c.invoice_id).where(
        cases.c.customer_id == sa.bindparam("customer")
    ),
    _CALLED.where(calls.c.place.in_(_PLACES)),
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
    about |= but | {"but": but_notice}
    # Two parts may have the same one.
    found = {(row["id"], row["invoice_id"]): row for row in connection.execute(_USES, about).mappings()}
    return [rows.contact_use(row) for row in found.values()]
