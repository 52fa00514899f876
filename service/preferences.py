"""What a customer chooses by the link in an e-mail: read for the page, and taken in as a fact."""

from collections.abc import Collection
from datetime import datetime

from domain import events
from domain.brand import BySegment
from domain.call_hours import CallTime, stated, written
from domain.consent import Source, unasked
from domain.steps import Channel
from gateways.customer_events import PROVIDER
from gateways.ports.ledger import Ledger
from gateways.ports.rows import Closure
from gateways.ports.trouble import ProviderTrouble
from gateways.preference_links import CHANNELS, Choice, PreferenceLinks, choice_of
from gateways.preference_page import PreferencePage, Trouble, Wishes
from gateways.provider_facts import CustomerChose
from service.mailroom import Mailroom, NotGenuine, NotKept
from service.news import Told
from service.threads import Threads

__all__ = ["Preferences", "Trouble", "of_choice"]


class Preferences:
    """The page behind the link. `mailroom` keeps what is chosen, as it keeps what providers say; nobody is asked about
    channels that are `closed` to everybody."""

    def __init__(
        self,
        ledger: Ledger,
        links: PreferenceLinks,
        page: BySegment[PreferencePage],
        mailroom: Mailroom,
        threads: Threads,
        closed: Collection[Channel],
    ) -> None:
        self._closed = closed
        self._ledger = ledger
        self._links = links
        self._page = page
        self._mailroom = mailroom
        self._threads = threads

    async def page(self, token: str) -> str:
        """HTML. Raises NotGenuine, or NotKept when the ledger does not answer."""
        return await self._shown(token, Choice())

    async def choose(self, token: str, form: bytes) -> str:
        """Keeps the wish and answers with the page as it is from then on. Raises NotGenuine, Unreadable or NotKept."""
        await self._mailroom.take(PROVIDER, form, {}, token)
        return await self._shown(token, choice_of(form))

    def trouble(self, trouble: Trouble, accepted: str) -> str:
        """HTML for whoever cannot be shown the page. `accepted`: as in `PreferencePage.render_trouble`."""
        return self._page.own.render_trouble(trouble, accepted)

    async def _shown(self, token: str, chosen: Choice) -> str:
        contact = self._links.contact(token)
        try:
            found = await self._threads.run(self._wishes, contact, chosen)
        except ProviderTrouble as error:
            raise NotKept(str(error)) from None
        if found is None:
            raise NotGenuine("This link leads nowhere any more: write to us instead.")
        segment, wishes = found
        return self._page.of(segment).render(wishes)

    def _wishes(self, contact: str, chosen: Choice) -> tuple[str, Wishes] | None:
        """And the segment that the message with the link was written for."""
        found = _written_to(self._ledger, contact)
        if found is None:
            return None
        customer_id, segment = found
        recipient = self._ledger.recipient(customer_id)
        # An address that bounces is no wish: the next one would be written to.
        wished = {closure.channel for closure in self._ledger.closures(customer_id) if closure.wish}
        never = unasked([one.channel for one in self._ledger.opt_ins(customer_id)])
        used = [channel for channel in CHANNELS if channel not in self._closed and channel not in never]
        offered = tuple(channel for channel in used if recipient.address.place(channel))
        stopped = tuple(channel for channel in offered if channel in chosen.stop or channel in wished)
        return segment, Wishes(
            language=recipient.address.language,
            offered=offered,
            stopped=stopped,
            call_hours=self._call_hours(customer_id, chosen) if Channel.PHONE in {*offered} - {*stopped} else None,
            saved=chosen.call_hours is not None,
        )

    def _call_hours(self, customer_id: str, chosen: Choice) -> tuple[CallTime, ...]:
        if chosen.call_hours is not None:
            return chosen.call_hours
        customer = self._ledger.customer(customer_id)
        return stated(customer.call_hours) if customer else ()


def of_choice(ledger: Ledger, fact: CustomerChose) -> Told:
    """Closes the channels for the person, and tells every open case of theirs. The hours for calls are kept, for every
    case to read; of somebody who has no number any more nothing is kept."""
    found = _written_to(ledger, fact.contact)
    if found is None:
        return []
    customer_id, _ = found
    told: Told = []
    if fact.call_hours is not None and _is_last_word(ledger, customer_id, fact.at):
        ledger.customer_set(customer_id, {"call_hours": written(fact.call_hours) or None, "call_hours_at": fact.at})
        news = events.ContactChanged(event_id=f"{fact.event_id}:hours", channels=(), call_hours=True)
        told += [(each, "contact_changed", news) for each in ledger.open_cases_of(customer_id)]
    result = events.ContactResult.OPTED_OUT
    for channel in fact.stop:
        ledger.close_channel(
            Closure(
                customer_id=customer_id,
                channel=channel,
                address=ledger.address(customer_id).key(channel) or ledger.place_of(fact.contact, channel),
                why=result.words,
                wish=True,
                event_id=fact.event_id,
                at=fact.at,
                source=Source.LINK,
                proof=fact.contact,
            )
        )
        message = events.ContactReported(event_id=f"{fact.event_id}:{channel}", channel=channel, result=result)
        told += [(each, "contact_reported", message) for each in ledger.open_cases_of(customer_id)]
    return told


def _written_to(ledger: Ledger, contact: str) -> tuple[str, str] | None:
    """The customer, and whose brand it had: of a contact of a case, or of a notice before a renewal."""
    if row := ledger.contact_of(contact):
        case = ledger.case(row.invoice_id)
        return (case.customer_id, case.segment) if case else None
    notice = ledger.notice(contact)
    return (notice.customer_id, notice.segment) if notice else None


def _is_last_word(ledger: Ledger, customer_id: str, at: datetime) -> bool:
    """Whether somebody may be called at all whose hours these are, and nobody has said others since."""
    customer = ledger.customer(customer_id)
    said_at = customer.call_hours_at if customer else None
    return bool(ledger.recipient(customer_id).address.place(Channel.PHONE)) and (said_at is None or said_at <= at)
