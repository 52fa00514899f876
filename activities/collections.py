"""Handoff to a collections agency, and its recall."""

from collections.abc import Callable, Sequence
from datetime import datetime

from temporalio import activity

from activities.errors import translated
from domain.effects import Done, HandoffOrder, HandoffResult, RecallOrder
from domain.events import InvoiceState
from domain.ids import effect_key
from gateways.ports import (
    Address,
    Agency,
    AttemptRow,
    CaseRow,
    ContactRow,
    EvidenceBundle,
    InvoiceSnapshot,
    Ledger,
    NotFound,
    Payments,
    TimelineRow,
)

BuildBundle = Callable[
    [
        CaseRow,
        InvoiceSnapshot | None,
        Address,
        Sequence[AttemptRow],
        Sequence[ContactRow],
        Sequence[TimelineRow],
        datetime,
    ],
    EvidenceBundle,
]

_BEGUN = "handoff begun"


class CollectionsActivities:
    """What the case asks of the agency."""

    def __init__(self, payments: Payments, ledger: Ledger, agency: Agency, build_bundle: BuildBundle) -> None:
        self._payments = payments
        self._ledger = ledger
        self._agency = agency
        self._build_bundle = build_bundle

    @activity.defn(name="hand_off")
    def hand_off(self, order: HandoffOrder) -> HandoffResult:
        """Delivers the evidence bundle, unless the invoice is closed by now.

        The agency knows a repeated delivery by its id. One that was begun is finished even then: without the
        reference it could not be recalled.
        """
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            case = self._ledger.case(order.invoice_id)
            if case is None:
                raise NotFound(f"The ledger has no case for invoice {order.invoice_id}: start it through starter.py.")
            # The evidence says when the last payment failed.
            invoice = self._payments.read_invoice(order.invoice_id, with_decline=True)
            if (invoice.state is not InvoiceState.OPEN or order.begun_only) and not self._begun(order):
                return HandoffResult(invoice_state=invoice.state, remaining=invoice.remaining)
            bundle = self._build_bundle(
                case,
                invoice,
                self._ledger.address(order.customer_id),
                self._ledger.attempts(order.invoice_id),
                self._ledger.contacts(order.invoice_id),
                self._ledger.timeline(order.invoice_id),
                order.as_of,
            )
            handoff_id = effect_key(order.invoice_id, order.step)
            self._ledger.record_effect(order.invoice_id, _line(order, _BEGUN))
            reference = self._agency.hand_off(handoff_id, bundle)
            self._ledger.record_handoff(order.invoice_id, handoff_id, reference, order.as_of)
            self._ledger.record_effect(order.invoice_id, _line(order, f"handed off as {reference}"))
            return HandoffResult(reference=reference, invoice_state=invoice.state, remaining=invoice.remaining)

    def _begun(self, order: HandoffOrder) -> bool:
        """Whether an earlier run may have delivered."""
        lines = self._ledger.timeline(order.invoice_id)
        return any(line.step == order.step and line.what == _BEGUN for line in lines)

    @activity.defn(name="recall")
    def recall(self, order: RecallOrder) -> Done:
        """Takes the case back from the agency."""
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            self._agency.recall(order.reference, order.why, effect_key(order.invoice_id, order.step))
            self._ledger.record_effect(order.invoice_id, _line(order, f"recalled {order.reference}"))
            return Done()


def _line(order: HandoffOrder | RecallOrder, what: str) -> TimelineRow:
    return TimelineRow(at=order.as_of, invoice_id=order.invoice_id, step=order.step, what=what, why=order.why)
