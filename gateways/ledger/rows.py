"""Between the ports' models and the tables' columns: money is two columns there, a decline is JSON."""

from sqlalchemy import RowMapping

from domain.addresses import address_key
from domain.case import ChargeOutcome
from domain.declines import Decline, DeclineClass, RawDecline
from domain.money import CurrencyMismatch, Money
from domain.projection import Projection
from domain.rules.contacts import ContactUse
from domain.rules.uses import MethodUse
from gateways.ledger.case_list import fields_of
from gateways.ledger.inserts import Columns
from gateways.ports.rows import AttemptRow, CaseRow, ContactRow, Late


def case_columns(row: CaseRow, state: str) -> Columns:
    if row.remaining.currency != row.amount.currency:
        raise CurrencyMismatch(f"invoice {row.invoice_id}: amount and remaining are of different currencies")
    return {
        **row.model_dump(exclude={"amount", "remaining", "refund_due"}),
        "amount": row.amount.amount,
        "remaining": row.remaining.amount,
        "currency": row.amount.currency,
        "state": state,
    }


def projection_columns(projection: Projection) -> Columns:
    """All but the outcome, which closes a case and has rules of its own."""
    columns = projection.model_dump(exclude={"remaining", "outcome", "refund_due", "silent"})
    columns |= {"remaining": projection.remaining.amount}
    if projection.refund_due:
        columns["refund_due"] = projection.refund_due.amount
    return without_nul(columns)


def late_columns(late: Late) -> Columns:
    """What of a row is changed."""
    columns = late.model_dump(exclude={"remaining", "refund_due"}, exclude_none=True)
    columns["remaining"] = late.remaining.amount
    if late.refund_due:
        columns["refund_due"] = late.refund_due.amount
    return columns


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
        **fields_of(found, AttemptRow, "amount"), amount=Money(amount=found["amount"], currency=found["currency"])
    )


def method_use(found: RowMapping) -> MethodUse:
    # An attempt whose outcome is still unknown may have been charged: it counts, and it approves nothing.
    outcome = ChargeOutcome(found["outcome"] or ChargeOutcome.PROCESSING)
    if outcome is ChargeOutcome.TAKEN_BACK:
        outcome = ChargeOutcome.PAID  # the network approved it
    decline = found["decline"]
    raw = RawDecline.model_validate(decline["raw"]) if decline else None
    return MethodUse(
        at=found["as_of"],
        amount=Money(amount=found["amount"], currency=found["currency"]),
        outcome=outcome,
        invoice_id=found["invoice_id"],
        code=raw.return_code if raw else None,
        final=bool(decline) and decline["decline_class"] == DeclineClass.NEVER.value,
        expiry=raw.method.expiry if raw and raw.method else None,
    )


_HEARD = {"delivery", "delivery_why", "delivery_at", "withdrawn_at"}
"""What becomes of a contact after it was made."""


def contact_columns(row: ContactRow) -> Columns:
    said = row.said.model_dump(mode="json") if row.said else None
    return {
        **row.model_dump(exclude={"said", "names", *_HEARD}),
        "place": address_key(row.address) if row.address else None,
        "said": said,
        "names": list(row.names) or None,
    }


def contact_row(found: RowMapping) -> ContactRow:
    return ContactRow(**fields_of(found, ContactRow, "names"), names=tuple(found["names"] or ()))


def contact_use(found: RowMapping) -> ContactUse:
    return ContactUse(
        invoice_id=found["invoice_id"],
        channel=found["channel"],
        at=found["as_of"],
        sending=found["state"] == "sending",
        unsure=found["state"] == "unknown",
        said=found["said"],
        names=tuple(found["names"] or ()),
        conversation=found["conversation"],
    )


def without_nul(columns: Columns) -> Columns:
    # PostgreSQL refuses text with a NUL, and these texts quote what others wrote, event ids and remarks: refused once,
    # an entry would be refused with every repetition of its decision, and the case could never go on.
    return {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in columns.items()}
