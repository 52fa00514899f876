"""What messages' providers have to say: what became of a contact, and what customers answer."""

from collections.abc import Sequence
from itertools import product

from domain import events, outgoing
from domain.addresses import FIELDS, address_key
from domain.consent import Source, told_by_provider
from domain.protection import Protected, Protection, SetBy
from domain.record import Entry
from domain.steps import Channel
from gateways.answers import may_end_the_contract
from gateways.ports.consents import OptIn
from gateways.ports.ledger import Ledger
from gateways.ports.rows import Closure, Reply
from gateways.provider_facts import ContactHeard, CustomerWrote, Wish
from service.answers import UNREAD, no_calls_id
from service.news import Told
from service.protections import wake

_STARTS = {Channel.LINE: "follows the LINE account"}
_OR_THE_CONTRACT = "it is obeyed as a STOP, and may mean the subscription: read it"


def of_contact(ledger: Ledger, fact: ContactHeard) -> Told:
    """Keeps what became of the contact, closes the address that is none, and tells the case; of a final notice that did
    not arrive those of the other invoices too that had theirs by it."""
    contact = ledger.contact_heard(fact.key, fact.result.value, fact.why, fact.at) if fact.key else None
    case = ledger.case(contact.invoice_id) if contact else None
    notice = ledger.notice_heard(fact.key, fact.result.value, fact.why, fact.at) if fact.key and not contact else None
    customer_id = case.customer_id if case else notice.customer_id if notice else None
    if customer_id and fact.result in events.CLOSES_CHANNEL:
        place = address_key(fact.address) if fact.address else ledger.address(customer_id).key(fact.channel)
        ledger.close_channel(
            Closure(
                customer_id=customer_id,
                channel=fact.channel,
                address=place,
                why=fact.result.words,
                wish=fact.result in events.WISHES,
                event_id=fact.event_id,
                at=fact.at,
                source=told_by_provider(fact.channel, wish=fact.result in events.WISHES),
                proof=fact.why,
            )
        )
    message = events.ContactReported(event_id=fact.event_id, channel=fact.channel, result=fact.result)
    shared = contact.said.also_final if contact and contact.said and fact.result in events.NOT_ARRIVED else ()
    cases = [case, *map(ledger.case, shared)]
    if notice and fact.result in events.CLOSES_CHANNEL:
        # A case that has begun since may wait for the same address.
        cases += ledger.open_cases_of(notice.customer_id)
    return [(each, "contact_reported", message) for each in cases if each and each.status != "closed"]


def of_reply(ledger: Ledger, fact: CustomerWrote) -> Told:
    """Keeps what the customer wrote, for operators. A STOP holds for everybody who has the number, from now on; a START
    takes back what was closed by a STOP of this number, and nothing else. Who names calls only is texted as before.
    Where somebody else has the number, it is closed on each channel that leads there, and nobody's wish is known. What
    is not obeyed by itself is told to the merchant's systems, for somebody to read."""
    customers = ledger.customers_at(fact.channel, fact.address)
    # To follow an account is a wish without words; a picture is an answer without them.
    for customer in customers if fact.text or fact.wish is None else ():
        ledger.keep_reply(
            Reply(customer_id=customer, channel=fact.channel, event_id=fact.event_id, at=fact.at, text=fact.text)
        )
    if why := _to_be_read(ledger, fact, customers):
        _tell_of(ledger, fact, customers, why)
    match fact.wish:
        case Wish.STOP:
            return _stopped(ledger, fact, customers)
        case Wish.NO_CALLS:
            return _no_calls(ledger, fact, customers)
        case Wish.NO_CONTACT:
            return _stopped(ledger, fact, customers) + _no_calls(ledger, fact, customers)
        case Wish.WRONG_NUMBER:
            return _not_theirs(ledger, fact, customers)
        case Wish.START | Wish.YES:
            return _started(ledger, fact, customers)
        case Wish.BANKRUPTCY | Wish.DECEASED | Wish.REPRESENTED | Wish.ERASURE:
            return _protected(ledger, fact, customers, Protection(fact.wish.value))
        case _:
            return []


def closes_for_everybody(fact: CustomerWrote) -> bool:
    """Whether it closes the address also where no customer is known to have it."""
    if fact.wish is Wish.NO_CALLS:
        return _is_number(fact)
    return fact.wish in (Wish.STOP, Wish.NO_CONTACT, Wish.WRONG_NUMBER)


def _is_number(fact: CustomerWrote) -> bool:
    return FIELDS.get(fact.channel) == FIELDS[Channel.PHONE]


def _to_be_read(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str]) -> str:
    """Why somebody has to read the answer; empty: it is obeyed, and says nothing else."""
    match fact.wish:
        case None:
            return UNREAD
        case Wish.HELP if fact.channel is not Channel.SMS:  # by SMS the provider answers it
            return UNREAD
        case Wish.YES if not _taken_back(ledger, fact, customers):
            return UNREAD
        case Wish.STOP if may_end_the_contract(fact.text):
            return _OR_THE_CONTRACT
        case _:
            return ""


def _tell_of(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str], why: str) -> None:
    event = outgoing.CustomerWrote(channel=fact.channel, reply=fact.event_id)
    entry = Entry(at=fact.at, step=fact.event_id, what="the customer wrote", why=why, event=event)
    for case in (case for customer in customers for case in ledger.open_cases_of(customer)):
        ledger.record_effect(case.invoice_id, entry)


def _stopped(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str]) -> Told:
    place, result = address_key(fact.address), events.ContactResult.OPTED_OUT
    return _closed(ledger, fact, customers, [fact.channel], result, Source.STOP, place)


def _not_theirs(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str]) -> Told:
    channels = [channel for channel, field in FIELDS.items() if field == FIELDS[fact.channel]]
    place, result = address_key(fact.address), events.ContactResult.INVALID_ADDRESS
    return _closed(ledger, fact, customers, channels, result, Source.REPLY, place)


def _no_calls(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str]) -> Told:
    of_calls = fact.model_copy(update={"channel": Channel.PHONE, "event_id": no_calls_id(fact.event_id)})
    place = address_key(fact.address) if _is_number(fact) else None
    if place is None and not customers:
        return []
    result = events.ContactResult.OPTED_OUT
    return _closed(ledger, of_calls, customers, [Channel.PHONE], result, Source.REPLY, place)


def _closed(
    ledger: Ledger,
    fact: CustomerWrote,
    customers: Sequence[str],
    channels: Sequence[Channel],
    result: events.ContactResult,
    source: Source,
    place: str | None,
) -> Told:
    # Which of those who have the number it was, nobody knows: a wish is that of each.
    for customer, channel in product(customers or ("",), channels):
        ledger.close_channel(
            Closure(
                customer_id=customer,
                channel=channel,
                address=place,
                why=result.words,
                wish=result in events.WISHES,
                event_id=fact.event_id,
                at=fact.at,
                source=source,
            )
        )
    message = events.ContactReported(event_id=fact.event_id, channel=fact.channel, result=result)
    cases = [case for customer in customers for case in ledger.open_cases_of(customer)]
    return [(case, "contact_reported", message) for case in cases]


def _protected(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str], protection: Protection) -> Told:
    """Which of those who have the number it is, nobody knows: each of them is left alone until a human has looked."""
    told: Told = []
    for customer in customers:
        said = Protected(
            protection=protection,
            event_id=fact.event_id,
            since=fact.at,
            source=SetBy.REPLY,
            by="an answer by text message",
        )
        ledger.protect(customer, said)
        told += wake(ledger, customer, fact.event_id)
    return told


def _started(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str]) -> Told:
    stopped = _taken_back(ledger, fact, customers)
    if fact.wish is Wish.YES and not stopped:
        return []
    for customer in customers:
        ledger.opted_in(
            OptIn(customer_id=customer, channel=fact.channel, event_id=fact.event_id, source=Source.START, at=fact.at)
        )
    if not stopped:
        return []
    for one in _stops_of_numbers_before(ledger, fact, customers):
        # It is the person who takes it back. That number may be somebody else's by now, and was never started.
        ledger.close_channel(one.model_copy(update={"customer_id": "", "opened_at": None, "opened_by": None}))
    # Before the cases are told: what they decide then reads the ledger.
    ledger.open_channel(stopped, fact.at, fact.event_id)
    order = events.ReopenChannel(
        channel=fact.channel, by="the customer", note=_STARTS.get(fact.channel, "texted START")
    )
    open_again = [customer for customer in customers if fact.channel not in ledger.closed_channels(customer)]
    cases = [case for customer in open_again for case in ledger.open_cases_of(customer)]
    return [(case, "reopen_channel", order) for case in cases]


def _taken_back(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str]) -> list[Closure]:
    """The STOPs that a START takes back."""
    here = ledger.closures_at(fact.channel, address_key(fact.address), fact.event_id)
    elsewhere = _stops_of_numbers_before(ledger, fact, customers)
    # What was told later than this START was meant later.
    return [one for one in (*here, *elsewhere) if one.source is Source.STOP and one.at <= fact.at]


def _stops_of_numbers_before(ledger: Ledger, fact: CustomerWrote, customers: Sequence[str]) -> list[Closure]:
    """The STOPs that these customers sent from other numbers, and which hold for the person at this one too."""
    place = address_key(fact.address)
    return [
        one
        for customer in customers
        for one in ledger.closures(customer, fact.event_id)
        if one.customer_id == customer
        and one.channel is fact.channel
        and one.source is Source.STOP
        and one.address not in (None, place)
        and one.at <= fact.at
    ]
