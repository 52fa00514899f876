"""Customers: listed, searched and shown, with how each may be reached now and how often they were."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from domain.addresses import email_address, line_user
from domain.base import Frozen
from domain.call_hours import CallTime, stated
from domain.consent import Source, unasked
from domain.gates import Postpone
from domain.money import Money
from domain.policy import Policy
from domain.rules.contacts import COUNTED, WEEK, ContactCaps
from domain.steps import Channel
from gateways.email_domains import with_ascii_domain
from gateways.places import phone_number
from gateways.ports.directory import ContactMade
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Address
from gateways.ports.rows import CaseRow, Closure, CustomerRow, Reply
from service.customers import whereabouts
from service.requests import Unknown, WrongRequest

_SHOWN = timedelta(weeks=4)
_LONGEST = 300


class CustomerLine(Frozen):
    """One line of the list of customers."""

    customer: CustomerRow
    open_cases: int
    due: tuple[Money, ...]  # now, one for each currency


class CustomerPage(Frozen):
    """`after` leads to the next page, None on the last."""

    customers: tuple[CustomerLine, ...]
    after: str | None = None


class Closed(Frozen):
    """One reason why a channel is closed, and the event that says so."""

    why: str
    since: datetime
    source: Source
    wish: bool  # the customer's own
    event_id: str
    proof: str


class Reach(Frozen):
    """Whether the customer can be reached on a channel."""

    channel: Channel
    address: str | None  # None: there is none, or the channel needs none
    is_known: bool  # there is an address that something can be sent to, where the channel needs one
    why_closed: str | None  # None: it is open
    closed_by: tuple[Closed, ...]  # newest first


class Room(Frozen):
    """How often the customer may be contacted by the policy of an open case, and whether there is room now."""

    policy: str
    per_week: int
    distance: timedelta
    used: int  # within the last seven days; what went to the same address for another customer counts too
    next_at: datetime | None  # None: there is room now


class CustomerFile(Frozen):
    """One customer. The only place of a customer's addresses, beside the ledger's row."""

    customer: CustomerRow
    time_zones: tuple[str, ...]  # where they are, by all that is known; none: nobody knows
    call_hours: tuple[CallTime, ...]  # in which they want to be called; none: they have said nothing of it
    open_cases: tuple[CaseRow, ...]
    due: tuple[Money, ...]
    reach: tuple[Reach, ...]
    contacts: tuple[ContactMade, ...]  # of the last four weeks, oldest first
    room: tuple[Room, ...]
    replies: tuple[Reply, ...]


class Directory:
    """Reads the ledger. Raises ProviderTrouble when that does not answer.

    not_set_up: the channels that this installation has not, each with why.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime], not_set_up: Mapping[Channel, str]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._not_set_up = not_set_up

    def page(self, named: str | None, after: str | None, limit: int) -> CustomerPage:
        """Customers in order of their ids. `named`: only those with this id, e-mail address, phone number, or with an
        invoice of this id or number. Raises WrongRequest."""
        if named is None:
            found = self._ledger.customers(after or "", limit + 1)
        else:
            ids = [one for one in self.named(named) if one > (after or "")]
            found = self._ledger.customers_by_id(ids[: limit + 1])
        shown = found[:limit]
        owed = _by_customer(self._ledger, [one.customer_id for one in shown])
        lines = [_line(one, owed.get(one.customer_id, [])) for one in shown]
        return CustomerPage(customers=tuple(lines), after=shown[-1].customer_id if len(found) > limit else None)

    def named(self, name: str) -> list[str]:
        """The ids of the customers whom `page` finds, in order; one may be of no customer. Raises WrongRequest."""
        name = name.strip()
        if not name or not name.isprintable() or len(name) > _LONGEST:
            raise WrongRequest(f"Search for one id, address or number of at most {_LONGEST} characters.")
        mail, number = email_address(with_ascii_domain(name)), phone_number(name, "")
        found = {name}
        for each in {mail, mail.lower()} if mail else ():
            found.update(self._ledger.customers_at(Channel.EMAIL, each))
        if number:
            found.update(self._ledger.customers_at(Channel.SMS, number))
        if user := line_user(name):
            found.update(self._ledger.customers_at(Channel.LINE, user))
        cases = (self._ledger.case(each) for each in (name, *self._ledger.invoices_numbered(name)))
        return sorted(found | {case.customer_id for case in cases if case})

    def one(self, customer_id: str) -> CustomerFile:
        """Raises Unknown."""
        customer = self._ledger.customer(customer_id)
        if customer is None:
            raise Unknown(f"The ledger has no case of customer {customer_id}.")
        open_cases = self._ledger.open_cases_of(customer_id)
        # A case may live ahead of the clock of this machine, in a world that skips time.
        now = max([self._clock(), *(case.decided_at for case in open_cases if case.decided_at)])
        contacts = self._ledger.contacts_with(customer_id, now - _SHOWN)
        where = whereabouts(customer, now.date())
        return CustomerFile(
            customer=customer,
            time_zones=where.time_zones if where else (),
            call_hours=stated(customer.call_hours),
            open_cases=tuple(open_cases),
            due=tuple(due for due, _ in _by_customer(self._ledger, [customer_id]).get(customer_id, [])),
            reach=_reach(self._ledger, customer, self._not_set_up),
            contacts=tuple(contacts),
            room=self._room(
                open_cases, [*contacts, *self._ledger.contacts_beside(_address(customer), now - WEEK)], now
            ),
            replies=tuple(self._ledger.replies(customer_id)),
        )

    def _room(self, cases: Sequence[CaseRow], contacts: Sequence[ContactMade], now: datetime) -> tuple[Room, ...]:
        policies = {case.policy_digest: case.policy for case in cases}
        made = [one for one in contacts if one.counts]
        return tuple(
            _room(name, Policy.stored(self._ledger.policy(digest)), made, now) for digest, name in policies.items()
        )


def _line(customer: CustomerRow, owed: Sequence[tuple[Money, int]]) -> CustomerLine:
    return CustomerLine(
        customer=customer, open_cases=sum(count for _, count in owed), due=tuple(due for due, _ in owed)
    )


def _by_customer(ledger: Ledger, ids: Sequence[str]) -> dict[str, list[tuple[Money, int]]]:
    found: dict[str, list[tuple[Money, int]]] = {}
    for customer_id, due, count in ledger.owed_by(ids) if ids else ():
        found.setdefault(customer_id, []).append((due, count))
    return found


def _address(customer: CustomerRow) -> Address:
    return Address(**{name: getattr(customer, name) for name in Address.model_fields})


def _reach(ledger: Ledger, customer: CustomerRow, not_set_up: Mapping[Channel, str]) -> tuple[Reach, ...]:
    address = _address(customer)
    agreed = [one.channel for one in ledger.opt_ins(customer.customer_id)]
    closed, closures = ledger.closed_channels(customer.customer_id), ledger.closures(customer.customer_id)
    closed = unasked(agreed) | closed
    return tuple(
        Reach(
            channel=channel,
            address=address.place(channel),
            is_known=channel is Channel.NOTICE or address.place(channel) is not None,
            why_closed=closed.get(channel) or not_set_up.get(channel),
            closed_by=tuple(_closed(one) for one in closures if one.channel is channel),
        )
        for channel in Channel
    )


def _closed(closure: Closure) -> Closed:
    return Closed(since=closure.at, **closure.model_dump(include={"why", "source", "wish", "event_id", "proof"}))


def _room(name: str, policy: Policy, made: Sequence[ContactMade], now: datetime) -> Room:
    caps = ContactCaps(per_week=policy.contacts.per_week, distance=policy.contacts.distance, policy=name)
    times = [one.at for one in made if one.channel in COUNTED]
    answer = caps.ask(Channel.EMAIL, times, now)
    return Room(
        policy=name,
        per_week=caps.per_week,
        distance=caps.distance,
        used=sum(time > now - WEEK for time in times),
        next_at=answer.until if isinstance(answer, Postpone) else None,
    )
