"""The evidence bundle: what an agency (or a court) gets to see of a case, as JSON and as a page to print.

The page is made from the JSON's own data, so that the two cannot disagree, and carries the JSON's SHA-256.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from domain.money import Money
from domain.record import Entry
from gateways.formats import format_money
from gateways.ports.agency import EvidenceBundle
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.rows import AttemptRow, CaseRow, ContactRow

SCHEMA = "dunning-evidence"
SCHEMA_VERSION = 1
TEMPLATES = Path(__file__).resolve().parent.parent / "policies" / "evidence"


def build_bundle(
    case: CaseRow,
    invoice: InvoiceSnapshot | None,
    customer: Address,
    attempts: Sequence[AttemptRow],
    contacts: Sequence[ContactRow],
    record: Sequence[Entry],
    as_of: datetime,
    *,
    creditor: str = "",
    templates: Path = TEMPLATES,
) -> EvidenceBundle:
    """Builds the bundle. The same input makes the same bytes; rows are put in the order of time.

    Amounts are `{"amount": minor units, "currency": ISO 4217}`, moments ISO 8601 in UTC. `invoice` is the provider's
    view at `as_of`, None when the provider could not tell; `creditor` is the merchant's name. Raises ValueError for a
    moment without a time zone.
    """
    data = _data(case, invoice, customer, attempts, contacts, record, as_of, creditor)
    json_text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    page = _environment(templates).get_template("bundle.html.j2")
    return EvidenceBundle(
        json_text=json_text,
        html=page.render(bundle=data, sha256=hashlib.sha256(json_text.encode()).hexdigest()),
    )


def _data(
    case: CaseRow,
    invoice: InvoiceSnapshot | None,
    customer: Address,
    attempts: Sequence[AttemptRow],
    contacts: Sequence[ContactRow],
    record: Sequence[Entry],
    as_of: datetime,
    creditor: str,
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "created_at": _moment(as_of),
        "creditor": creditor or None,
        "case": {
            "invoice_id": case.invoice_id,
            "invoice_number": case.invoice_number or (invoice.number if invoice else None),
            "subscription_id": case.subscription_id,
            "policy": case.policy,
            "policy_digest": case.policy_digest,
            "amount": _money(case.amount),
            "remaining": _money(invoice.remaining if invoice else case.remaining),
            "opened_at": _moment(case.opened_at),
            "closed_at": _moment(case.closed_at),
            "status": case.status,
            "outcome": case.outcome,
            "decline_code": case.decline_code,
            "decline_class": case.decline_class,
        },
        "invoice": invoice and _invoice(invoice),
        "customer": {
            "customer_id": customer.customer_id,
            "name": customer.name,
            "email": customer.email,
            "phone": customer.phone,
            "line_user_id": customer.line_user_id,
            "postal_address": customer.postal_address,
            "language": customer.language,
        },
        "attempts": sorted((_attempt(row) for row in attempts), key=_by_time),
        "contacts": sorted((_contact(row) for row in contacts), key=_by_time),
        "record": sorted((_entry(entry) for entry in record), key=_by_time),
    }


def _by_time(row: dict[str, Any]) -> str:
    # Rows of one moment keep their order, which is the order in which they were written.
    return str(row["at"])


def _invoice(invoice: InvoiceSnapshot) -> dict[str, Any]:
    """The provider's view. The pay link is the customer's own and stays out."""
    return {
        "id": invoice.id,
        "number": invoice.number,
        "state": invoice.state,
        "amount": _money(invoice.amount),
        "remaining": _money(invoice.remaining),
        "last_failed_at": _moment(invoice.last_failed_at),
        "paid_by": invoice.paid_by,
    }


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        "number": row.attempt,
        "kind": row.kind,
        "step": row.step,
        "at": _moment(row.as_of),
        "started_at": _moment(row.started_at),
        "amount": _money(row.amount),
        "network": row.network,
        "state": row.state,
        "outcome": row.outcome,
        "code": row.decline.code if row.decline else None,
        "decline_class": row.decline.decline_class if row.decline else None,
        "rule": row.decline.rule if row.decline else None,
        "provider_id": row.provider_id,
        "key": row.key,
    }


def _contact(row: ContactRow) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "stage": row.stage,
        "step": row.step,
        "at": _moment(row.as_of),
        "started_at": _moment(row.started_at),
        "state": row.state,
        "subject": row.subject,
        "text": row.text,
        "provider_id": row.provider_id,
        "key": row.key,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {"at": _moment(entry.at), "step": entry.step, "what": entry.what, "why": entry.why, "rule": entry.rule}


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: the evidence needs moments in UTC.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache
def _environment(templates: Path) -> SandboxedEnvironment:
    """Kept: to read and compile the template takes longer than all the rest of a bundle."""
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = _read_money
    environment.filters["moment"] = _read_moment
    return environment


def _read_money(value: dict[str, Any]) -> str:
    """With the ISO code: a page for third parties does not leave open whose dollars are meant."""
    return format_money(Money.model_validate(value), Locale("en"), iso_code=True)


def _read_moment(value: str) -> str:
    return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S} UTC"
