"""The evidence bundle: complete, the same on paper and in data, and safe to open."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from typing import Any

import pytest

from domain.case import ChargeOutcome, Outcome
from domain.declines import Decline, DeclineClass, Reason
from domain.invoice import InvoiceState
from domain.money import Money
from domain.record import Entry
from domain.steps import AttemptKind, Channel
from gateways.evidence import build_bundle
from gateways.ports.agency import EvidenceBundle
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.rows import AttemptRow, CaseRow, ContactRow

OPENED = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DUE = Money(amount=150000, currency="THB")
CUSTOMER = Address(customer_id="cus_1", name="สมชาย <script>alert(1)</script>", email="s@example.com", phone="+66800")

CASE = CaseRow(
    invoice_id="in_1",
    invoice_number="INV-0042",
    customer_id="cus_1",
    subscription_id="sub_1",
    policy="standard@1",
    policy_digest="sha256:abc",
    amount=Money(amount=200000, currency="THB"),
    remaining=DUE,
    opened_at=OPENED,
    status="open",
    decline_code="insufficient_funds",
    decline_class="retry_later",
    outcome=Outcome.COLLECTIONS,
)
INVOICE = InvoiceSnapshot(
    id="in_1",
    number="INV-0042",
    state=InvoiceState.OPEN,
    currency="THB",
    amount=Money(amount=200000, currency="THB"),
    remaining=DUE,
    customer_id="cus_1",
    pay_url="https://pay.example/secret",
    last_failed_at=OPENED,
)


def an_attempt(number: int) -> AttemptRow:
    decline = Decline(
        decline_class=DeclineClass.RETRY_LATER,
        code=f"code_{number}",
        reason=Reason.DECLINED,
        rule=f"code-row-{number}@2026-11-23",
    )
    at = OPENED + timedelta(days=number)
    return AttemptRow(
        invoice_id="in_1",
        attempt=number,
        kind=AttemptKind.TIMELINE,
        key=f"dun:in_1:{number}",
        step=f"d{number}-charge",
        state="finished",
        as_of=at,
        started_at=at,
        amount=DUE,
        network="visa",
        outcome=ChargeOutcome.DECLINED,
        provider_id=f"pi_{number}",
        decline=decline,
    )


def a_contact(day: int, channel: Channel, text: str) -> ContactRow:
    at = OPENED + timedelta(days=day)
    return ContactRow(
        invoice_id="in_1",
        step=f"d{day}-remind",
        channel=channel,
        stage="firm",
        key=f"dun:in_1:d{day}-remind:{channel}",
        state="sent",
        as_of=at,
        started_at=at,
        provider_id=f"SM{day}",
        subject="Please pay <now>" if channel is Channel.EMAIL else "",
        text=text,
    )


ATTEMPTS = [an_attempt(1), an_attempt(3), an_attempt(5)]
CONTACTS = [
    a_contact(3, Channel.EMAIL, "Hello <b>Somchai</b> & all,\n\nplease pay."),
    a_contact(5, Channel.SMS, "กรุณาชำระ {{ 7*7 }}"),
]
RECORD = [
    Entry(at=OPENED + timedelta(days=day), step=f"d{day}", what=f"done {day}", why=f"due {day}") for day in range(1, 8)
] + [
    Entry(
        at=OPENED + timedelta(days=5),
        step="d5",
        what="postponed to 2026-03-30 10:00",
        why="too often",
        rule="visa-15-in-30@2026-04-01",
    )
]


def a_bundle(**changes: Any) -> EvidenceBundle:
    values: dict[str, Any] = {
        "case": CASE,
        "invoice": INVOICE,
        "customer": CUSTOMER,
        "attempts": ATTEMPTS,
        "contacts": CONTACTS,
        "record": RECORD,
        "as_of": OPENED + timedelta(days=28),
    }
    return build_bundle(**(values | changes))


def test_the_data_says_who_owes_what_and_why() -> None:
    data = json.loads(a_bundle().json_text)

    assert data["schema_version"] == 1
    assert data["created_at"] == "2026-03-30T10:00:00.000000Z"
    assert data["case"]["amount"] == {"amount": 200000, "currency": "THB"}
    assert data["case"]["remaining"] == {"amount": 150000, "currency": "THB"}
    assert data["case"]["policy"] == "standard@1"
    assert data["case"]["policy_digest"] == "sha256:abc"
    assert data["case"]["outcome"] == "collections"
    assert data["customer"]["name"] == CUSTOMER.name
    assert data["customer"]["email"] == "s@example.com"
    assert data["customer"]["phone"] == "+66800"
    assert data["invoice"]["state"] == "open"


def test_the_creditor_is_named_when_it_is_given() -> None:
    bundle = a_bundle(creditor="Acme & Co")

    assert json.loads(bundle.json_text)["creditor"] == "Acme & Co"
    assert "<td>Acme &amp; Co</td>" in bundle.html


def test_every_row_is_in_the_data_and_on_the_page() -> None:
    """Nothing that was charged, written or decided is left out."""
    bundle = a_bundle()
    data = json.loads(bundle.json_text)

    assert (3, 2, 8) == (len(data["attempts"]), len(data["contacts"]), len(data["record"]))
    assert [row["rule"] for row in data["attempts"]] == [
        "code-row-1@2026-11-23",
        "code-row-3@2026-11-23",
        "code-row-5@2026-11-23",
    ]
    facts = [
        value
        for rows, names in (
            (data["attempts"], ("kind", "code", "rule", "provider_id", "key")),
            (data["contacts"], ("channel", "stage", "subject", "text", "provider_id")),
            (data["record"], ("step", "what", "why", "rule")),
        )
        for row in rows
        for value in (row[name] for name in names)
        if value
    ]
    for fact in facts:
        assert str(escape(fact)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in bundle.html
    assert "THB\u00a01,500.00" in bundle.html
    assert "2026-03-05 10:00:00 UTC" in bundle.html


def test_what_others_wrote_is_never_markup_on_the_page() -> None:
    html = a_bundle().html

    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "{{ 7*7 }}" in html


def test_the_same_input_makes_the_same_bytes() -> None:
    assert a_bundle() == a_bundle()


def test_rows_are_in_the_order_of_time() -> None:
    expected = a_bundle().json_text
    shuffled = a_bundle(
        attempts=ATTEMPTS[::-1], contacts=CONTACTS[::-1], record=[*RECORD[-3:-1], *RECORD[:-3], RECORD[-1]]
    )

    assert expected == shuffled.json_text


def test_the_page_names_the_data_that_it_was_made_from() -> None:
    bundle = a_bundle()

    assert hashlib.sha256(bundle.json_text.encode()).hexdigest() in bundle.html


def test_moments_are_written_in_utc() -> None:
    bangkok = timezone(timedelta(hours=7))
    data = json.loads(a_bundle(as_of=datetime(2026, 3, 30, 17, 0, tzinfo=bangkok)).json_text)

    assert data["created_at"] == "2026-03-30T10:00:00.000000Z"


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        a_bundle(as_of=datetime(2026, 3, 30, 17, 0))  # noqa: DTZ001 — the mistake itself


def test_the_customers_own_pay_link_stays_out() -> None:
    bundle = a_bundle()

    assert "pay.example" not in bundle.json_text + bundle.html


def test_a_bare_case_makes_a_complete_page() -> None:
    """No invoice from the provider, nothing charged, nobody reached: the page says so."""
    customer = Address(customer_id="cus_1")
    bundle = a_bundle(invoice=None, customer=customer, attempts=[], contacts=[], record=[])
    data = json.loads(bundle.json_text)

    assert data["invoice"] is None
    assert data["case"]["remaining"] == {"amount": 150000, "currency": "THB"}
    assert bundle.html.count("<p>None.</p>") == 3
    assert "Not available at the time of this page." in bundle.html
