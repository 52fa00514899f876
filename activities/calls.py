"""One call, for a person of the merchant or the automatic service: re-read, check, put into the queue, once."""

from temporalio import activity

from activities.errors import translated
from domain.addresses import NONE_KNOWN
from domain.call_hours import stated, wanted
from domain.calls import CallWindow, MadeBy, TaskState, call_id
from domain.gates import Answer, Refuse, Stopped, stop, strictest
from domain.invoice import InvoiceNow
from domain.kinds.call import CallQueued, CallTask
from domain.outgoing import StepRefused
from domain.protection import standing
from domain.record import Entry
from domain.rules.calls import STATED_HOURS, no_hour
from domain.rules.invoice import Aim, judge_now
from domain.rules.protection import ask_protected
from domain.steps import Channel
from gateways.ports.calls import CallTaskRow
from gateways.ports.consents import why_not_automatic
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Recipient
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.payments import Payments


class CallActivities:
    """What the case wants to be said by telephone."""

    def __init__(
        self, payments: Payments, ledger: Ledger, meter: Meter = NO_METER, no_machine: str | None = None
    ) -> None:
        """`no_machine`: why the automatic service calls nobody; None: it is set up."""
        self._no_machine = no_machine
        self._payments = payments
        self._ledger = ledger
        self._meter = meter

    @activity.defn(name="queue_call", no_thread_cancel_exception=True)
    def queue_call(self, task: CallTask) -> CallQueued:
        """Puts the call into the queue, unless the invoice is no longer open, the person is protected, nobody may call
        there, or law and policy have no room for it before it is over. Who takes it asks all of that again."""
        with translated(task):
            invoice = self._payments.read_invoice(task.invoice_id)
            said = standing(self._ledger.protections(task.customer_id), task.as_of)
            protected = ask_protected(said, Aim.SAY, task.as_of)
            answer: Answer = strictest((judge_now(invoice.now, Aim.SAY, task.as_of), protected))
            if found := stop(answer):
                return CallQueued(invoice=invoice.now, stopped=found)
            if self._ledger.call_task(call_id(task.invoice_id, task.step)):
                return CallQueued(invoice=invoice.now)  # the answer was lost; who takes it asks all of this again
            if invoice.customer:
                self._ledger.customer_is(invoice.customer)
            recipient = self._ledger.recipient(task.customer_id)
            made_by, why_not = self._made_by(task, recipient.address.place(Channel.PHONE))
            if why := _closed(recipient) or why_not:
                refused = Refuse(why=f"nobody is called: {why}")
                self._left_out(task, refused)
                return _refused(invoice.now, refused)
            windows = self._wanted(task)
            if windows is None:
                refused = Refuse(why=no_hour(max(1, (task.until - task.as_of).days)), rule=STATED_HOURS)
                self._left_out(task, refused)
                self._meter.refused(refused.rule)
                return _refused(invoice.now, refused)
            row = _row(task, windows, recipient, made_by)
            queued = self._ledger.queue_call(row, recipient.address, task.caps)
            if isinstance(queued, Refuse):
                self._meter.refused(queued.rule)
                return _refused(invoice.now, queued)
            return CallQueued(invoice=invoice.now)

    def _left_out(self, task: CallTask, refused: Refuse) -> None:
        event = StepRefused(kind="call")
        why, rule = refused.why, refused.rule
        entry = Entry(at=task.as_of, step=task.step, what="refused", why=why, rule=rule, event=event)
        self._ledger.record_effect(task.invoice_id, entry)

    def _wanted(self, task: CallTask) -> tuple[CallWindow, ...] | None:
        """What of the task's hours the customer wants by now: said, maybe, since the decision. None: nothing."""
        customer = self._ledger.customer(task.customer_id)
        times = stated(customer.call_hours) if customer else ()
        return (wanted(task.windows, times, task.zones) or None) if times else task.windows

    def _made_by(self, task: CallTask, number: str | None) -> tuple[MadeBy, str | None]:
        """Who makes it, and why the automatic service may not where nobody else is to."""
        if task.by is MadeBy.PERSON or number is None:
            return task.by, None
        why = self._no_machine or why_not_automatic(self._ledger, task.customer_id, number)
        if task.by is MadeBy.MACHINE_OR_PERSON and why:
            return MadeBy.PERSON, None
        return task.by, why


def _refused(invoice: InvoiceNow, answer: Refuse) -> CallQueued:
    return CallQueued(invoice=invoice, refused=Stopped(why=answer.why, rule=answer.rule))


def _closed(recipient: Recipient) -> str | None:
    if why := recipient.closed_channels.get(Channel.PHONE):
        return why
    return None if recipient.address.place(Channel.PHONE) else NONE_KNOWN["phone"]


def _row(task: CallTask, windows: tuple[CallWindow, ...], recipient: Recipient, made_by: MadeBy) -> CallTaskRow:
    return CallTaskRow(
        call_id=call_id(task.invoice_id, task.step),
        invoice_id=task.invoice_id,
        customer_id=task.customer_id,
        step=task.step,
        state=TaskState.OPEN,
        as_of=task.as_of,
        # By law and policy: what the customer wants is asked when it is taken, and may be more by then.
        call_from=task.windows[0].start if task.windows else task.as_of,
        until=task.until,
        zones=task.zones,
        windows=windows,
        offers=task.offers,
        said=task.facts,
        why=task.why,
        address=recipient.address.place(Channel.PHONE),
        made_by=made_by,
    )
