"""Charging, cancelling and giving up an invoice. Each activity re-reads, acts, writes the ledger and returns."""

from collections.abc import Callable
from datetime import datetime

from temporalio import activity

from activities.errors import translated
from domain.case import NO_PAYMENT_METHOD, ChargeOutcome
from domain.declines import Decline, DeclineTable, RawDecline, classify
from domain.gates import ALLOW, Postpone, Refuse, stop, strictest
from domain.ids import charge_key, effect_key
from domain.invoice import InvoiceState
from domain.kinds.cancellation import CancelTask
from domain.kinds.charge import ChargeResult, ChargeTask
from domain.kinds.outside_payment import RecordPaymentResult, RecordPaymentTask
from domain.kinds.write_off import WriteOffTask
from domain.outbox import charged
from domain.outgoing import InvoiceUncollectible, Outgoing, PaymentRecorded, SubscriptionCancelled
from domain.protection import Protected, standing
from domain.record import Entry
from domain.rules.invoice import Aim, judge_now
from domain.rules.minimum import MinimumCharges
from domain.rules.protection import ask_protected
from domain.rules.uses import NetworkRules
from domain.steps import AttemptKind
from domain.tasks import Done, Task
from gateways.ports.ledger import Ledger
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.payments import ChargeAnswer, InvoiceSnapshot, PaymentMethod, Payments
from gateways.ports.rows import AttemptRow

_NO_OTHER = "no other payment method on file may be charged for this invoice"
_SPENT = "the provider charges no more under this number, and has charged nothing"


class PaymentActivities:
    """What the case asks of the payment provider."""

    def __init__(
        self,
        payments: Payments,
        ledger: Ledger,
        declines: DeclineTable,
        rules: NetworkRules,
        minimums: MinimumCharges,
        clock: Callable[[], datetime],
        meter: Meter = NO_METER,
    ) -> None:
        self._meter = meter
        self._payments = payments
        self._ledger = ledger
        self._declines = declines
        self._rules = rules
        self._minimums = minimums
        self._clock = clock

    @activity.defn(name="charge", no_thread_cancel_exception=True)
    def charge(self, task: ChargeTask) -> ChargeResult:
        """Charges what remains of the invoice, at most once per attempt number.

        Run again after a crash or a lost reply it first finds out what the earlier run did.
        """
        with translated(task):
            invoice = self._payments.read_invoice(task.invoice_id)
            row = self._reconcile(task, invoice)
            if row and row.outcome:
                return self._result_of(row, row.outcome, invoice, task)
            now = invoice.now
            judged = judge_now(now, Aim.CHARGE, task.as_of, after_cancellation=task.after_cancellation)
            protected = ask_protected(self._protections(task), Aim.CHARGE, task.as_of)
            if found := stop(strictest((judged, self._minimums.ask(invoice.remaining) or ALLOW, protected))):
                if row:
                    # Begun by an earlier run, and nothing of it is found: it charged nothing and never will.
                    self._finish(row, ChargeAnswer(outcome=ChargeOutcome.NOT_OPEN), task)
                    return self._result_of(row, ChargeOutcome.NOT_OPEN, invoice, task)
                return ChargeResult(outcome=ChargeOutcome.STOPPED, invoice=now, stopped=found)
            other = self._other_method(task, invoice)
            if other is None and task.kind is AttemptKind.OTHER_METHOD:
                return ChargeResult(outcome=ChargeOutcome.REFUSED, invoice=now, why=_NO_OTHER)
            method = other or invoice.payment_method
            if method is None:
                return self._nothing_to_charge(task, invoice)
            # What an earlier run reserved and the provider knows nothing of was perhaps for another method or amount.
            asked = self._row(task, invoice, method)
            stands = self._ledger.begin_attempt(asked, self._rules, method.country, method.expiry, instead_of=row)
            if isinstance(stands, Postpone):
                self._meter.postponed(stands.rule)
                return ChargeResult(outcome=ChargeOutcome.POSTPONED, postponed=stands, why=stands.why)
            if isinstance(stands, Refuse):
                self._meter.refused(stands.rule)
                why = f"{stands.why} ({stands.rule})"
                return ChargeResult(outcome=ChargeOutcome.REFUSED, invoice=now, why=why)
            if stands.outcome:
                # Another worker has finished this very attempt since we looked.
                return self._result_of(stands, stands.outcome, invoice, task)
            answer = self._payments.pay(invoice, stands.key, other)
            if answer.outcome is ChargeOutcome.KEY_SPENT:
                # Nothing was charged when it was looked up, but that was before this request.
                answer = self._found(invoice, stands, row) or answer
            self._finish(stands, answer, task)
            return self._result(answer, invoice, task)

    @activity.defn(name="cancel_subscription", no_thread_cancel_exception=True)
    def cancel_subscription(self, task: CancelTask) -> Done:
        """Cancels the subscription, unless the invoice was paid in the meantime."""
        with translated(task):
            invoice = self._payments.read_invoice(task.invoice_id)
            protected = ask_protected(self._protections(task), Aim.END, task.as_of)
            found = stop(strictest((judge_now(invoice.now, Aim.END, task.as_of, waits=task.waits), protected)))
            if found is None:
                key = effect_key(task.invoice_id, task.step)
                self._payments.cancel_subscription(task.subscription_id, key)
                self._ledger.record_effect(
                    task.invoice_id, _entry(task, "subscription cancelled", event=SubscriptionCancelled())
                )
            return Done(invoice=invoice.now, stopped=found)

    @activity.defn(name="mark_uncollectible", no_thread_cancel_exception=True)
    def mark_uncollectible(self, task: WriteOffTask) -> Done:
        """Closes the invoice at the provider as not to be collected any more, unless it is closed already."""
        with translated(task):
            invoice = self._payments.read_invoice(task.invoice_id)
            said = self._protections(task)
            protected = ask_protected(said, Aim.GIVE_UP, task.as_of, by_a_human=task.ordered)
            found = stop(strictest((judge_now(invoice.now, Aim.GIVE_UP, task.as_of, waits=task.waits), protected)))
            if found is None:
                self._payments.mark_uncollectible(task.invoice_id, effect_key(task.invoice_id, task.step))
            elif invoice.state is not InvoiceState.UNCOLLECTIBLE:
                return Done(invoice=invoice.now, stopped=found)
            # Also when an earlier run has marked it and its answer was lost.
            self._ledger.record_effect(
                task.invoice_id, _entry(task, "marked uncollectible", event=InvoiceUncollectible())
            )
            return Done()

    @activity.defn(name="record_payment", no_thread_cancel_exception=True)
    def record_payment(self, task: RecordPaymentTask) -> RecordPaymentResult:
        """Records money that came in another way at the payment provider, so that it is not charged again.

        An invoice that a charge has paid meanwhile takes no more: then the money came in twice.
        """
        with translated(task):
            invoice = self._payments.read_invoice(task.invoice_id)
            found = stop(judge_now(invoice.now, Aim.SETTLE, task.as_of))
            if found is None:
                key = effect_key(task.invoice_id, task.step)
                invoice = self._payments.record_payment(invoice, task.amount, task.paid_at, key)
                event = PaymentRecorded(amount=task.amount)
                entry = _entry(task, f"{task.amount} recorded as paid outside", event=event)
                self._ledger.record_effect(task.invoice_id, entry)
            return RecordPaymentResult(invoice=invoice.now, stopped=found, recorded=invoice.outside)

    def _protections(self, task: Task) -> tuple[Protected, ...]:
        """Read right before the act: what was said since the decision counts as well."""
        return standing(self._ledger.protections(task.customer_id), task.as_of)

    def _reconcile(self, task: ChargeTask, invoice: InvoiceSnapshot) -> AttemptRow | None:
        """Looks up every attempt whose outcome is unknown; returns this attempt's row as it then stands, if any."""
        rows = self._ledger.attempts_of(task.invoice_id)
        unknown = [row for row in rows if row.state == "started"]
        for row in unknown:
            answer = self._payments.find_attempt(invoice, row.started_at, row.fingerprint, row.key)
            if answer is None and (row.attempt, row.step) != (task.attempt, task.step):
                answer = ChargeAnswer(outcome=ChargeOutcome.KEY_SPENT)  # it never reached the provider
            if answer:
                self._finish(row, answer, task)
        if unknown:
            rows = self._ledger.attempts_of(task.invoice_id)
        return next((row for row in rows if row.attempt == task.attempt), None)

    def _found(self, invoice: InvoiceSnapshot, *rows: AttemptRow | None) -> ChargeAnswer | None:
        """What became of an attempt, on the method that any of these reservations of it was for."""
        found = (self._payments.find_attempt(invoice, row.started_at, row.fingerprint, row.key) for row in rows if row)
        return next((answer for answer in found if answer), None)

    def _finish(self, row: AttemptRow, answer: ChargeAnswer, task: ChargeTask) -> None:
        decline = self._classify(answer.decline, task) if answer.decline else None
        said = f"{task.why} → {decline.code if decline else answer.outcome.value}"
        entry = Entry(
            at=task.as_of,
            step=row.step,
            what=answer.outcome.value,
            why=said,
            rule=decline.rule if decline else None,
            event=charged(answer.outcome, row.attempt, row.kind, row.amount, decline),
        )
        self._ledger.finish_attempt(row.invoice_id, row.attempt, answer.outcome, answer.provider_id, decline, entry)
        self._meter.charged(decline.decline_class if decline else None, answer.outcome)

    def _result(self, answer: ChargeAnswer, before: InvoiceSnapshot, task: ChargeTask) -> ChargeResult:
        after = answer.invoice or before
        return ChargeResult(
            outcome=answer.outcome,
            invoice=after.now,
            decline=self._classify(answer.decline, task) if answer.decline else None,
            why=_SPENT if answer.outcome is ChargeOutcome.KEY_SPENT else "",
        )

    def _result_of(
        self, row: AttemptRow, outcome: ChargeOutcome, invoice: InvoiceSnapshot, task: ChargeTask
    ) -> ChargeResult:
        """The answer that an earlier run of this attempt has written."""
        earlier = row.step != task.step
        return ChargeResult(
            outcome=outcome,
            invoice=invoice.now,
            decline=row.decline,
            why="as found in the ledger",
            step=row.step if earlier else None,
            kind=row.kind if earlier else None,
        )

    def _nothing_to_charge(self, task: ChargeTask, invoice: InvoiceSnapshot) -> ChargeResult:
        decline = self._classify(RawDecline(error_code=NO_PAYMENT_METHOD, network_status="not_sent_to_network"), task)
        event = charged(ChargeOutcome.DECLINED, task.attempt, task.kind, invoice.remaining, decline)
        entry = _entry(task, "not charged: no payment method", decline.rule, event)
        self._ledger.record_effect(task.invoice_id, entry)
        return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=decline, invoice=invoice.now)

    def _classify(self, raw: RawDecline, task: ChargeTask) -> Decline:
        return classify(raw, self._declines, at=task.as_of, do_not_honor=task.do_not_honor)

    def _other_method(self, task: ChargeTask, invoice: InvoiceSnapshot) -> PaymentMethod | None:
        """Another method on file, where the step is for one."""
        wanted = task.kind is AttemptKind.OTHER_METHOD
        return self._payments.other_method(invoice, task.refused) if wanted else None

    def _row(self, task: ChargeTask, invoice: InvoiceSnapshot, method: PaymentMethod) -> AttemptRow:
        return AttemptRow(
            invoice_id=task.invoice_id,
            attempt=task.attempt,
            kind=task.kind,
            key=charge_key(task.invoice_id, task.attempt),
            step=task.step,
            state="started",
            as_of=task.as_of,
            started_at=self._clock(),
            amount=invoice.remaining,
            network=method.network,
            fingerprint=method.fingerprint,
        )


def _entry(task: Task, what: str, rule: str | None = None, event: Outgoing | None = None) -> Entry:
    return Entry(at=task.as_of, step=task.step, what=what, why=task.why, rule=rule, event=event)
