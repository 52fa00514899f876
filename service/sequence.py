"""Which records must be taken in one after the other."""

from gateways.provider_facts import (
    AddressChanged,
    AgencySaid,
    ContactHeard,
    CustomerChanged,
    CustomerChose,
    CustomerConsented,
    CustomerDeleted,
    CustomerWrote,
    DisputeEnded,
    Fact,
    Ignored,
    InvoiceAltered,
    InvoiceDue,
    MethodChanged,
    MethodGone,
    PaymentDisputed,
    PaymentFailed,
    PaymentMoved,
    PaymentSucceeded,
    PersonChanged,
    RenewalComing,
    SubscriptionEnded,
)
from service.lanes import Claim
from service.opening import Failure

# Lanes: ("invoice", id), ("customer", id), and two that are shared by all.
_ALL = "all"  # what may be about anything overlaps with nothing
_OWNERS = "owners"  # an invoice whose customer is not known overlaps with no customer's own facts
_INVOICES = "invoices"
_CUSTOMERS = "customers"


class Sequence:
    """The claims of one text's records, asked in their order.

    Facts about one invoice come one after the other. What concerns a customer (payment methods, disputes, name and
    address) comes after the earlier facts about their invoices and before the later ones. Where a record does not
    name the customer, an earlier one about the same invoice may have done so; else nothing that it might belong to
    is overtaken.
    """

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}  # invoice → customer

    def claims(self, record: Fact | Failure) -> tuple[Claim, ...]:
        match record:
            case Failure():
                owner = record.customer.customer_id if record.customer else None
                own = (Claim(("customer", owner)), Claim(_OWNERS, _CUSTOMERS)) if owner else ()
                return self._of_invoice(record.invoice_id, owner, own)
            case Ignored() | RenewalComing():  # a renewal is read anew whenever it comes: nothing waits behind it
                return ()
            case ContactHeard():
                return (Claim(("contact", record.key or record.event_id)),)
            case CustomerWrote():
                return (Claim(("contact", record.address)),)
            case CustomerChose():
                return (Claim(("contact", record.contact)),)
            case AgencySaid():
                return (Claim(("handoff", record.handoff)),)
            case PaymentFailed() | InvoiceDue():
                return self._of_invoice(record.invoice_id, record.customer.customer_id if record.customer else None)
            case PaymentSucceeded() | InvoiceAltered():
                return self._of_invoice(record.invoice_id, record.invoice.customer_id if record.invoice else None)
            case SubscriptionEnded() | PaymentMoved() | MethodGone() | CustomerDeleted():
                return self._of_customer(record.customer_id)
            case CustomerConsented() | PersonChanged() | AddressChanged():
                return self._of_customer(record.customer_id)
            case CustomerChanged():
                return self._of_customer(record.customer.customer_id)
            case MethodChanged() | PaymentDisputed() | DisputeEnded():
                return self._of_customer(record.customer_id or self._owners.get(record.invoice_id or ""))

    def _of_invoice(self, invoice_id: str, owner: str | None, own: tuple[Claim, ...] = ()) -> tuple[Claim, ...]:
        if owner:
            self._owners[invoice_id] = owner
        owner = owner or self._owners.get(invoice_id)
        of_owner = Claim(("customer", owner), _INVOICES) if owner else Claim(_OWNERS, _INVOICES)
        return (Claim(("invoice", invoice_id)), *(own or (of_owner,)), Claim(_ALL, _ALL))

    def _of_customer(self, customer_id: str | None) -> tuple[Claim, ...]:
        if customer_id is None:
            return (Claim(_ALL),)
        return (Claim(("customer", customer_id)), Claim(_OWNERS, _CUSTOMERS), Claim(_ALL, _ALL))
