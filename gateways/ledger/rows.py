"""Between the ports' models and the tables' columns: money is two columns there, a decline is JSON."""

import hashlib
from typing import Any

from sqlalchemy import RowMapping

from domain.base import Frozen
from domain.case import ChargeOutcome
from domain.declines import Decline
from domain.money import CurrencyMismatch, Money
from domain.record import Entry as Note
from gateways.ports.rows import AttemptRow, CardUse, CaseRow, ContactRow, Refusal, TimelineRow

Columns = dict[str, Any]


def case_columns(row: CaseRow) -> Columns:
    if row.remaining.currency != row.amount.currency:
        raise CurrencyMismatch(f"invoice {row.invoice_id}: amount and remaining are of different currencies")
    return {
        **row.model_dump(exclude={"amount", "remaining"}),
        "amount": row.amount.amount,
        "remaining": row.remaining.amount,
        "currency": row.amount.currency,
    }


def case_row(found: RowMapping) -> CaseRow:
    currency = found["currency"]
    amount = Money(amount=found["amount"], currency=currency)
    return CaseRow(
        **_fields(found, CaseRow, "amount", "remaining"),
        amount=amount,
        remaining=Money(amount=found["remaining"], currency=currency),
    )


def attempt_columns(row: AttemptRow) -> Columns:
    return {
        **row.model_dump(exclude={"amount", "decline"}),
        "amount": row.amount.amount,
        "currency": row.amount.currency,
        **decline_columns(row.decline),
    }


def decline_columns(decline: Decline | None) -> Columns:
    """The decline with every raw code of the provider, and whether the network saw the charge at all."""
    return {
        "decline": decline.model_dump(mode="json") if decline else None,
        "reached_network": decline is None or decline.reached_network,
    }


def attempt_row(found: RowMapping) -> AttemptRow:
    return AttemptRow(
        **_fields(found, AttemptRow, "amount"), amount=Money(amount=found["amount"], currency=found["currency"])
    )


def refusal(found: RowMapping) -> Refusal:
    """The refusal that an attempt's row recorded."""
    return Refusal(rule=found["rule"], why=found["why"], not_before=found["not_before"])


def card_use(found: RowMapping) -> CardUse:
    # An attempt whose outcome is still unknown may have been charged: it counts, and it approves nothing.
    outcome = ChargeOutcome(found["outcome"] or ChargeOutcome.PROCESSING)
    return CardUse(at=found["as_of"], amount=Money(amount=found["amount"], currency=found["currency"]), outcome=outcome)


def contact_row(found: RowMapping) -> ContactRow:
    return ContactRow(**_fields(found, ContactRow))


def line_columns(line: TimelineRow, occasion: str) -> Columns:
    # PostgreSQL refuses text with a NUL, and a line quotes what others wrote, event ids and remarks: refused once, a
    # note would be refused with every later order that carries it, and the case could never be closed.
    said = {name: value.replace("\0", "") for name, value in line.model_dump().items() if isinstance(value, str)}
    return {**line.model_dump(), **said, "occasion": occasion}


def note_columns(invoice_id: str, note: Note) -> Columns:
    line = TimelineRow(at=note.at, invoice_id=invoice_id, step=note.step, what=note.what, why=note.why)
    # Two signals that come in one workflow task have the same moment: what is said of them tells them apart.
    said = hashlib.sha256(note.why.encode()).hexdigest()[:12]
    return line_columns(line, occasion=f"at {note.at.timestamp():.6f} {said}")


def line_row(found: RowMapping) -> TimelineRow:
    return TimelineRow(**_fields(found, TimelineRow))


def _fields(found: RowMapping, model: type[Frozen], *left_out: str) -> Columns:
    """The columns that the model has fields for."""
    return {name: found[name] for name in model.model_fields if name not in left_out}
