"""Charging, cancelling and giving up an invoice. Each activity re-reads, acts, writes the ledger and returns."""

from collections.abc import Callable
from datetime import datetime

from temporalio import activity

from activities.errors import translated
from domain.case import NO_PAYMENT_METHOD, ChargeOutcome
from domain.declines import Decline, DeclineTable, RawDecline, classify
from domain.effects import ChargeOrder, ChargeResult, Done, SubscriptionOrder, WriteOffOrder
from domain.events import InvoiceState
from domain.gates import Postpone
from domain.ids import charge_key, effect_key
from domain.record import Entry
from gateways.ports.ledger import Ledger, NetworkRules
from gateways.ports.payments import ChargeAnswer, InvoiceSnapshot, Payments
from gateways.ports.rows import AttemptRow


class PaymentActivities:
    """What the case asks of the payment provider."""

    def __init__(
        self,
        payments: Payments,
        ledger: Ledger,
        declines: DeclineTable,
        rules: NetworkRules,
        clock: Callable[[], datetime],
    ) -> None:
        self._payments = payments
        self._ledger = ledger
        self._declines = declines
        self._rules = rules
        self._clock = clock

    @activity.defn(name="charge")
    def charge(self, order: ChargeOrder) -> ChargeResult:
        """Charges what remains of the invoice, at most once per attempt number.

        Run again after a crash or a lost reply it first finds out what the earlier run did.
        """
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            invoice = self._payments.read_invoice(order.invoice_id)
            row = self._reconcile(order, invoice)
            if row and row.outcome:
                return self._result_of(row, row.outcome, invoice, order)
            if invoice.state is not InvoiceState.OPEN:
                if row:
                    # Begun by an earlier run, and nothing of it is found: it charged nothing and never will.
                    self._finish(row, ChargeAnswer(outcome=ChargeOutcome.NOT_OPEN), order)
                return ChargeResult(
                    outcome=ChargeOutcome.NOT_OPEN,
                    invoice_state=invoice.state,
                    remaining=invoice.remaining,
                    why=f"the invoice is {invoice.state.value}",
                )
            if invoice.payment_method is None:
                return self._nothing_to_charge(order, invoice)
            stands = self._ledger.begin_attempt(self._row(order, invoice), self._rules)
            if not isinstance(stands, AttemptRow):
                until = stands.until if isinstance(stands, Postpone) else None
                return ChargeResult(outcome=ChargeOutcome.REFUSED, rule=stands.rule, why=stands.why, not_before=until)
            if stands.outcome:
                # Another worker has finished this very attempt since we looked.
                return self._result_of(stands, stands.outcome, invoice, order)
            answer = self._payments.pay(invoice, stands.key)
            self._finish(stands, answer, order)
            return self._result(answer, invoice, order)

    @activity.defn(name="cancel_subscription")
    def cancel_subscription(self, order: SubscriptionOrder) -> Done:
        """Cancels the subscription, unless the invoice was paid in the meantime."""
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            invoice = self._payments.read_invoice(order.invoice_id)
            if invoice.state is InvoiceState.OPEN:
                key = effect_key(order.invoice_id, order.step)
                self._payments.cancel_subscription(order.subscription_id, key)
                self._ledger.record_effect(order.invoice_id, _line(order, "subscription cancelled"))
            return Done(invoice_state=invoice.state, remaining=invoice.remaining)

    @activity.defn(name="mark_uncollectible")
    def mark_uncollectible(self, order: WriteOffOrder) -> Done:
        """Closes the invoice at the provider as not to be collected any more, unless it is closed already."""
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            invoice = self._payments.read_invoice(order.invoice_id)
            if invoice.state is InvoiceState.OPEN:
                self._payments.mark_uncollectible(order.invoice_id, effect_key(order.invoice_id, order.step))
            elif invoice.state is not InvoiceState.UNCOLLECTIBLE:
                return Done(invoice_state=invoice.state, remaining=invoice.remaining)
            # Also when an earlier run has marked it and its answer was lost.
            self._ledger.record_effect(order.invoice_id, _line(order, "marked uncollectible"))
            return Done()

    def _reconcile(self, order: ChargeOrder, invoice: InvoiceSnapshot) -> AttemptRow | None:
        """Looks up every attempt whose outcome is unknown; returns this attempt's row as it then stands, if any."""
        for row in [r for r in self._ledger.attempts_of(order.invoice_id) if r.state == "started"]:
            answer = self._payments.find_attempt(invoice, row.started_at)
            if answer is None and (row.attempt, row.step) != (order.attempt, order.step):
                answer = ChargeAnswer(outcome=ChargeOutcome.REFUSED)  # it never reached the provider
            if answer:
                self._finish(row, answer, order)
        return next((r for r in self._ledger.attempts_of(order.invoice_id) if r.attempt == order.attempt), None)

    def _finish(self, row: AttemptRow, answer: ChargeAnswer, order: ChargeOrder) -> None:
        decline = self._classify(answer.decline, order) if answer.decline else None
        said = f"{order.why} → {decline.code if decline else answer.outcome.value}"
        line = Entry(
            at=order.as_of,
            step=row.step,
            what=answer.outcome.value,
            why=said,
            rule=decline.rule if decline else None,
        )
        self._ledger.finish_attempt(row.invoice_id, row.attempt, answer.outcome, answer.provider_id, decline, line)

    def _result(self, answer: ChargeAnswer, before: InvoiceSnapshot, order: ChargeOrder) -> ChargeResult:
        after = answer.invoice or before
        return ChargeResult(
            outcome=answer.outcome,
            invoice_state=after.state,
            remaining=after.remaining,
            decline=self._classify(answer.decline, order) if answer.decline else None,
        )

    def _result_of(
        self, row: AttemptRow, outcome: ChargeOutcome, invoice: InvoiceSnapshot, order: ChargeOrder
    ) -> ChargeResult:
        """The answer that an earlier run of this attempt has written."""
        earlier = row.step != order.step
        return ChargeResult(
            outcome=outcome,
            invoice_state=invoice.state,
            remaining=invoice.remaining,
            decline=row.decline,
            why="as found in the ledger",
            step=row.step if earlier else None,
            kind=row.kind if earlier else None,
        )

    def _nothing_to_charge(self, order: ChargeOrder, invoice: InvoiceSnapshot) -> ChargeResult:
        decline = self._classify(RawDecline(error_code=NO_PAYMENT_METHOD, network_status="not_sent_to_network"), order)
        self._ledger.record_effect(order.invoice_id, _line(order, "not charged: no payment method", decline.rule))
        return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=decline, remaining=invoice.remaining)

    def _classify(self, raw: RawDecline, order: ChargeOrder) -> Decline:
        return classify(raw, self._declines, at=order.as_of, do_not_honor=order.do_not_honor)

    def _row(self, order: ChargeOrder, invoice: InvoiceSnapshot) -> AttemptRow:
        method = invoice.payment_method
        return AttemptRow(
            invoice_id=order.invoice_id,
            attempt=order.attempt,
            kind=order.kind,
            key=charge_key(order.invoice_id, order.attempt),
            step=order.step,
            state="started",
            as_of=order.as_of,
            started_at=self._clock(),
            amount=invoice.remaining,
            network=method.network if method else None,
            fingerprint=method.fingerprint if method else None,
        )


def _line(order: SubscriptionOrder | WriteOffOrder | ChargeOrder, what: str, rule: str | None = None) -> Entry:
    return Entry(at=order.as_of, step=order.step, what=what, why=order.why, rule=rule)
