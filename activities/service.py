"""How much of the merchant's service the customer may use."""

from temporalio import activity

from activities.errors import translated
from domain.gates import stop
from domain.ids import effect_key
from domain.kinds.access import AccessTask
from domain.record import Entry
from domain.rules.invoice import Aim, judge_now
from domain.steps import Access
from domain.tasks import Done
from gateways.ports.ledger import Ledger
from gateways.ports.payments import Payments
from gateways.ports.service import ServiceAccess


class ServiceActivities:
    """Tells the merchant's application to restrict or restore."""

    def __init__(self, payments: Payments, ledger: Ledger, service: ServiceAccess) -> None:
        self._payments = payments
        self._ledger = ledger
        self._service = service

    @activity.defn(name="set_access", no_thread_cancel_exception=True)
    def set_access(self, task: AccessTask) -> Done:
        """Restricts only while the invoice allows it; restores always."""
        with translated():
            result = Done()
            if task.access is not Access.FULL:
                now = self._payments.read_invoice(task.invoice_id).now
                result = Done(invoice=now, stopped=stop(judge_now(now, Aim.LIMIT, task.as_of)))
                if result.stopped:
                    return result
            key = effect_key(task.invoice_id, task.step)
            self._service.set_access(task.customer_id, task.subscription_id, task.invoice_id, task.access, key)
            entry = Entry(at=task.as_of, step=task.step, what=f"service {task.access.value}", why=task.why)
            self._ledger.record_effect(task.invoice_id, entry)
            return result
