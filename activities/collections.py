"""Handoff to a collections agency, and its recall."""

from collections.abc import Callable, Sequence
from datetime import datetime

from temporalio import activity

from activities.errors import translated
from domain.gates import stop, strictest
from domain.ids import effect_key
from domain.kinds.handoff import HandoffResult, HandoffTask
from domain.kinds.recall import RecallTask
from domain.outgoing import CaseHandedOff, CaseRecalled, Outgoing
from domain.protection import standing
from domain.record import Entry
from domain.rules.invoice import Aim, judge_now
from domain.rules.protection import ask_protected
from domain.tasks import Done
from gateways.ports.agency import Agency, EvidenceBundle
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import AttemptRow, CaseRow, ContactRow
from gateways.ports.trouble import NotFound, ProviderMisuse

BuildBundle = Callable[
    [
        CaseRow,
        InvoiceSnapshot | None,
        Address,
        Sequence[AttemptRow],
        Sequence[ContactRow],
        Sequence[Entry],
        datetime,
    ],
    EvidenceBundle,
]

_BEGUN = "handoff begun"


class CollectionsActivities:
    """What the case asks of the agency."""

    def __init__(self, payments: Payments, ledger: Ledger, agency: Agency | None, build_bundle: BuildBundle) -> None:
        """Without an agency a handoff that was ordered, or made before, is an operator's to settle."""
        self._payments = payments
        self._ledger = ledger
        self._agency = agency
        self._build_bundle = build_bundle

    @activity.defn(name="hand_off", no_thread_cancel_exception=True)
    def hand_off(self, task: HandoffTask) -> HandoffResult:
        """Delivers the evidence bundle, unless the invoice is closed by now.

        The agency knows a repeated delivery by its id. One that was begun is finished even then: without the
        reference it could not be recalled.
        """
        with translated(task):
            case = self._ledger.case(task.invoice_id)
            if case is None:
                raise NotFound(f"The ledger has no case for invoice {task.invoice_id}: start it through starter.py.")
            # The evidence says when the last payment failed.
            invoice = self._payments.read_invoice(task.invoice_id, with_decline=True)
            said = standing(self._ledger.protections(task.customer_id), task.as_of)
            protected = ask_protected(said, Aim.HAND_OVER, task.as_of)
            found = stop(strictest((judge_now(invoice.now, Aim.HAND_OVER, task.as_of, waits=task.waits), protected)))
            if (found or task.begun_only) and not self._begun(task):
                return HandoffResult(invoice=invoice.now, stopped=found)
            agency = self._required()
            bundle = self._build_bundle(
                case,
                invoice,
                self._ledger.address(task.customer_id),
                self._ledger.attempts_of(task.invoice_id),
                self._ledger.contacts(task.invoice_id),
                self._ledger.record(task.invoice_id),
                task.as_of,
            )
            handoff_id = effect_key(task.invoice_id, task.step)
            self._ledger.record_effect(task.invoice_id, _entry(task, _BEGUN))
            reference = agency.hand_off(handoff_id, bundle)
            self._ledger.record_handoff(task.invoice_id, handoff_id, reference, task.as_of)
            self._ledger.record_effect(task.invoice_id, _handed_off(task, reference))
            return HandoffResult(reference=reference, invoice=invoice.now)

    def _required(self) -> Agency:
        if self._agency is None:
            raise ProviderMisuse("AGENCY_ENDPOINT is not set, and the case needs the agency: set it, or write it off.")
        return self._agency

    def _begun(self, task: HandoffTask) -> bool:
        """Whether an earlier run may have delivered."""
        entries = self._ledger.record(task.invoice_id)
        return any(entry.step == task.step and entry.what == _BEGUN for entry in entries)

    @activity.defn(name="recall", no_thread_cancel_exception=True)
    def recall(self, task: RecallTask) -> Done:
        """Takes the case back from the agency."""
        with translated(task):
            self._required().recall(task.reference, task.why, effect_key(task.invoice_id, task.step))
            self._ledger.record_effect(task.invoice_id, _recalled(task))
            return Done()


def _handed_off(task: HandoffTask, reference: str) -> Entry:
    return _entry(task, f"handed off as {reference}", CaseHandedOff(reference=reference))


def _recalled(task: RecallTask) -> Entry:
    return _entry(task, f"recalled {task.reference}", CaseRecalled(reference=task.reference))


def _entry(task: HandoffTask | RecallTask, what: str, event: Outgoing | None = None) -> Entry:
    return Entry(at=task.as_of, step=task.step, what=what, why=task.why, event=event)
