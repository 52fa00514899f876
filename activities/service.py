"""How much of the merchant's service the customer may use."""

from temporalio import activity

from activities.errors import translated
from domain.effects import AccessOrder, Done
from domain.events import InvoiceState
from domain.ids import effect_key
from domain.record import Entry
from domain.steps import Access
from gateways.ports.ledger import Ledger
from gateways.ports.payments import Payments
from gateways.ports.service import ServiceAccess


class ServiceActivities:
    """Tells the merchant's application to restrict or restore."""

    def __init__(self, payments: Payments, ledger: Ledger, service: ServiceAccess) -> None:
        self._payments = payments
        self._ledger = ledger
        self._service = service

    @activity.defn(name="set_access")
    def set_access(self, order: AccessOrder) -> Done:
        """Restricts only while the invoice is open; restores always."""
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            result = Done()
            if order.access is not Access.FULL:
                invoice = self._payments.read_invoice(order.invoice_id)
                result = Done(invoice_state=invoice.state, remaining=invoice.remaining)
                if invoice.state is not InvoiceState.OPEN:
                    return result
            key = effect_key(order.invoice_id, order.step)
            self._service.set_access(order.customer_id, order.subscription_id, order.invoice_id, order.access, key)
            entry = Entry(at=order.as_of, step=order.step, what=f"service {order.access.value}", why=order.why)
            self._ledger.record_effect(order.invoice_id, entry)
            return result
