"""Whole conversations before any customer hears them: every message of a simulated life, on every channel, as it would
be sent."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from domain.brand import BySegment
from domain.calendar import local
from domain.closed import Closed
from domain.kinds.call import CallTask
from domain.kinds.message import ContactTask, MessageStep
from domain.money import Money
from domain.policy import Policy
from domain.renewal import RenewalNow
from domain.renewal import told as notices_of
from domain.rules.notices import notice_time
from domain.simulation import Happening, What
from domain.steps import CHANNEL_NAMES, WRITTEN, Channel, Stage
from domain.truth import Ending, MessageFacts
from gateways.ports.calls import CallScripts
from gateways.ports.messages import Address, Messages, Rendered, Sender
from gateways.ports.payments import PaymentMethod
from gateways.ports.renewals import RenewalMessages, RenewalSnapshot
from gateways.ports.trouble import ProviderMisuse
from gateways.sms_length import segments
from service.calendars import Row, row_of
from service.sample_customers import SampleCustomer
from service.simulations import Simulated, Simulations

MARK = "[Preview] "
"""Before the subject of an e-mail that is sent to whoever looks."""


class Form(NamedTuple):
    """One message as it reads on one channel."""

    channel: Channel
    planned: bool  # it goes out on this channel; False: how it would read in its place
    rendered: Rendered | None  # None: it cannot be written, and `note` says why
    note: str  # what there is to say of it


class Told(NamedTuple):
    """One message of a conversation."""

    at: datetime  # in the customer's zone
    stage: str
    forms: tuple[Form, ...]

    @property
    def sent(self) -> Form:
        """As it goes out."""
        return next(form for form in self.forms if form.planned)


class Conversation(NamedTuple):
    """What one customer would see of one life, in one language."""

    title: str
    name: str  # for a folder
    language: str
    zone: str
    rows: tuple[tuple[Row, Told | None], ...]  # the calendar; a message stands beside its row

    @property
    def messages(self) -> list[Told]:
        """Oldest first."""
        return [told for _, told in self.rows if told]


class Preview:
    """Writes conversations by the words and layouts with which messages are sent."""

    def __init__(
        self,
        simulations: Simulations,
        messages: BySegment[Messages],
        renewals: BySegment[RenewalMessages],
        scripts: BySegment[CallScripts],
    ) -> None:
        self._scripts = scripts
        self._renewals = renewals
        self._simulations = simulations
        self._messages = messages

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that messages can be written in."""
        return self._messages.own.languages

    def policy(self, named: str | None, customer: SampleCustomer) -> Policy:
        """As `Simulations.policy`."""
        return self._simulations.policy(named, customer.segment)

    def conversations(
        self, policy: Policy, customer: SampleCustomer, opened: datetime, code: str | None = None
    ) -> Iterator[Conversation]:
        """One for each class of declines, or of one `code`, unpaid to the end; and one of a customer who pays halfway.

        For a policy of sent invoices, which are never declined: one each. Raises Refused.
        """
        halfway = policy.timeline[-1].day // 2
        codes: list[str | None] = [*self._simulations.codes().values()]
        if policy.sent_invoices or code:
            codes = [code]
        lives = [self._simulations.open(policy, customer, each, opened) for each in codes]
        for life in lives:
            title = f"{life.code.replace('_', ' ')} ({life.kind})" if life.code else "sent, and not paid"
            yield self._conversation(life, title, life.code or "unpaid", customer.language)
        paid = self._simulations.open(policy, customer, codes[0], opened, halfway)
        yield self._conversation(paid, f"paid on day {halfway}", "paid", customer.language)

    def before_a_renewal(self, policy: Policy, customer: SampleCustomer, opened: datetime) -> Conversation:
        """What is said while nothing has failed, as if the card on file would not be good any more when the renewal is
        charged, and the amount another one than before. It is charged at `opened`."""
        case = self._simulations.open(policy, customer, None, opened).case
        zone, address = case.zone, Address(customer_id=customer.customer_id, **_of_person(customer))
        last_month = opened.replace(day=1) - timedelta(days=1)
        expiry = f"{last_month.month}/{last_month.year}"
        card = PaymentMethod(id="pm_preview", network=customer.network, last4=customer.last4, expiry=expiry)
        now = RenewalNow(
            renews_at=opened, charged_at=opened, amount=customer.amount, expiry=expiry, before=_less(customer.amount)
        )
        renewal = RenewalSnapshot(subscription_id="sub_preview", customer_id=customer.customer_id, now=now, method=card)
        rows: list[tuple[Row, Told | None]] = []
        for one in notices_of(now, policy.renewals)[0]:
            channel = policy.renewals.channel or policy.contacts.order[0]
            found = self._renewals.of(customer.segment).render(
                channel, one.notice, renewal, address, local(opened, zone).date(), ""
            )
            at = local(notice_time(one.since, policy, zone), zone)
            note = "" if found else "not sent: no page is named for it (MERCHANT_ACCOUNT_URL, or account in brand.yaml)"
            title = f"{CHANNEL_NAMES[channel]}: {one.notice.in_words}"
            rows.append(
                (
                    Row(at, What.DONE.value, title, f"the renewal is charged on {opened:%Y-%m-%d}", None, None),
                    Told(at, one.notice.value, (Form(channel, True, found, note),)),
                )
            )
        return Conversation("before a renewal", "before-a-renewal", customer.language, zone, tuple(rows))

    def once_it_is_over(self, policy: Policy, customer: SampleCustomer, opened: datetime) -> Conversation:
        """What the policy wants said, by how a case of this customer ends: each as if it ended at `opened`."""
        life = self._simulations.open(policy, customer, None, opened)
        at = local(opened, life.zone)
        rows: list[tuple[Row, Told | None]] = []
        for closed in (closed for closed in Closed if policy.closing.channel(closed)):
            facts, invoice = _ended(closed, at.date(), policy, life.invoice.remaining), life.invoice
            if closed in (Closed.PAID, Closed.SETTLED):
                nothing = Money(amount=0, currency=invoice.remaining.currency)
                invoice = invoice.model_copy(update={"remaining": nothing, "paid": invoice.amount})
                facts = facts.but(settled_for=_less(invoice.amount))
            over = life._replace(invoice=invoice)
            sent = policy.closing.channel(closed)
            forms = [
                self._written(over, facts, each, customer.language, at.date(), planned=each is sent)
                for each in WRITTEN
                if each is not Channel.LETTER
            ]
            forms.sort(key=lambda form: not form.planned)
            row = Row(at, What.DONE.value, f"closing message: {closed.in_words}", "if a case ends so", None, None)
            rows.append((row, Told(at, f"closing-{closed.value}", tuple(forms))))
        return Conversation("once it is over", "once-it-is-over", customer.language, life.zone, tuple(rows))

    def _conversation(self, life: Simulated, title: str, name: str, language: str) -> Conversation:
        rows = tuple((row_of(one, life.zone), self._told(life, one, language)) for one in life.lived())
        return Conversation(title, name, language, life.zone, rows)

    def _told(self, life: Simulated, one: Happening, language: str) -> Told | None:
        if one.what is not What.DONE or not one.effect:
            return None
        if isinstance(one.effect.task, CallTask):
            return self._call(life, one.at, one.effect.task)
        if not isinstance(one.effect.step, MessageStep):
            return None
        task = one.effect.task
        assert isinstance(task, ContactTask)  # noqa: S101 - by the registry
        on = local(one.at, life.zone).date()
        forms = [self._form(life, task, channel, language, on) for channel in WRITTEN]
        forms.sort(key=lambda form: not form.planned)
        return Told(local(one.at, life.zone), task.facts.stage.value, tuple(forms))

    def _call(self, life: Simulated, at: datetime, task: CallTask) -> Told:
        """What a person would say, by the same words as in the queue (`service/calls.py`)."""
        scripts = self._scripts.of(life.case.facts.segment)
        script = scripts.script(task.facts, task.offers, life.address, life.invoice)
        form = Form(Channel.PHONE, True, Rendered(text=script.text), "said by a person, line by line")
        return Told(local(at, life.zone), "call", (form,))

    def _form(self, life: Simulated, task: ContactTask, channel: Channel, language: str, on: date) -> Form:
        """Rendered by the same call with which the activity sends (`activities/contacts.py`)."""
        facts, planned = task.facts.with_due(life.invoice.remaining), channel is task.channel
        return self._written(life, facts, channel, language, on, planned=planned)

    def _written(
        self, life: Simulated, facts: MessageFacts, channel: Channel, language: str, on: date, *, planned: bool
    ) -> Form:
        try:
            messages = self._messages.of(life.case.facts.segment)
            found = messages.render(channel, facts, life.address, life.invoice, language, on=on)
        except ProviderMisuse as error:
            return Form(channel, planned, None, str(error))
        return Form(channel, planned, found, _note(channel, found, planned=planned))


def _ended(closed: Closed, on: date, policy: Policy, due: Money) -> MessageFacts:
    """Where the policy has an agency for such a sum, as if that had the debt."""
    agency = policy.endgame.collections
    ending = Ending.COLLECTIONS if agency and agency.accepts(due) else Ending.WRITE_OFF
    back = closed in (Closed.PAID, Closed.SETTLED, Closed.CANCELLED, Closed.ACCESS_BACK)
    return MessageFacts(stage=Stage.CLOSING, closed=closed, ending=ending, restored=back, ends_on=on)


def _less(amount: Money) -> Money:
    """What was paid the last time, of somebody whose price rises."""
    return Money(amount=max(1, amount.amount * 4 // 5), currency=amount.currency)


def _of_person(customer: SampleCustomer) -> dict[str, str | None]:
    known = customer.row
    return {"name": known.name, "email": known.email, "language": known.language}


def _note(channel: Channel, found: Rendered, *, planned: bool) -> str:
    notes = [] if planned else [f"not sent: how it would read as {CHANNEL_NAMES[channel]}"]
    if channel is Channel.SMS:
        count = segments(found.text)
        notes.append(f"{len(found.text)} signs, {count} segment{'s' if count > 1 else ''}")
    return "; ".join(notes)


def send_to(address: str, sender: Sender, conversations: Iterable[Conversation]) -> int:
    """Sends every e-mail of the conversations to whoever looks, each wording once; how many that were.

    Raises Unreachable, ProviderTrouble or ProviderMisuse.
    """
    emails: dict[Any, tuple[str, Rendered]] = {}
    for conversation in conversations:
        for told in conversation.messages:
            if told.sent.channel is Channel.EMAIL and (found := told.sent.rendered):
                emails.setdefault(found, (conversation.language, found))
    for number, (language, found) in enumerate(emails.values(), start=1):
        to = Address(customer_id="preview", email=address, language=language)
        marked = found.model_copy(update={"subject": f"{MARK}{found.subject}"})
        sender.send(to, marked, f"preview-{number}")
    return len(emails)
