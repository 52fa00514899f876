"""Once a case is over: what stands in the application is withdrawn, and its closing message is sent, once."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError
from temporalio import activity

from activities.contacts import ContactActivities
from activities.errors import translated
from activities.notices import StandingNotices
from activities.situations import Around, Situations
from domain.brand import BySegment
from domain.calendar import local
from domain.case import Case
from domain.closed import NOTHING_OWED, Closed
from domain.closing_messages import (
    TOGETHER,
    VALID,
    ClosingOutcome,
    ClosingTask,
    Occasion,
    closing_facts,
    over_at,
    wanted,
)
from domain.consent import open_channel
from domain.gates import Postpone, strictest
from domain.invoice import InvoiceState, SubscriptionState
from domain.kinds.message import ContactOutcome, ContactState, ContactTask
from domain.policy import Policy
from domain.protection import standing
from domain.rules.invoice import Aim
from domain.rules.lawful_words import LawfulWords, lawful_words
from domain.rules.notices import ask_hours, notice_caps
from domain.rules.protection import ask_protected
from domain.steps import Access, Channel, Stage
from domain.truth import MessageFacts
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Messages
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.payments import InvoiceSnapshot, Payments

_SOON = timedelta(minutes=1)


class _Over(NamedTuple):
    """One invoice as it is when its closing message is to be sent."""

    case: Case
    invoice: InvoiceSnapshot
    closed: Closed
    facts: MessageFacts
    channel: Channel  # that the policy wants it said on


class ClosingActivities:
    """What is left to do towards the customer, whether or not the case's own workflow still runs."""

    def __init__(
        self,
        payments: Payments,
        ledger: Ledger,
        contacts: ContactActivities,
        messages: BySegment[Messages],
        notices: StandingNotices,
        situations: Situations,
        meter: Meter = NO_METER,
    ) -> None:
        self._payments = payments
        self._ledger = ledger
        self._contacts = contacts
        self._messages = messages
        self._notices = notices
        self._situations = situations
        self._meter = meter

    @activity.defn(name="conclude", no_thread_cancel_exception=True)
    def conclude(self, task: ClosingTask) -> ClosingOutcome:
        """Withdraws the notices that are not true any more, and sends the closing message that the policy wants, at
        most one for all cases of the customer that ended alike. Or says when to look again.

        Everything is read anew: what was paid and is contested, owed again or billed anew is not thanked for.
        """
        with translated(task, misuse_passes=True):
            case = self._read(task.invoice_id)
            if case is None:
                return ClosingOutcome(why="today's code cannot read the case")
            again = self._withdraw(task, case)
            said = self._say(task, case)
            moments = [moment for moment in (again, said.next_at) if moment]
            return ClosingOutcome(why=said.why, next_at=min(moments, default=None))

    def _read(self, invoice_id: str) -> Case | None:
        try:
            return Case.model_validate_json(self._ledger.state_of(invoice_id) or "")
        except ValidationError:
            return None

    def _withdraw(self, task: ClosingTask, case: Case) -> datetime | None:
        protected = standing(self._ledger.protections(task.customer_id), task.as_of)
        if over_at(case) is None and not protected:
            return None  # the case goes on again
        untrue = self._notices.about(task.customer_id, task.invoice_id)
        why = task.occasion.value.replace("_", " ")
        return self._notices.withdraw(task.customer_id, untrue, task.as_of, f"it is not true any more: {why}")

    def _say(self, task: ClosingTask, case: Case) -> ClosingOutcome:
        policy, since = self._situations.policy(case.policy.digest), over_at(case)
        if task.occasion is Occasion.PROTECTED or since is None or wanted(case, policy) is None:
            return ClosingOutcome(why="nothing is to be said")
        if task.as_of > since + VALID:
            return ClosingOutcome(why="it is late for a closing message")
        together = since + policy.jitter + TOGETHER
        if task.as_of < together and self._goes_on_elsewhere(task):
            return ClosingOutcome(why="what ends with it is told with it", next_at=together)
        over = self._over(case, policy)
        if isinstance(over, str):
            return ClosingOutcome(why=over)
        around = self._around(task, over, policy)
        agreed = [one.channel for one in self._ledger.opt_ins(task.customer_id)]
        closed = around.closed | self._unapproved(case)
        channel = open_channel(over.channel, closed, policy.contacts.fallback, agreed)
        if why := closed.get(channel):
            return ClosingOutcome(why=f"no channel is left to this customer ({channel.value}: {why})")
        protected = ask_protected(around.protections, Aim.SAY, task.as_of)
        hours = ask_hours(policy, around.law, channel, around.zones, around.holidays, task.as_of)
        if isinstance(answer := strictest((protected, hours)), Postpone):
            self._meter.postponed(answer.rule)
            return _later(answer.until, since, answer.why)
        others = self._alike(task, over)
        with_others = over.facts.but(
            also_final=tuple(other.invoice.id for other in others),
            also_settled=tuple(sum_ for other in others if (sum_ := other.facts.settled_for)),
            restored=any(each.facts.restored for each in (over, *others)),
        )
        sent = self._contacts.say(
            self._task(task, with_others, channel, policy, around, since),
            over.invoice,
            [other.invoice for other in others],
        )
        return _outcome(sent, over, task, since)

    def _unapproved(self, case: Case) -> dict[Channel, str]:
        language = self._ledger.recipient(case.facts.customer_id).address.language
        return self._messages.of(case.facts.segment).unapproved(Stage.CLOSING, language)

    def _around(self, task: ClosingTask, over: _Over, policy: Policy) -> Around:
        """The customer as the payment provider states them now, and what is closed to this message besides."""
        if over.invoice.customer:
            self._ledger.customer_is(over.invoice.customer)
        around = self._situations.around(task.customer_id, policy, over.case.facts, task.as_of)
        address = self._ledger.recipient(task.customer_id).address
        refused = {
            row.channel: _NOT_TAKEN
            for row in self._ledger.contacts(task.invoice_id)
            if row.said and row.said.closed and row.state == "unreachable" and row.address == address.place(row.channel)
        }
        return around._replace(closed=_TOO_SLOW | refused | around.closed)

    def _task(
        self,
        task: ClosingTask,
        facts: MessageFacts,
        channel: Channel,
        policy: Policy,
        around: Around,
        since: datetime,
    ) -> ContactTask:
        assert facts.closed  # noqa: S101 - as `closing_facts` makes them
        day = local(task.as_of, around.zones[0]).date()
        return ContactTask(
            invoice_id=task.invoice_id,
            customer_id=task.customer_id,
            step=f"closing-{facts.closed.value.replace('_', '-')}",
            as_of=task.as_of,
            why=f"the case is over: {facts.closed.in_words}",
            channel=channel,
            facts=facts,
            caps=notice_caps(policy, around.law, channel, around.zones, task.as_of, since + VALID),
            words=_words(around, channel, day, facts.closed),
        )

    def _over(self, case: Case, policy: Policy) -> _Over | str:
        """What is to be said of an invoice, as it is true now; or why nothing is."""
        invoice = self._payments.read_invoice(case.facts.invoice_id)
        found = wanted(case, policy, owed=invoice.replaced or not _is_cancelled(invoice))
        if found is None:
            as_it_is = f"the invoice is {invoice.state.value}"
            return "a corrected invoice has taken its place" if invoice.replaced else as_it_is
        closed, channel = found
        if why := self._untrue(case, invoice, closed):
            return why
        facts = closing_facts(case, closed)
        if facts.restored and not self._has_full_access(case):
            facts = facts.but(restored=False)
        return _Over(case, invoice, closed, facts, channel)

    def _has_full_access(self, case: Case) -> bool:
        facts = case.facts
        return self._ledger.access_of(facts.customer_id, facts.subscription_id).access is Access.FULL

    def _untrue(self, case: Case, invoice: InvoiceSnapshot, closed: Closed) -> str | None:
        row = self._ledger.case(case.facts.invoice_id)
        if invoice.customer_deleted:
            return "the customer was deleted at the payment provider"
        if self._ledger.open_disputes_of(case.facts.customer_id):
            return "the customer disputes a payment"
        if row is None or row.owed_again or row.reopened_as:
            return "the payment was taken back"
        state = invoice.state
        match closed:
            case Closed.PAID if state is not InvoiceState.PAID:
                return f"the invoice is {state.value}"
            case Closed.SETTLED if state is InvoiceState.OPEN:
                return "the invoice is open still"
            case Closed.ENDED if invoice.subscription is SubscriptionState.RUNS:
                return "the subscription runs again"
            case Closed.GIVEN_UP | Closed.ENDED if state not in _UNPAID:
                return f"the invoice is {state.value}"
            case Closed.GIVEN_UP | Closed.ENDED if case.closing and state is not InvoiceState.UNCOLLECTIBLE:
                return "the invoice is open still"
            case Closed.ACCESS_BACK if not self._has_full_access(case):
                return "another invoice needs the access to be restricted"
        return None

    def _alike(self, task: ClosingTask, first: _Over) -> list[_Over]:
        """The customer's other cases that ended alike, and of which nothing was said yet: one message names all."""
        found: list[_Over] = []
        for invoice_id in self._ledger.over_since(task.customer_id, task.as_of - VALID):
            case = self._read(invoice_id) if invoice_id != task.invoice_id else None
            since = over_at(case) if case else None
            if case is None or since is None or since < task.as_of - VALID or self._is_told(invoice_id):
                continue
            over = self._over(case, self._situations.policy(case.policy.digest))
            if isinstance(over, _Over) and over.facts.closes_as(first.facts):
                found.append(over)
        return found

    def _goes_on_elsewhere(self, task: ClosingTask) -> bool:
        cases = self._ledger.open_cases_of(task.customer_id)
        return any(case.invoice_id != task.invoice_id for case in cases)

    def _is_told(self, invoice_id: str) -> bool:
        return any(row.said and row.said.closed and row.state in _TOLD for row in self._ledger.contacts(invoice_id))


_TOO_SLOW = {Channel.LETTER: "on paper it would come when it is old"}
_NOT_TAKEN = "its provider did not take this message there"
"""No address is closed by it: where the merchant's account may not send there, or has no messages left."""
_TOLD = ("sending", "sent", "unknown")
_UNPAID = (InvoiceState.OPEN, InvoiceState.UNCOLLECTIBLE)


def _words(around: Around, channel: Channel, day: date, closed: Closed) -> tuple[LawfulWords, ...]:
    return lawful_words(around.law, channel, day, of_a_debt=closed not in NOTHING_OWED) if around.law.rules else ()


def _is_cancelled(invoice: InvoiceSnapshot) -> bool:
    """Whether it is void, or a credit note took all of it: in Stripe it is then paid, and nothing came in."""
    credited = invoice.state is InvoiceState.PAID and invoice.paid is not None and invoice.paid.amount == 0
    return credited or invoice.state is InvoiceState.VOID


def _later(until: datetime, since: datetime, why: str) -> ClosingOutcome:
    if until > since + VALID:
        return ClosingOutcome(why=f"{why}, and then it is late for a closing message")
    return ClosingOutcome(why=why, next_at=until)


def _outcome(sent: ContactOutcome, over: _Over, task: ClosingTask, since: datetime) -> ClosingOutcome:
    match sent.state:
        case ContactState.POSTPONED if sent.postponed:
            return _later(sent.postponed.until, since, sent.postponed.why)
        case ContactState.STOPPED if sent.stopped and sent.stopped.until:
            return _later(max(sent.stopped.until, task.as_of + _SOON), since, sent.stopped.why)
        case ContactState.UNREACHABLE:
            # Its channel is closed to this message from now on: another one may be open.
            return _later(task.as_of + _SOON, since, sent.why)
        case ContactState.SENT | ContactState.UNKNOWN:
            return ClosingOutcome(why=f"told: {over.closed.in_words}")
    return ClosingOutcome(why=sent.why)
