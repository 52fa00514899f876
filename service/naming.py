"""Which invoice is meant: by its id, by its number, or by the workflow id of its case."""

from domain.ids import workflow_id
from gateways.ports.ledger import CaseBook
from service.requests import Refused, Unknown

_LONGEST = 300


def invoice_named(cases: CaseBook, name: str) -> str:
    """The invoice's id. Raises Refused when several invoices have the number, and for what can be no name; what nobody
    knows stays as it is."""
    if not name.isprintable() or len(name) > _LONGEST:
        raise Refused(f"No invoice can be called so: a name has at most {_LONGEST} characters that can be printed.")
    invoice_id = name.removeprefix(workflow_id(""))
    if cases.case(invoice_id):
        return invoice_id
    found = cases.invoices_numbered(name)
    if len(found) > 1:
        raise Refused(f"Several invoices have the number {name}: name one by its id ({', '.join(found)}).")
    return found[0] if found else invoice_id


def told_of(customer_id: str, event_id: str) -> str:
    """The id of what a merchant's system tells of a customer. Its own ids may begin anew with each customer."""
    return f"{customer_id}/{event_id}"


def no_case(invoice_id: str) -> Refused:
    return Unknown(f"There is no case of invoice {invoice_id}: python starter.py list shows the ones there are.")
