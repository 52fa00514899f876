"""Reads what a collections agency reports as facts. Pure functions.

The contract is ours (docs/connect.md), as that of the handoff is: Standard Webhooks, with the handoff named by its
id or by the agency's own reference.
"""

from typing import Any

from pydantic import ValidationError

from domain.events import AgencyReport
from domain.money import Money
from domain.sentences import sentence
from gateways.provider_facts import AgencySaid, Fact, Ignored, MalformedEvent
from gateways.standard_events import envelope
from gateways.stripe_fields import Json, text

PROVIDER = "agency"

_REPORTS = {
    "handoff.acknowledged": AgencyReport.ACKNOWLEDGED,
    "handoff.payment": AgencyReport.PAYMENT,
    "handoff.returned": AgencyReport.RETURNED,
}


def read(event: object) -> Fact:
    """Reads one event. Raises MalformedEvent. A type that is not known here is `Ignored`."""
    said, data = envelope(event, PROVIDER)
    report = _REPORTS.get(said["event_type"])
    if report is None:
        return Ignored(**said, reason=f"known are {', '.join(_REPORTS)}")
    handoff = text(data, "handoff_id") or text(data, "reference")
    if not handoff:
        raise MalformedEvent("'data' names no handoff: give its 'handoff_id', or the 'reference' that you answered.")
    return AgencySaid(**said, handoff=handoff, report=report, amount=_amount(data, report))


def _amount(data: Json, report: AgencyReport) -> Money | None:
    given: Any = data.get("amount")
    if report is not AgencyReport.PAYMENT:
        return None
    try:
        amount = Money.model_validate(given)
    except ValidationError as error:
        why = sentence(error, Money) if isinstance(given, dict) else "is missing, or no object"
        raise MalformedEvent(
            f'\'data.amount\' {why}: a payment states what was paid, as {{"amount": 1999, "currency": "USD"}}.'
        ) from None
    if amount.amount <= 0:
        raise MalformedEvent(
            "'data.amount' is nothing: a payment states what was paid, in the currency's smallest unit."
        )
    return amount
