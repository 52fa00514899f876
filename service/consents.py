"""What customers have opted in to and out of, by channel: read with its proof, and set by the billing system."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from domain import events
from domain.addresses import address_key, dialled_number
from domain.base import Frozen, Message
from domain.consent import Purpose, Source
from domain.steps import Channel
from gateways import billing_events
from gateways.ports.consents import OptIn
from gateways.ports.inbox import Arrival, InboxBook
from gateways.ports.ledger import Ledger
from gateways.ports.rows import Closure
from gateways.provider_facts import CustomerConsented
from service.mailroom import Mailroom, NotKept
from service.news import Told
from service.requests import Unavailable, Unknown, WrongRequest
from service.threads import Threads

_AHEAD = timedelta(minutes=5)
"""So far another system's clock may be ahead of ours."""
_OUT = events.ContactResult.OPTED_OUT


class Wish(StrEnum):
    """What a customer has said of a channel."""

    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"


class Statement(Frozen):
    """One thing that a customer said of a channel, and how we know. `proof` is its own only where somebody gave one."""

    channel: Channel
    wish: Wish
    at: datetime
    source: Source
    proof: str
    event_id: str
    purpose: Purpose = Purpose.SERVICE
    taken_back_at: datetime | None = None  # an opt-out that holds no more, since then


class ConsentFile(Frozen):
    """What holds of each channel of which the customer has said something that holds, and all that they said, oldest
    first."""

    customer_id: str
    consents: tuple[Statement, ...]
    history: tuple[Statement, ...]


class Consents:
    """mailroom: by it the open cases are told, whenever Temporal answers. inbox: the book that it keeps."""

    def __init__(
        self, ledger: Ledger, inbox: InboxBook, mailroom: Mailroom, threads: Threads, clock: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._mailroom = mailroom
        self._threads = threads
        self._clock = clock

    async def of(self, customer_id: str) -> ConsentFile:
        """Raises Unknown for a customer of whom nothing is known."""
        return await self._threads.run(consents_of, self._ledger, customer_id)

    async def say(
        self,
        customer_id: str,
        channel: Channel,
        event_id: str,
        at: datetime | None,
        proof: str,
        *,
        wanted: bool,
        purpose: Purpose = Purpose.SERVICE,
    ) -> ConsentFile:
        """Takes one consent in; with an event id that came before it counts once. It holds for the person at once,
        with or without a case, and the open cases are told. `at`: when the customer gave it; None: now.

        Raises WrongRequest, Unavailable, or ProviderTrouble when the ledger does not answer.
        """
        now = self._clock()
        if at and at > now + _AHEAD:
            raise WrongRequest(f"at: {at.isoformat()} lies in the future.")
        if wanted and not proof.strip():
            raise WrongRequest("An opt-in needs proof: say how you know that the customer wants it.")
        if purpose is Purpose.PROMOTION and not wanted:
            raise WrongRequest("Nothing is promotion here: an opt-out of the purpose service closes the channel.")
        if purpose is Purpose.AUTOMATED_CALLS and (channel is not Channel.PHONE or not wanted):
            raise WrongRequest(
                "The purpose automated_calls is an opt-in on the channel phone: an opt-out of the purpose service ends "
                "calls of every kind."
            )
        given = min(at or now, now)
        arrival = billing_events.consented(customer_id, channel, event_id, given, proof, wanted=wanted, purpose=purpose)
        if not await self._threads.run(self._is_known, arrival):
            await self._threads.run(_write, self._ledger, billing_events.consent(json.loads(arrival.body)))
            try:
                await self._mailroom.keep(arrival.provider, [arrival])
            except NotKept as error:
                raise Unavailable(str(error)) from None
        return await self._threads.run(consents_of, self._ledger, customer_id)

    def _is_known(self, arrival: Arrival) -> bool:
        if self._inbox.kept(arrival.provider, [arrival.event_id]):
            return True
        return self._ledger.event_known(arrival.provider, arrival.event_id) is not None


def of_consent(ledger: Ledger, fact: CustomerConsented) -> Told:
    """Writes what the customer wants, and tells every open case of theirs."""
    opened = _write(ledger, fact)
    # One event id for each, of a length that a case takes.
    once = f"consent-{hashlib.sha256(fact.event_id.encode()).hexdigest()[:32]}"
    message: Message
    is_closed = fact.channel in ledger.closed_channels(fact.customer_id)
    if not fact.wanted:
        if not is_closed:
            return []  # it was opened again before the cases were told
        message = events.ContactReported(event_id=once, channel=fact.channel, result=_OUT)
        return [(case, "contact_reported", message) for case in ledger.open_cases_of(fact.customer_id)]
    if not opened or is_closed:
        return []
    message = events.ReopenChannel(channel=fact.channel, by="the billing system", note="the customer opted in")
    return [(case, "reopen_channel", message) for case in ledger.open_cases_of(fact.customer_id)]


def _write(ledger: Ledger, fact: CustomerConsented) -> bool:
    """Whether it has opened something: then the open cases have to know."""
    said = {name: getattr(fact, name) for name in ("customer_id", "channel", "event_id", "at", "proof")}
    if not fact.wanted:
        ledger.close_channel(Closure(**said, address=None, why=_OUT.words, wish=True, source=Source.BILLING))
        return False
    address = _number(ledger, fact.customer_id) if fact.purpose is Purpose.AUTOMATED_CALLS else None
    ledger.opted_in(OptIn(**said, source=Source.BILLING, purpose=fact.purpose, address=address))
    if fact.purpose is not Purpose.SERVICE:
        return False
    own = [one for one in ledger.closures(fact.customer_id, fact.event_id) if one.customer_id == fact.customer_id]
    lifted = [one for one in own if _is_lifted(one, fact)]
    ledger.open_channel(lifted, fact.at, fact.event_id)
    return bool(lifted)


def _is_lifted(closure: Closure, fact: CustomerConsented) -> bool:
    """An opt-in takes back the person's earlier wishes. A STOP it does not: Twilio refuses every text until a START."""
    is_earlier_wish = closure.channel is fact.channel and closure.wish and closure.at <= fact.at
    return is_earlier_wish and closure.source is not Source.STOP


def consents_of(ledger: Ledger, customer_id: str) -> ConsentFile:
    """Raises Unknown."""
    opt_ins, own = ledger.opt_ins(customer_id), ledger.opt_outs(customer_id)
    if not opt_ins and not own and ledger.customer(customer_id) is None:
        raise Unknown(f"The ledger knows nothing of a customer {customer_id}.")
    standing = [one for one in ledger.closures(customer_id) if one.wish]  # also of others with the same address
    outs = {(one.event_id, one.channel): one for one in (*own, *standing)}.values()
    history = [_said_yes(one) for one in opt_ins] + [_said_no(one) for one in outs]
    history.sort(key=lambda one: (one.at, one.event_id))
    holds = {one.channel: _said_no(one) for one in reversed(standing)}
    yes = {one.channel: _said_yes(one) for one in opt_ins if one.purpose is Purpose.SERVICE}
    consents = yes | holds
    newest = tuple(consents[channel] for channel in Channel if channel in consents)
    return ConsentFile(customer_id=customer_id, consents=newest, history=tuple(history))


def _said_yes(one: OptIn) -> Statement:
    return Statement(wish=Wish.OPTED_IN, **one.model_dump(exclude={"customer_id", "address"}))


def _said_no(one: Closure) -> Statement:
    about = one.model_dump(include={"channel", "at", "source", "proof", "event_id"})
    return Statement(wish=Wish.OPTED_OUT, taken_back_at=one.opened_at, **about)


def _number(ledger: Ledger, customer_id: str) -> str | None:
    """What the customer's number of today is compared by, if one is known."""
    customer = ledger.customer(customer_id)
    number = dialled_number(customer.phone) if customer else None
    return address_key(number) if number else None
