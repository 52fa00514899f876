"""What a collections agency reports by webhook, and which case is told. A human's report is in reports.py."""

from domain import events
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CaseRow
from gateways.provider_facts import AgencySaid
from service.late import GIVEN_UP
from service.news import Told
from service.opening import WrongRecord


def of_agency(ledger: Ledger, fact: AgencySaid) -> Told:
    """Raises WrongRecord when nothing would act on what the agency says: somebody has to look at it."""
    case = case_of(ledger, fact)
    if case.status != "closed":
        return [(case, "agency_reported", message_of(fact))]
    if fact.report is events.AgencyReport.PAYMENT and case.outcome not in GIVEN_UP:
        raise WrongRecord(
            f"The case of invoice {case.invoice_id} has ended as {case.outcome}, and the agency reports a payment: "
            "ask the agency, and record what is yours in Stripe."
        )
    return []


def case_of(ledger: Ledger, fact: AgencySaid) -> CaseRow:
    """Raises WrongRecord for a handoff that is not known, or is of more than one invoice."""
    found = ledger.handed_off_as(fact.handoff)
    case = ledger.case(found[0]) if len(found) == 1 else None
    if case is None:
        many = "several invoices go by it" if found else "nothing was handed off by that name"
        raise WrongRecord(
            f"The agency names the handoff {fact.handoff!r}, but {many}: ask the agency for the handoff_id."
        )
    return case


def message_of(fact: AgencySaid) -> events.AgencyReported:
    return events.AgencyReported(event_id=fact.event_id, report=fact.report, amount=fact.amount)
