"""How much of the merchant's service the customer may use."""

from temporalio import activity

from activities.errors import translated
from domain.gates import stop, strictest
from domain.ids import access_key
from domain.kinds.access import AccessTask, AccessWish, Standing
from domain.outgoing import Outgoing, ServiceRestored, ServiceRestricted
from domain.protection import standing
from domain.record import Entry
from domain.rules.invoice import Aim, judge_now
from domain.rules.protection import ask_protected
from domain.steps import Access
from domain.tasks import Done
from gateways.ports.ledger import Ledger
from gateways.ports.payments import Payments
from gateways.ports.service import ServiceAccess


class ServiceActivities:
    """Tells the merchant's application to restrict or restore. Without one, the event of the entry tells it alone."""

    def __init__(self, payments: Payments, ledger: Ledger, service: ServiceAccess | None) -> None:
        self._payments = payments
        self._ledger = ledger
        self._service = service

    @activity.defn(name="set_access", no_thread_cancel_exception=True)
    def set_access(self, task: AccessTask) -> Done:
        """Restricts only while the invoice allows it; takes a restriction back always.

        The case says what it would leave; the application is told the strictest of what all open cases would.
        """
        with translated(task):
            result = Done()
            if task.access is not Access.FULL:
                now = self._payments.read_invoice(task.invoice_id).now
                said = standing(self._ledger.protections(task.customer_id), task.as_of)
                judged = judge_now(now, Aim.LIMIT, task.as_of, waits=task.waits)
                protected = ask_protected(said, Aim.LIMIT, task.as_of)
                result = Done(invoice=now, stopped=stop(strictest((judged, protected))))
                if result.stopped:
                    return result
            holds = self._tell(task, self._ledger.wish_access(_wish(task)))
            why = task.why
            if holds is not task.access:
                why = f"{why}; {holds.value} stays as long as another invoice needs it"
            what = f"service {task.access.value}"
            entry = Entry(at=task.as_of, step=task.step, what=what, why=why, event=_event(task.access, holds))
            self._ledger.record_effect(task.invoice_id, entry)
            return result

    def _tell(self, task: AccessTask, standing: Standing) -> Access:
        """Tells the application what holds, and again if that changed meanwhile: of two workers that tell it at once,
        the one whose word arrives last has read it last."""
        while self._service:
            key = access_key(task.invoice_id, task.step, standing.changes, standing.access)
            self._service.set_access(task.customer_id, task.subscription_id, task.invoice_id, standing.access, key)
            newer = self._ledger.access_of(task.customer_id, task.subscription_id)
            if newer == standing:
                return standing.access
            standing = newer
        return standing.access


def _event(level: Access, in_force: Access) -> Outgoing:
    if level is Access.FULL:
        return ServiceRestored(in_force=in_force)
    return ServiceRestricted(level=level, in_force=in_force)


def _wish(task: AccessTask) -> AccessWish:
    return AccessWish(
        invoice_id=task.invoice_id,
        customer_id=task.customer_id,
        subscription_id=task.subscription_id,
        access=task.access,
        as_of=task.as_of,
    )
