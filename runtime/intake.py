"""The way in: Stripe's events and plain JSON records open cases and tell the running ones what happened.

Everything may come twice, late and in any order, and may be given again after a crash: an event counts as taken only
after its case has been told, and a case applies an event once.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain import events
from domain.base import Message
from domain.case import ChargeOutcome
from domain.declines import DeclineTable, classify
from domain.ids import effect_key, workflow_id
from domain.steps import OURS, AttemptKind
from gateways.policy_files import PolicyStore
from gateways.ports.ledger import Ledger
from gateways.ports.payments import Payments
from gateways.ports.rows import CaseRow
from gateways.stripe_fields import default_method, object_id
from gateways.stripe_shapes import StripeEvent, invoice_customer, read_event, read_invoice
from runtime.intake_json import plain_failure
from runtime.opening import CaseOpener, Failure, Taken, foreign_attempt

_FAILED = frozenset({"invoice.payment_failed", "invoice.payment_action_required"})
_PAID = frozenset({"invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid"})
_CHANGED = frozenset({"invoice.updated", "invoice.voided", "invoice.marked_uncollectible", "credit_note.created"})
_DISPUTED = frozenset({"charge.dispute.created", "charge.dispute.closed"})
_METHOD: dict[str, events.MethodChange] = {
    "payment_method.attached": events.MethodChange.NEW,
    "customer.updated": events.MethodChange.NEW,
    "customer.subscription.updated": events.MethodChange.NEW,
    "payment_method.updated": events.MethodChange.UPDATED,
    "payment_method.automatically_updated": events.MethodChange.UPDATED,
}
# Attributes of an invoice whose change a case has to know. Stripe updates the others at every attempt.
_TELLING = frozenset({"amount_due", "amount_remaining", "status"})
_OWN_METHOD = frozenset({"default_payment_method", "default_source"})
_OF_DEFAULT = frozenset({"customer.updated", "customer.subscription.updated"})
# Attributes of a payment method by which no bank decides. An address it may decide by.
_SAYS_NOTHING = frozenset({"allow_redisplay", "metadata"})
# Stripe may make two events for one failure, and their times have whole seconds.
_SAME_FAILURE = timedelta(seconds=5)
_DISPUTE_OUTCOMES = {"won": events.DisputeOutcome.WON, "lost": events.DisputeOutcome.LOST}

Told = list[tuple[CaseRow, str, Message]]
"""Which case is told what, by which signal."""


class Intake:
    """Takes records in. All collaborators are given; `clock` is the time by which a failure is news or history.

    Raises MalformedEvent, MalformedRecord or WrongRecord for a record that cannot be taken, PolicyError,
    ProviderMisuse or ProviderTrouble, and RPCError when Temporal does not answer.
    """

    def __init__(
        self,
        client: Client,
        task_queue: str,
        ledger: Ledger,
        payments: Payments,
        policies: PolicyStore,
        declines: DeclineTable,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._payments = payments
        self._declines = declines
        self._clock = clock
        self._opener = CaseOpener(client, task_queue, ledger, payments, policies, declines, clock)

    async def take_event(self, event: object) -> Taken:
        """One Stripe event, in the current or the pre-basil shape."""
        seen = read_event(event)
        if await asyncio.to_thread(self._ledger.knows_event, "stripe", seen.id):
            return Taken.EXISTS
        taken = await self._take(seen)
        await asyncio.to_thread(
            self._ledger.provider_event, "stripe", seen.id, seen.type, seen.invoice_id, self._clock()
        )
        return taken

    async def take_json(self, record: object) -> Taken:
        """One failed invoice of another billing system, as runtime/intake_json.py describes it."""
        return await self._opener.open(plain_failure(record, self._clock()))

    async def _take(self, seen: StripeEvent) -> Taken:
        if seen.type in _FAILED:
            return await self._failed(seen)
        if seen.type in _PAID:
            return await self._tell(seen, await asyncio.to_thread(self._payment, seen))
        if seen.type in _CHANGED:
            return await self._tell(seen, await asyncio.to_thread(self._change, seen))
        if seen.type in _METHOD:
            return await self._tell(seen, await asyncio.to_thread(self._method, seen))
        if seen.type in _DISPUTED:
            return await self._tell(seen, await asyncio.to_thread(self._dispute, seen))
        return Taken.IGNORED

    async def _failed(self, seen: StripeEvent) -> Taken:
        taken = await self._opener.open(_failure(seen))
        if taken is not Taken.EXISTS or seen.type != "invoice.payment_failed" or _is_ours(seen):
            return taken
        told = await asyncio.to_thread(self._foreign_failure, seen)
        return await self._tell(seen, told) if told else taken

    async def _tell(self, seen: StripeEvent, told: Told) -> Taken:
        """Signals the cases. One whose workflow is over needs no news any more."""
        reached = False
        for case, signal, fact in told:
            if case.status == "opening":
                await self._opener.open(Failure(invoice_id=case.invoice_id, heard_at=seen.created))
            try:
                await self._client.get_workflow_handle(workflow_id(case.invoice_id)).signal(signal, fact)
                reached = True
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
        return Taken.PASSED_ON if reached else Taken.IGNORED

    def _foreign_failure(self, seen: StripeEvent) -> Told:
        """A further failure of an open case that this system's request did not cause."""
        case = self._open_case(seen.invoice_id)
        if case is None or seen.created <= case.opened_at + _SAME_FAILURE:
            return []  # over, or the failure that opened the case, told once more
        invoice = self._payments.read_invoice(case.invoice_id)
        raw = invoice.last_decline
        decline = classify(raw, self._declines, at=seen.created) if raw else None
        own_debit = decline is not None and decline.raw.network is None and self._has_pending_debit(case.invoice_id)
        if not own_debit:
            row = foreign_attempt(invoice, AttemptKind.CUSTOMER, decline, seen.created)
            self._ledger.record_foreign_attempt(row, seen.id)
        attempt = events.ReportedAttempt(at=seen.created, decline=decline)
        fact = events.InvoiceChanged(
            event_id=seen.id, state=invoice.state, remaining=invoice.remaining, attempt=attempt
        )
        return [(case, "invoice_changed", fact)]

    def _has_pending_debit(self, invoice_id: str) -> bool:
        """Whether a bank debit of ours is on its way: that one fails days later, and without a request of ours."""
        return any(
            row.kind in OURS and row.outcome is ChargeOutcome.PROCESSING for row in self._ledger.attempts_of(invoice_id)
        )

    def _payment(self, seen: StripeEvent) -> Told:
        case = self._open_case(seen.invoice_id)
        if case is None:
            return []
        # An event of a single payment does not tell what remains, and other events may have told of it already.
        invoice = read_invoice(seen.invoice) if seen.invoice else self._payments.read_invoice(case.invoice_id)
        paid = seen.amount or invoice.amount - invoice.remaining
        fact = events.PaymentReceived(event_id=seen.id, amount=paid, remaining=invoice.remaining)
        return [(case, "payment_received", fact)]

    def _change(self, seen: StripeEvent) -> Told:
        case = self._open_case(seen.invoice_id)
        # What this system did to the invoice the case knows from its own activity.
        if case is None or _is_ours(seen):
            return []
        if seen.changed and not seen.changed & _TELLING:
            own = default_method(seen.invoice) if seen.invoice and seen.changed & _OWN_METHOD else None
            return self._of_method(case, seen, events.MethodChange.NEW, object_id(own)) if own else []
        invoice = read_invoice(seen.invoice) if seen.invoice else self._payments.read_invoice(case.invoice_id)
        fact = events.InvoiceChanged(event_id=seen.id, state=invoice.state, remaining=invoice.remaining)
        return [(case, "invoice_changed", fact)]

    def _method(self, seen: StripeEvent) -> Told:
        changed, method_id = seen.changed, seen.payment_method_id
        if seen.customer_id is None or (changed and changed <= _SAYS_NOTHING):
            return []
        taken_away = method_id is None and "default_source" not in changed
        if seen.type in _OF_DEFAULT and (taken_away or not seen.default_method_changed):
            return []
        return [
            told
            for case in self._open_cases(seen.customer_id)
            for told in self._of_method(case, seen, _METHOD[seen.type], method_id)
        ]

    def _of_method(self, case: CaseRow, seen: StripeEvent, change: events.MethodChange, method_id: str | None) -> Told:
        """The case is told only of the payment method that its invoice would be charged on; None is any.

        Stripe goes on charging a subscription's own card, whatever else the customer adds.
        """
        method = self._payments.read_invoice(case.invoice_id).payment_method
        if method is None or method_id not in (None, method.id):
            return []
        # A new card comes as two events, attached and made the default: it is tried once.
        once = f"method-{method.id}-{seen.created:%Y%m%d}" if change is events.MethodChange.NEW else seen.id
        return [(case, "payment_method_changed", events.PaymentMethodChanged(event_id=once, change=change))]

    def _dispute(self, seen: StripeEvent) -> Told:
        """A dispute halts every case of the customer; only the disputed invoice's own can be lost by it."""
        disputed = seen.invoice_id
        if disputed is None and seen.payment_intent_id:
            disputed = self._payments.invoice_of_payment(seen.payment_intent_id)
        customer = seen.customer_id
        if customer is None and disputed:
            customer = self._payments.read_invoice(disputed).customer_id
        return [_about_dispute(case, seen, disputed) for case in self._open_cases(customer)] if customer else []

    def _open_case(self, invoice_id: str | None) -> CaseRow | None:
        case = self._ledger.case(invoice_id) if invoice_id else None
        return case if case and case.status != "closed" else None

    def _open_cases(self, customer_id: str) -> list[CaseRow]:
        return self._ledger.open_cases_of(customer_id)


def _failure(seen: StripeEvent) -> Failure:
    known = (
        invoice_customer(seen.invoice, seen.customer_id)
        if seen.invoice is not None and seen.customer_id is not None
        else None
    )
    # Stripe makes the event when the payment fails: its time is the failure's, however late it arrives.
    return Failure(invoice_id=seen.invoice_id or "", heard_at=seen.created, failed_at=seen.created, known=known)


def _is_ours(seen: StripeEvent) -> bool:
    """Whether a request of this system caused the event: Stripe names the request's idempotency key."""
    return bool(seen.idempotency_key) and str(seen.idempotency_key).startswith(effect_key(seen.invoice_id or "", ""))


def _about_dispute(case: CaseRow, seen: StripeEvent, disputed: str | None) -> tuple[CaseRow, str, Message]:
    if seen.type == "charge.dispute.created":
        opened = events.DisputeOpened(event_id=seen.id, dispute_id=seen.dispute_id or "")
        return case, "dispute_opened", opened
    outcome = _DISPUTE_OUTCOMES.get(seen.dispute_status or "", events.DisputeOutcome.WITHDRAWN)
    if outcome is events.DisputeOutcome.LOST and case.invoice_id != disputed:
        outcome = events.DisputeOutcome.ELSEWHERE
    return case, "dispute_closed", events.DisputeClosed(event_id=seen.id, outcome=outcome)
