"""One contact on one channel: re-read, check, write, send, once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from temporalio import activity

from activities.conversation import also_final, facts_with_others
from activities.errors import translated
from activities.notices import StandingNotices
from activities.situations import Situations
from activities.stops import changed, elsewhere, moved
from domain.addresses import FIELDS, NONE_KNOWN
from domain.brand import BySegment
from domain.calendar import local
from domain.consent import told_by_provider
from domain.gates import Answer, Postpone, Refuse, Stopped, stop, strictest
from domain.ids import contact_key
from domain.kinds.message import ContactOutcome, ContactState, ContactTask
from domain.names import addressee
from domain.outgoing import ContactSent, ContactUnreachable, Outgoing, StepRefused
from domain.protection import standing
from domain.record import Entry
from domain.rules.contacts import ContactRules, SaidWith
from domain.rules.invoice import Aim, judge_now
from domain.rules.lawful_words import wanted
from domain.rules.protection import ask_protected
from domain.rules.refusals import About
from domain.steps import Channel
from domain.terms import Agreed
from gateways.ports.beside import other_invoices
from gateways.ports.ledger import Contact, Ledger
from gateways.ports.messages import (
    Address,
    Messages,
    Recipient,
    Rendered,
    RequiredWords,
    Sender,
    Sent,
    ShortLinks,
)
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import Closure, ContactRow, CustomerRow, Reserved
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable

_TAKEN_ONCE = (Channel.LINE, Channel.LETTER)
"""Where the same key is taken once, for a day from the first request: no later one begins the day anew."""
_TYPED = (Channel.SMS, Channel.LETTER)
"""Channels on which the payment page's own long link has no room."""


class _NotSetUp(Exception):
    """This worker has no settings for the channel."""


class ContactActivities:
    """What the case says to the customer."""

    def __init__(
        self,
        payments: Payments,
        ledger: Ledger,
        messages: BySegment[Messages],
        senders: Mapping[Channel, Sender],
        clock: Callable[[], datetime],
        situations: Situations,
        words: BySegment[RequiredWords],
        meter: Meter = NO_METER,
        short: ShortLinks | None = None,
        notices: StandingNotices | None = None,
    ) -> None:
        """`short` makes the links of text messages; None: they have the provider's own. `notices`: those that a newer
        one takes the place of; None: they stay."""
        self._notices = notices
        self._words = words
        self._short = short
        self._meter = meter
        self._payments = payments
        self._ledger = ledger
        self._messages = messages
        self._senders = senders
        self._clock = clock
        self._situations = situations

    @activity.defn(name="contact", no_thread_cancel_exception=True)
    def contact(self, task: ContactTask) -> ContactOutcome:
        """Sends one message, unless the invoice is no longer open or the channel no longer is, the customer was
        contacted often enough, or another invoice's message has said it. It names the customer's other invoices.

        A message whose fate is unknown (crash, lost reply) is looked up; where that is impossible it is not sent
        again: a customer rather misses one message than gets it twice.
        """
        with translated(task):
            invoice = self._payments.read_invoice(task.invoice_id)
            if found := self._in_the_way(task, invoice):
                return ContactOutcome(state=ContactState.STOPPED, invoice=invoice.now, stopped=found)
            return self.say(task, invoice)

    def say(
        self, task: ContactTask, invoice: InvoiceSnapshot, others: Sequence[InvoiceSnapshot] | None = None
    ) -> ContactOutcome:
        """The same for an invoice that was just read and judged. `others`: those that are named beside it; None: the
        customer's unpaid ones. Raises ProviderTrouble or ProviderMisuse."""
        recipient = self._ledger.recipient(task.customer_id)
        address = recipient.address
        if why := _closed(task, recipient):
            entry = _entry(task, "unreachable", why, event=_event(task, "unreachable"))
            self._ledger.record_effect(task.invoice_id, entry)
            self._meter.contacted(task.channel, ContactState.UNREACHABLE)
            return _outcome(ContactState.UNREACHABLE, invoice, why=why)
        if others is None:
            about = task.invoice_id, task.customer_id, task.as_of
            others = other_invoices(*about, self._payments, self._ledger)
            facts = task.facts.with_due(invoice.remaining)
            if others:
                facts = facts_with_others(facts, task, invoice, others, self._ledger)
                facts = also_final(facts, task, invoice, others, self._situations)
            task = task.model_copy(update={"facts": facts})
        segment = _segment(self._ledger, task)
        message = self._messages.of(segment).render(
            task.channel,
            task.facts,
            address,
            invoice,
            address.language,
            others,
            _key(task),
            self._link(task),
            self._agreed(task),
            self._written_on(task),
        )
        if task.words:
            message, answer = self._lawfully(task, message, address, invoice, segment)
            if isinstance(answer, Refuse):
                return self._unlawful(task, invoice, answer)
        row = self._row(task, address, message, others)
        reserved = self._reserve(task, row, address)
        if isinstance(reserved, Reserved) and reserved.row.state == "sending" and not reserved.ours:
            if earlier := self._look_up(task, invoice, address, reserved.row):
                return earlier
            reserved = self._reserve_anew(task, row, address, reserved.row)
        match reserved:
            case Postpone():
                self._meter.postponed(reserved.rule)
                return ContactOutcome(state=ContactState.POSTPONED, invoice=invoice.now, postponed=reserved)
            case Refuse():
                self._meter.refused(reserved.rule)
                return _outcome(ContactState.REFUSED, invoice, why=reserved.why)
            case SaidWith():
                return self._said_with(task, invoice, reserved)
            case Reserved(ours=True):
                return self._send(task, invoice, address, message, reserved.row.key)
            case Reserved():
                return _standing(reserved.row, invoice)

    def _in_the_way(self, task: ContactTask, invoice: InvoiceSnapshot) -> Stopped | None:
        """What is known of invoice and person now, and was not when the message was decided on."""
        said = standing(self._ledger.protections(task.customer_id), task.as_of)
        protected = ask_protected(said, Aim.SAY, task.as_of)
        if found := stop(strictest((judge_now(invoice.now, Aim.SAY, task.as_of), protected))):
            return found
        if task.invoice and task.invoice.says_otherwise(invoice.now):
            return changed(task)
        has_moved = invoice.customer is not None and self._has_moved(invoice.customer, task)
        return moved(task) if has_moved else None

    def _lawfully(
        self, task: ContactTask, message: Rendered, address: Address, invoice: InvoiceSnapshot, segment: str
    ) -> tuple[Rendered, Answer]:
        """The message with what the law of the place wants named, and whether all of it is."""
        names = wanted(task.words)
        words = self._words.of(segment)
        message, named = words.complete(task.channel, message, address.language, invoice.remaining, names)
        return message, strictest(one.ask(named) for one in task.words)

    def _unlawful(self, task: ContactTask, invoice: InvoiceSnapshot, answer: Refuse) -> ContactOutcome:
        event = StepRefused(kind="message")
        self._ledger.record_effect(task.invoice_id, _entry(task, "refused", answer.why, answer.rule, event))
        self._meter.refused(answer.rule)
        return _outcome(ContactState.REFUSED, invoice, why=answer.why)

    def _link(self, task: ContactTask) -> str | None:
        """The short address of the payment page, for a text message and on paper; None: the provider's own."""
        if task.channel not in _TYPED or self._short is None:
            return None
        code = self._short.code(task.invoice_id)
        self._ledger.shorten(code, task.invoice_id)
        return self._short.link(code)

    def _agreed(self, task: ContactTask) -> Agreed | None:
        """What an e-mail quotes: only what is on record."""
        said = self._ledger.accepted(task.customer_id, task.as_of) if task.channel is Channel.EMAIL else None
        if said is None:
            return None
        return Agreed(version=said.version, on=self._day(task, said.at))

    def _written_on(self, task: ContactTask) -> date | None:
        """The day that a letter is dated, of the case's own time: written again it is the same letter."""
        return self._day(task, task.as_of) if task.channel is Channel.LETTER else None

    def _day(self, task: ContactTask, at: datetime) -> date:
        """A moment's day where the customer is."""
        here = self._situations.whereabouts(task.customer_id, task.as_of.date())
        return local(at, here.time_zones[0] if here else "UTC").date()

    def _has_moved(self, stated: CustomerRow, task: ContactTask) -> bool:
        """Takes over what the payment provider states of the customer now. Whether the hours are those of another
        place than the message was decided for."""
        before, began = self._ledger.customer_is(stated), task.as_of.date()
        return before is not None and (
            self._situations.place_of(before, began) != self._situations.whereabouts(task.customer_id, began)
        )

    def _reserve(self, task: ContactTask, row: ContactRow, to: Address) -> Contact:
        rules = ContactRules(
            invoice_id=task.invoice_id, channel=task.channel, facts=task.facts, caps=task.caps, before=task.before
        )
        return self._ledger.begin_contact(row, to, rules)

    def _reserve_anew(self, task: ContactTask, row: ContactRow, to: Address, earlier: ContactRow) -> Contact:
        """Certainly not sent, or the same key is asked again: the ledger has the text that goes out now."""
        self._finish(task, "failed", None, "the provider knows nothing of the earlier try; it is tried again")
        if task.channel in _TAKEN_ONCE:
            row = row.model_copy(update={"started_at": earlier.started_at})
        return self._reserve(task, row, to)

    def _said_with(self, task: ContactTask, invoice: InvoiceSnapshot, said: SaidWith) -> ContactOutcome:
        if said.sending:
            raise ProviderTrouble(f"A message about {said.invoice_id} that says it as well is on its way.")
        event = ContactSent(channel=task.channel, stage=task.facts.stage, said_with=said.invoice_id)
        entry = _entry(task, f"said with {said.invoice_id}", task.why, event=event)
        self._ledger.record_effect(task.invoice_id, entry)
        outcome = _outcome(ContactState.SENT, invoice)
        return outcome.model_copy(update={"said_with": said.invoice_id})

    def _look_up(
        self, task: ContactTask, invoice: InvoiceSnapshot, address: Address, row: ContactRow
    ) -> ContactOutcome | None:
        """What became of a message that an earlier run began; None when it certainly was not sent.

        Trouble on the way says nothing about the message: its row stays as it is, and the next run asks again.
        """
        # As it was written down then: rendered anew it might read differently.
        message = Rendered(subject=row.subject, text=row.text)
        try:
            sent = self._sender(task).find(_as_it_was(address, row), message, row.key, row.started_at)
        except (LookupImpossible, _NotSetUp):
            self._finish(task, "unknown", None, "it may have been sent before a crash; it is not sent twice")
            return _outcome(ContactState.UNKNOWN, invoice)
        return self._sent(task, invoice, sent) if sent else None

    def _send(
        self, task: ContactTask, invoice: InvoiceSnapshot, address: Address, message: Rendered, key: str
    ) -> ContactOutcome:
        try:
            sent = self._sender(task).send(address, message, key)
        except _NotSetUp:
            self._finish(task, "failed", None, "this worker has no settings for the channel; it is decided anew")
            return ContactOutcome(state=ContactState.STOPPED, invoice=invoice.now, stopped=elsewhere(task))
        except Unreachable as error:
            self._close(task, address, error, key)
            self._finish(task, "unreachable", None, str(error), error.rule)
            return _outcome(ContactState.UNREACHABLE, invoice, why=str(error))
        except ProviderTrouble as error:
            if error.not_executed:
                self._finish(task, "failed", None, "the provider did not take it; it is tried again")
            raise
        except ProviderMisuse:
            self._finish(task, "failed", None, "the provider refused the request; an operator has to look")
            raise
        return self._sent(task, invoice, sent)

    def _sender(self, task: ContactTask) -> Sender:
        """Raises _NotSetUp: whoever decided had another worker's settings, or those of before."""
        if sender := self._senders.get(task.channel):
            return sender
        raise _NotSetUp

    def _close(self, task: ContactTask, address: Address, error: Unreachable, key: str) -> None:
        """The address is closed to all of its cases, unless a setting for its country may open it again."""
        place = address.key(task.channel)
        if place is None or error.about is About.COUNTRY:
            return
        self._ledger.close_channel(
            Closure(
                customer_id=task.customer_id,
                channel=task.channel,
                address=place,
                why=str(error),
                wish=error.about is About.WISH,
                event_id=f"{key}:{place[:16]}",
                at=self._clock(),
                source=told_by_provider(task.channel, wish=error.about is About.WISH),
            )
        )

    def _sent(self, task: ContactTask, invoice: InvoiceSnapshot, sent: Sent) -> ContactOutcome:
        self._finish(task, "sent", sent.provider_id, task.why)
        if self._notices and task.channel is Channel.NOTICE:
            # One that cannot be withdrawn now goes with the next one, or at the end.
            older = self._notices.replaced_by(task.customer_id, _key(task))
            self._notices.withdraw(task.customer_id, older, task.as_of, "a newer notice takes its place")
        return _outcome(ContactState.SENT, invoice, sent.provider_id)

    def _finish(
        self, task: ContactTask, state: str, provider_id: str | None, why: str, rule: str | None = None
    ) -> None:
        entry = _entry(task, state, why, rule, _event(task, state))
        self._ledger.finish_contact(task.invoice_id, task.step, task.channel, state, provider_id, entry)
        self._meter.contacted(task.channel, state)

    def _row(
        self, task: ContactTask, address: Address, message: Rendered, others: Sequence[InvoiceSnapshot]
    ) -> ContactRow:
        return ContactRow(
            invoice_id=task.invoice_id,
            step=task.step,
            channel=task.channel,
            stage=task.facts.stage.value,
            key=_key(task),
            state="sending",
            as_of=task.as_of,
            started_at=self._clock(),
            subject=message.subject,
            text=message.text,
            html=message.html or None,
            address=address.place(task.channel),
            said=task.facts,
            names=tuple(other.id for other in others),
        )


def _segment(ledger: Ledger, task: ContactTask) -> str:
    """Whose brand the message has."""
    case = ledger.case(task.invoice_id)
    return case.segment if case else ""


def _key(task: ContactTask) -> str:
    return contact_key(task.invoice_id, task.step, task.channel.value)


def _as_it_was(address: Address, row: ContactRow) -> Address:
    """With the place that the message went to: the customer may have another one since."""
    if row.address is None or row.channel not in FIELDS:
        return address
    return address.model_copy(update={FIELDS[row.channel]: row.address})


def _entry(task: ContactTask, state: str, why: str, rule: str | None = None, event: Outgoing | None = None) -> Entry:
    what = f"{task.channel.value} {state}"
    return Entry(at=task.as_of, step=task.step, what=what, why=why, rule=rule, event=event)


def _event(task: ContactTask, state: str) -> Outgoing | None:
    """What failed is tried again: nobody is told of it."""
    about: dict[str, Any] = {"channel": task.channel, "stage": task.facts.stage}
    match state:
        case "sent" | "unknown":
            return ContactSent(**about, certain=state == "sent")
        case "unreachable":
            return ContactUnreachable(**about)
    return None


def _standing(row: ContactRow, invoice: InvoiceSnapshot) -> ContactOutcome:
    """What became of a contact that an earlier run has made."""
    match row.state:
        case "sent":
            return _outcome(ContactState.SENT, invoice, row.provider_id)
        case "unknown":
            return _outcome(ContactState.UNKNOWN, invoice)
    raise ProviderTrouble("Another run of this step is sending the message at this moment.")


def _outcome(
    state: ContactState, invoice: InvoiceSnapshot, provider_id: str | None = None, why: str = ""
) -> ContactOutcome:
    return ContactOutcome(state=state, invoice=invoice.now, provider_id=provider_id, why=why)


def _closed(task: ContactTask, recipient: Recipient) -> str | None:
    """Why nothing can be sent on this channel, or None."""
    if why := recipient.closed_channels.get(task.channel):
        return why  # as it is known: the case takes it over, and a wish has to stay one
    if task.channel is Channel.LETTER and addressee(recipient.address.name) is None:
        return "no name is known to write on a letter"
    field = FIELDS.get(task.channel)
    return NONE_KNOWN[field] if field and recipient.address.place(task.channel) is None else None
