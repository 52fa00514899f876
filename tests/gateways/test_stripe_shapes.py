"""Stripe's objects and events as JSON, in the shape of before and after basil, well-formed and not."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.declines import RawDecline
from domain.events import InvoiceState
from domain.money import Money
from gateways.stripe_shapes import MalformedEvent, MalformedObject, read_customer, read_event, read_invoice
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld

BROKE = Decline("insufficient_funds")
CARD = {"id": "pm_1", "type": "card", "card": {"brand": "visa", "fingerprint": "fp_1", "country": "US"}}
LAST_ERROR = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "do_not_honor",
    "charge": "ch_1",
    "payment_method": CARD,
}
COMMON: dict[str, Any] = {
    "id": "in_1",
    "object": "invoice",
    "amount_due": 1999,
    "amount_remaining": 1500,
    "currency": "usd",
    "customer": "cus_1",
    "default_payment_method": None,
    "hosted_invoice_url": "https://invoice.stripe.com/i/1",
    "number": "A-1",
    "status": "open",
}
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "last_payment_error": LAST_ERROR,
    "status": "requires_payment_method",
}
BEFORE_BASIL = COMMON | {"payment_intent": INTENT, "subscription": "sub_1", "charge": "ch_1", "paid": False}
CURRENT = COMMON | {
    "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1", "metadata": {}}},
    "payments": {
        "object": "list",
        "data": [
            {
                "id": "inpay_1",
                "created": 1,
                "is_default": True,
                "payment": {"type": "payment_intent", "payment_intent": INTENT},
                "status": "open",
            }
        ],
    },
}


def event(kind: str, about: dict[str, Any], **previous: object) -> dict[str, Any]:
    data: dict[str, Any] = {"object": about}
    if previous:
        data["previous_attributes"] = previous
    return {"id": "evt_1", "type": kind, "created": 1_790_000_000, "api_version": "2026-10-28.endive", "data": data}


@pytest.mark.parametrize("shape", [BEFORE_BASIL, CURRENT], ids=["before basil", "current"])
def test_both_shapes_of_an_invoice_mean_the_same(shape: dict[str, Any]) -> None:
    """Subscription, payment and decline are found wherever the version keeps them."""
    invoice = read_invoice(shape)

    assert ("sub_1", InvoiceState.OPEN) == (invoice.subscription_id, invoice.state)
    assert Money(amount=1500, currency="USD") == invoice.remaining
    assert RawDecline(decline_code="do_not_honor", error_code="card_declined", network="visa") == invoice.last_decline


@pytest.mark.parametrize(
    ("changes", "paid_by"),
    [
        ({"payment_intent": "pi_9"}, "pi_9"),
        ({"charge": "ch_9", "payment_intent": None}, "ch_9"),
        ({"payments": {"data": [{"status": "paid", "payment": {"type": "charge", "charge": "ch_8"}}]}}, "ch_8"),
        (
            {
                "payments": {
                    "data": [
                        {"status": "canceled", "created": 9, "payment": {"type": "payment_intent"}},
                        {
                            "status": "paid",
                            "created": 2,
                            "payment": {"type": "payment_record", "payment_record": "pr_7"},
                        },
                    ]
                }
            },
            "pr_7",
        ),
        ({}, None),
    ],
)
def test_a_paid_invoice_tells_what_paid_it(changes: dict[str, Any], paid_by: str | None) -> None:
    """A payment intent, a charge or a payment record; none that we can see is possible too."""
    invoice = read_invoice(COMMON | {"status": "paid", "amount_remaining": 0} | changes)

    assert (paid_by, None) == (invoice.paid_by, invoice.last_decline)


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        (
            {"default_payment_method": "pm_invoice", "customer": {"id": "cus_1", "default_source": "card_1"}},
            "pm_invoice",
        ),
        ({"customer": {"id": "cus_1", "invoice_settings": {"default_payment_method": CARD}}}, "pm_1"),
        ({"customer": {"id": "cus_1", "default_source": "card_1", "invoice_settings": {}}}, "card_1"),
        (
            {
                "subscription": {"id": "sub_1", "default_payment_method": "pm_sub"},
                "customer": {"id": "cus_1", "invoice_settings": {"default_payment_method": CARD}},
            },
            "pm_sub",
        ),
        ({}, None),
    ],
)
def test_the_next_charge_is_made_on_the_first_default_in_stripes_order(
    changes: dict[str, Any], method: str | None
) -> None:
    """Invoice, then subscription, then customer."""
    found = read_invoice(COMMON | changes).payment_method

    assert method == (found.id if found else None)


@pytest.mark.parametrize("missing", ["id", "status", "currency", "customer", "amount_due", "amount_remaining"])
def test_an_invoice_without_a_needed_field_is_named_malformed(missing: str) -> None:
    """One sentence that names the field."""
    broken = {name: value for name, value in COMMON.items() if name != missing}

    with pytest.raises(MalformedObject, match=missing):
        read_invoice(broken)


@pytest.mark.parametrize("changes", [{"status": "lost"}, {"currency": "dollars"}])
def test_an_invoice_with_an_unknown_word_is_malformed(changes: dict[str, str]) -> None:
    """A status or currency that we do not know must not be guessed."""
    with pytest.raises(MalformedObject, match="in_1"):
        read_invoice(COMMON | changes)


@pytest.mark.parametrize("kind", ["invoice.payment_failed", "invoice.paid", "invoice.voided", "invoice.updated"])
@pytest.mark.parametrize("shape", [BEFORE_BASIL, CURRENT], ids=["before basil", "current"])
def test_an_invoice_event_carries_its_invoice(kind: str, shape: dict[str, Any]) -> None:
    """Who, what and when, and the whole invoice for later reading."""
    found = read_event(event(kind, shape))

    assert ("evt_1", kind, datetime.fromtimestamp(1_790_000_000, UTC)) == (found.id, found.type, found.created)
    assert ("in_1", "cus_1", "sub_1", "pi_1") == (
        found.invoice_id,
        found.customer_id,
        found.subscription_id,
        found.payment_intent_id,
    )
    assert "in_1" == read_invoice(found.invoice or {}).id


def test_a_changed_default_is_told_from_other_changes_of_a_customer() -> None:
    """`customer.updated` is sent for a new address, too."""
    customer = {"id": "cus_1", "object": "customer", "invoice_settings": {"default_payment_method": "pm_2"}}

    changed = read_event(event("customer.updated", customer, invoice_settings={"default_payment_method": "pm_1"}))
    moved = read_event(event("customer.updated", customer, address={"city": "Bonn"}))

    assert (True, False) == (changed.default_method_changed, moved.default_method_changed)
    assert ("cus_1", "pm_2") == (changed.customer_id, changed.payment_method_id)


def test_an_unknown_type_is_kept_and_says_nothing_more() -> None:
    """Stripe adds types all the time; they are not an error."""
    found = read_event(event("treasury.something_new", {"id": "x", "customer": "cus_1"}))

    assert ("treasury.something_new", None, None) == (found.type, found.customer_id, found.invoice_id)


def test_every_event_of_the_stand_in_is_understood(world: ProviderWorld) -> None:
    """A life with a failure, a part payment, a credit note, a new card, a payment and a dispute."""
    customer = world.stripe.add_customer()
    card = world.stripe.add_card(customer, behaviour=BROKE)
    invoice = world.stripe.fail_first_payment(customer, amount=2000)
    world.stripe.customer_pays(invoice, 500)
    world.stripe.credit(invoice, 300)
    world.stripe.update_card(card, exp_month=1, exp_year=2040)
    world.stripe.customer_pays(invoice)
    dispute = world.stripe.open_dispute(invoice)
    world.stripe.close_dispute(dispute, won=True)

    found = {e.type: e for e in (read_event(raw) for raw in world.stripe.events)}

    assert (invoice, customer) == (
        found["invoice.payment_failed"].invoice_id,
        found["invoice.payment_failed"].customer_id,
    )
    assert (invoice, Money(amount=300, currency="USD")) == (
        found["credit_note.created"].invoice_id,
        found["credit_note.created"].amount,
    )
    assert invoice == found["invoice_payment.paid"].invoice_id
    assert (customer, card) == (
        found["payment_method.automatically_updated"].customer_id,
        found["payment_method.automatically_updated"].payment_method_id,
    )
    assert found["customer.updated"].default_method_changed
    assert (dispute, "won") == (
        found["charge.dispute.closed"].dispute_id,
        found["charge.dispute.closed"].dispute_status,
    )
    assert str(found["charge.dispute.created"].payment_intent_id).startswith("pi_")


def test_an_event_tells_who_caused_it_and_what_changed() -> None:
    """The idempotency key of the request behind it, if there was one, and the names of the old values."""
    ours = event("invoice.updated", CURRENT) | {"request": {"id": "req_1", "idempotency_key": "dun:in_1:1"}}
    ours["data"] = {**ours["data"], "previous_attributes": {"amount_remaining": 2000, "status": "open"}}

    read, automatic = read_event(ours), read_event(event("invoice.updated", CURRENT) | {"request": None})

    assert ["dun:in_1:1", None] == [read.idempotency_key, automatic.idempotency_key]
    assert [{"amount_remaining", "status"}, set()] == [read.changed, automatic.changed]


def test_of_a_customer_only_what_is_stated_is_read() -> None:
    """What Stripe leaves open stays open: the ledger keeps what it knew."""
    full = {
        "id": "cus_1",
        "name": "Ada Example",
        "email": "ada@example.com",
        "phone": "+15005550010",
        "address": {"country": "US"},
        "preferred_locales": ["de-AT", "en"],
        "metadata": {"time_zone": "Europe/Vienna", "segment": "small", "note": "1"},
    }
    known = {"customer_id", "name", "email", "phone", "country", "language", "time_zone", "segment"}

    assert known == read_customer(full).model_fields_set
    assert ("de-AT", "Europe/Vienna") == (read_customer(full).language, read_customer(full).time_zone)
    assert {"customer_id"} == read_customer({"id": "cus_1", "deleted": True}).model_fields_set
    with pytest.raises(MalformedObject, match="no 'id'"):
        read_customer({})


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        ([], "not a JSON object"),
        ({}, "no 'id'"),
        ({"id": "evt_1"}, "no 'type'"),
        ({"id": "evt_1", "type": "invoice.paid", "created": "today"}, "'created'"),
        ({"id": "evt_1", "type": "invoice.paid", "created": 1}, "no 'data'"),
        ({"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {}}, "no 'data.object'"),
        (event("invoice.paid", {"id": "in_1"}), "no 'currency'"),
        (event("invoice_payment.paid", {"id": "inpay_1"}), "no 'invoice'"),
        (event("credit_note.created", {"invoice": "in_1", "amount": 1.5, "currency": "usd"}), "'amount'"),
    ],
)
def test_a_malformed_event_says_what_is_missing(broken: object, names: str) -> None:
    """One sentence each, never a traceback's words."""
    with pytest.raises(MalformedEvent, match=names):
        read_event(broken)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(CURRENT)), inner, max_size=4),
    max_leaves=8,
)


@given(field=st.sampled_from([*CURRENT, *BEFORE_BASIL]), value=JSON)
def test_whatever_stands_in_a_field_is_read_or_named_malformed(field: str, value: object) -> None:
    """No garbage in an event ends in another kind of error."""
    for shape in (CURRENT, BEFORE_BASIL):
        with suppress(MalformedEvent):
            read_event(event("invoice.payment_failed", shape | {field: value}))
