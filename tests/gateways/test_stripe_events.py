"""Stripe's events become facts, in the shape of before and after basil, well-formed and not."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import DisputeOutcome, MethodChange
from domain.invoice import InvoiceState
from domain.money import Money
from gateways import stripe_events
from gateways.provider_facts import (
    DisputeEnded,
    Ignored,
    InvoiceAltered,
    MalformedEvent,
    MethodChanged,
    MethodGone,
    PaymentDisputed,
    PaymentFailed,
    PaymentSucceeded,
)
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld
from tests.gateways.stripe_json import BEFORE_BASIL, CARD, COMMON, CURRENT

BROKE = Decline("insufficient_funds")
CUSTOMER = {"id": "cus_1", "object": "customer", "invoice_settings": {"default_payment_method": "pm_2"}}
SUBSCRIPTION = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "default_payment_method": "pm_2"}
DISPUTE = {"id": "dp_1", "object": "dispute", "charge": "ch_1", "payment_intent": "pi_1", "status": "needs_response"}


def event(kind: str, about: dict[str, Any], **previous: object) -> dict[str, Any]:
    data: dict[str, Any] = {"object": about}
    if previous:
        data["previous_attributes"] = previous
    return {"id": "evt_1", "type": kind, "created": 1_790_000_000, "api_version": "2026-10-28.endive", "data": data}


@pytest.mark.parametrize("shape", [BEFORE_BASIL, CURRENT], ids=["before basil", "current"])
def test_a_failed_payment_names_its_invoice_and_customer(shape: dict[str, Any]) -> None:
    """With what the invoice itself keeps of the customer, which outlives the customer."""
    about = shape | {"customer_name": "Ada Example", "customer_address": {"country": "US"}}

    fact = stripe_events.read(event("invoice.payment_failed", about))

    assert isinstance(fact, PaymentFailed)
    assert ("stripe", "evt_1", "invoice.payment_failed") == (fact.provider, fact.event_id, fact.event_type)
    assert ("in_1", datetime.fromtimestamp(1_790_000_000, UTC)) == (fact.invoice_id, fact.at)
    assert fact.customer is not None
    assert ("cus_1", "Ada Example", "US") == (fact.customer.customer_id, fact.customer.name, fact.customer.country)


def test_of_the_two_events_for_one_failure_only_one_counts() -> None:
    """Stripe makes two when the bank wants the customer to confirm."""
    facts = [
        stripe_events.read(event(f"invoice.{kind}", CURRENT)) for kind in ("payment_failed", "payment_action_required")
    ]

    assert [True, False] == [fact.counts for fact in facts if isinstance(fact, PaymentFailed)]


@pytest.mark.parametrize("shape", [BEFORE_BASIL, CURRENT], ids=["before basil", "current"])
@pytest.mark.parametrize("kind", ["invoice.paid", "invoice.payment_succeeded"])
def test_a_payment_shows_the_invoice_after_it(kind: str, shape: dict[str, Any]) -> None:
    """What remains then needs no look at Stripe."""
    fact = stripe_events.read(event(kind, shape | {"status": "paid", "amount_remaining": 0}))

    assert isinstance(fact, PaymentSucceeded)
    assert fact.invoice is not None
    assert (None, InvoiceState.PAID, 0) == (fact.amount, fact.invoice.state, fact.invoice.remaining.amount)


def test_a_single_payment_shows_only_its_own_amount() -> None:
    """What remains of the invoice has to be read."""
    about = {"object": "invoice_payment", "invoice": "in_1", "amount_paid": 500, "currency": "usd"}

    fact = stripe_events.read(event("invoice_payment.paid", about))

    assert isinstance(fact, PaymentSucceeded)
    assert ("in_1", Money(amount=500, currency="USD"), None) == (fact.invoice_id, fact.amount, fact.invoice)


@pytest.mark.parametrize("kind", ["invoice.voided", "invoice.marked_uncollectible", "invoice.updated"])
def test_an_altered_invoice_shows_its_state(kind: str) -> None:
    """As long as the event does not name what changed, everything may have."""
    fact = stripe_events.read(event(kind, CURRENT | {"status": "void"}))

    assert isinstance(fact, InvoiceAltered)
    assert fact.invoice is not None
    assert ("in_1", InvoiceState.VOID) == (fact.invoice_id, fact.invoice.state)


def test_a_method_that_is_taken_away_was_somebodys() -> None:
    fact = stripe_events.read(event("payment_method.detached", CARD | {"customer": None}, customer="cus_1"))

    assert isinstance(fact, MethodGone)
    assert "cus_1" == fact.customer_id


def test_every_event_that_rules_name_is_read_or_left_with_a_reason() -> None:
    """No type is both, and a webhook endpoint is registered for those that are read."""
    assert not stripe_events.READERS.keys() & stripe_events.SILENT.keys()


def test_a_credit_note_names_its_invoice() -> None:
    """What is due now it does not show."""
    fact = stripe_events.read(event("credit_note.created", {"id": "cn_1", "invoice": "in_1", "amount": 300}))

    assert isinstance(fact, InvoiceAltered)
    assert ("in_1", None) == (fact.invoice_id, fact.invoice)


@pytest.mark.parametrize(
    ("previous", "kind"),
    [
        ({"amount_remaining": 2000}, InvoiceAltered),
        ({"status": "draft", "default_payment_method": None}, InvoiceAltered),
        ({"attempt_count": 0}, Ignored),
        ({"attempt_count": 1, "next_payment_attempt": None}, InvoiceAltered),
        ({"default_payment_method": None}, MethodChanged),
        ({"default_source": None, "attempt_count": 0}, MethodChanged),
    ],
)
def test_an_update_says_by_what_it_changed_whether_it_is_news(previous: dict[str, object], kind: type) -> None:
    """Stripe updates an invoice at every attempt; money, state, the card to be charged and the next try are news."""
    about = CURRENT | {"default_payment_method": "pm_9"}

    fact = stripe_events.read(event("invoice.updated", about, **previous))

    assert (kind, "in_1") == (type(fact), fact.invoice_id)
    if isinstance(fact, MethodChanged):
        assert ("cus_1", "pm_9", MethodChange.NEW) == (fact.customer_id, fact.method_id, fact.change)


def test_an_own_method_that_was_taken_away_is_no_news() -> None:
    """Nothing new could be charged."""
    assert isinstance(stripe_events.read(event("invoice.updated", CURRENT, default_payment_method="pm_1")), Ignored)


@pytest.mark.parametrize(
    ("kind", "about", "previous", "method_id"),
    [
        ("customer.updated", CUSTOMER, {"invoice_settings": {"default_payment_method": "pm_1"}}, "pm_2"),
        ("customer.updated", CUSTOMER | {"invoice_settings": {}}, {"default_source": "card_1"}, None),
        ("customer.subscription.updated", SUBSCRIPTION, {"default_payment_method": None}, "pm_2"),
        ("payment_method.attached", CARD | {"customer": "cus_1"}, {}, "pm_1"),
        ("setup_intent.succeeded", {"id": "seti_1", "customer": "cus_1", "payment_method": "pm_1"}, {}, "pm_1"),
    ],
)
def test_a_new_payment_method_is_one_of_the_customers(
    kind: str, about: dict[str, Any], previous: dict[str, object], method_id: str | None
) -> None:
    """It may concern every invoice of the customer. Of a source the event need not show which it is."""
    fact = stripe_events.read(event(kind, about, **previous))

    assert isinstance(fact, MethodChanged)
    assert ("cus_1", None, method_id) == (fact.customer_id, fact.invoice_id, fact.method_id)
    assert MethodChange.NEW is fact.change


@pytest.mark.parametrize("kind", ["payment_method.updated", "payment_method.automatically_updated"])
def test_new_data_of_a_card_is_told_from_a_new_card(kind: str) -> None:
    """By the customer, or by the network's updater."""
    fact = stripe_events.read(event(kind, CARD | {"customer": "cus_1"}, card={"exp_year": 2026}))

    assert isinstance(fact, MethodChanged)
    assert ("pm_1", MethodChange.UPDATED) == (fact.method_id, fact.change)


@pytest.mark.parametrize(
    ("kind", "about", "previous"),
    [
        ("customer.updated", CUSTOMER, {"description": "old"}),
        (
            "customer.updated",
            CUSTOMER | {"invoice_settings": {}},
            {"invoice_settings": {"default_payment_method": "x"}},
        ),
        ("customer.subscription.updated", SUBSCRIPTION, {"quantity": 1}),
        ("payment_method.updated", CARD | {"customer": "cus_1"}, {"metadata": {}, "allow_redisplay": "always"}),
        ("payment_method.updated", CARD | {"customer": None}, {"card": {"exp_year": 2026}}),
        ("setup_intent.succeeded", {"id": "seti_1", "customer": None, "payment_method": "pm_1"}, {}),
        ("payment_method.detached", CARD | {"customer": None}, {}),
        *((kind, {"id": "x", "customer": "cus_1"}, {}) for kind in stripe_events.SILENT),
        ("treasury.something_new", {"id": "x", "customer": "cus_1"}, {}),
    ],
)
def test_what_says_nothing_is_ignored_with_a_reason(
    kind: str, about: dict[str, Any], previous: dict[str, object]
) -> None:
    """A new address, a default that was only taken away, a note of the merchant's, a type that is not known yet."""
    fact = stripe_events.read(event(kind, about, **previous))

    assert isinstance(fact, Ignored)
    assert fact.reason


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("won", DisputeOutcome.WON),
        ("lost", DisputeOutcome.LOST),
        ("warning_closed", DisputeOutcome.WITHDRAWN),
        ("something_new", DisputeOutcome.WITHDRAWN),
    ],
)
def test_a_dispute_names_its_payment_and_how_it_ended(status: str, outcome: DisputeOutcome) -> None:
    """Since basil it names neither the invoice nor the customer."""
    opened = stripe_events.read(event("charge.dispute.created", DISPUTE))
    ended = stripe_events.read(event("charge.dispute.closed", DISPUTE | {"status": status}))

    assert isinstance(opened, PaymentDisputed)
    assert isinstance(ended, DisputeEnded)
    assert ("dp_1", "pi_1", None, None) == (
        opened.dispute_id,
        opened.payment_id,
        opened.invoice_id,
        opened.customer_id,
    )
    assert ("dp_1", "pi_1", outcome) == (ended.dispute_id, ended.payment_id, ended.outcome)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("insufficient_funds", "insufficient_funds"),
        ("incorrect_account_details", "incorrect_account_details"),
        ("bank_cannot_process", "bank_cannot_process"),
        ("debit_not_authorized", "debit_not_authorized"),
        ("fraudulent", None),
        ("customer_initiated", None),
        ("some_news_of_tomorrow", None),
        (None, None),
    ],
)
def test_a_debit_that_came_back_is_told_from_a_dispute_that_was_decided(reason: str | None, code: str | None) -> None:
    """R14: both come as a dispute that is lost. Whatever is not known as a return counts as the customer's dispute."""
    lost = DISPUTE | {"status": "lost", "reason": reason}
    ended = stripe_events.read(event("charge.dispute.closed", lost))

    assert isinstance(ended, DisputeEnded)
    assert code == (ended.returned.decline_code if ended.returned else None)


def test_an_overpaid_invoice_says_by_how_much() -> None:
    """Stripe's own account of it, whichever event shows it."""
    fact = stripe_events.read(event("invoice.overpaid", CURRENT | {"status": "paid", "amount_overpaid": 1900}))

    assert isinstance(fact, PaymentSucceeded)
    assert fact.invoice
    assert Money(amount=1900, currency="USD") == fact.invoice.overpaid


def test_a_dispute_before_basil_may_name_the_invoice() -> None:
    """Where the event's charge is expanded."""
    charge = {"id": "ch_1", "invoice": "in_1", "customer": "cus_1"}

    fact = stripe_events.read(event("charge.dispute.created", DISPUTE | {"charge": charge}))

    assert isinstance(fact, PaymentDisputed)
    assert ("in_1", "cus_1") == (fact.invoice_id, fact.customer_id)


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        ("dun:in_1:1", True),
        ("dun:in_1:d30-uncollectible", True),
        ("dun:in_12:1", False),
        ("another-systems", False),
        (None, False),
    ],
)
def test_an_event_tells_whether_we_caused_it(key: str | None, ours: bool) -> None:
    """Stripe names the idempotency key of the request behind an event, if there was one."""
    caused = event("invoice.payment_failed", CURRENT) | {"request": {"id": "req_1", "idempotency_key": key}}

    assert ours is stripe_events.read(caused).caused_by_us
    assert not stripe_events.read(caused | {"request": None}).caused_by_us


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

    found = {fact.event_type: fact for fact in map(stripe_events.read, world.stripe.events)}

    failed, credited = found["invoice.payment_failed"], found["credit_note.created"]
    updated, default = found["payment_method.automatically_updated"], found["customer.updated"]
    disputed, ended = found["charge.dispute.created"], found["charge.dispute.closed"]
    assert isinstance(failed, PaymentFailed)
    assert (invoice, customer) == (failed.invoice_id, failed.customer and failed.customer.customer_id)
    assert (InvoiceAltered, invoice) == (type(credited), credited.invoice_id)
    assert (PaymentSucceeded, invoice) == (
        type(found["invoice_payment.paid"]),
        found["invoice_payment.paid"].invoice_id,
    )
    assert isinstance(updated, MethodChanged)
    assert (customer, card) == (updated.customer_id, updated.method_id)
    assert isinstance(default, MethodChanged)
    assert isinstance(disputed, PaymentDisputed)
    assert str(disputed.payment_id).startswith("pi_")
    assert isinstance(ended, DisputeEnded)
    assert (dispute, DisputeOutcome.WON) == (ended.dispute_id, ended.outcome)


@pytest.mark.parametrize(
    ("broken", "missing"),
    [
        ([], "not a JSON object"),
        ({}, "no 'id'"),
        ({"id": "evt_1"}, "no 'type'"),
        ({"id": "evt_1", "type": "invoice.paid", "created": "today"}, "'created'"),
        ({"id": "evt_1", "type": "invoice.paid", "created": 1}, "no 'data'"),
        ({"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {}}, "no 'data.object'"),
        (event("invoice.paid", {"object": "invoice"}), "no 'id'"),
        (event("invoice.paid", CURRENT | {"status": "new"}), "a status, currency or amount"),
        (event("invoice_payment.paid", {"id": "inpay_1"}), "no 'invoice'"),
        (event("invoice_payment.paid", {"invoice": "in_1", "amount_paid": 1.5, "currency": "usd"}), "'amount_paid'"),
    ],
)
def test_a_malformed_event_says_what_is_missing(broken: object, missing: str) -> None:
    """One sentence each, never a traceback's words."""
    with pytest.raises(MalformedEvent, match=missing):
        stripe_events.read(broken)


@pytest.mark.parametrize(
    ("about", "invoice_id"),
    [({"object": "invoice", "id": "in_1"}, "in_1"), ({"object": "credit_note", "invoice": "in_1"}, "in_1"), ([], None)],
)
def test_the_names_of_an_event_show_even_where_it_cannot_be_read(about: object, invoice_id: str | None) -> None:
    """A line about a broken record has to say which record it is."""
    found = stripe_events.names({"id": "evt_1", "type": "invoice.paid", "data": {"object": about}})

    assert ("evt_1", "invoice.paid", invoice_id) == (found.event_id, found.event_type, found.invoice_id)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(CURRENT)), inner, max_size=4),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(["invoice.payment_failed", "invoice.paid", "invoice.updated", "customer.updated"]),
    field=st.sampled_from([*CURRENT, *BEFORE_BASIL]),
    value=JSON,
    previous=st.dictionaries(st.sampled_from([*COMMON, "invoice_settings", "default_source"]), JSON, max_size=2),
)
def test_whatever_stands_in_a_field_is_read_or_named_malformed(
    kind: str, field: str, value: object, previous: dict[str, object]
) -> None:
    """No garbage in an event ends in another kind of error."""
    for shape in (CURRENT, BEFORE_BASIL):
        with suppress(MalformedEvent):
            stripe_events.read(event(kind, shape | {field: value}, **previous))
