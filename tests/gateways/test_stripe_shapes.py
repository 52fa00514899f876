"""Stripe's objects as JSON, in the shape of before and after basil, well-formed and not."""

from typing import Any

import pytest

from domain.declines import RawDecline
from domain.invoice import InvoiceState
from domain.money import Money
from gateways.stripe_shapes import MalformedObject, read_customer, read_invoice
from tests.gateways.stripe_json import BEFORE_BASIL, CARD, COMMON, CURRENT


@pytest.mark.parametrize("shape", [BEFORE_BASIL, CURRENT], ids=["before basil", "current"])
def test_both_shapes_of_an_invoice_mean_the_same(shape: dict[str, Any]) -> None:
    """Subscription, payment and decline are found wherever the version keeps them."""
    invoice = read_invoice(shape)

    assert ("sub_1", InvoiceState.OPEN) == (invoice.subscription_id, invoice.state)
    assert Money(amount=1500, currency="USD") == invoice.remaining
    assert invoice.last_decline
    codes = invoice.last_decline.model_copy(update={"method": None})
    assert RawDecline(decline_code="do_not_honor", error_code="card_declined", network="visa") == codes


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
        (
            {
                "payments": {
                    "data": [
                        {
                            "status": "paid",
                            "created": 5,
                            "status_transitions": {"paid_at": 6},
                            "payment": {"type": "payment_record", "payment_record": "pr_7"},
                        },
                        {
                            "status": "paid",
                            "created": 1,
                            "status_transitions": {"paid_at": 9},
                            "payment": {"type": "payment_intent", "payment_intent": "pi_6"},
                        },
                    ]
                }
            },
            "pi_6",
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
    assert ("de-AT, en", "Europe/Vienna") == (read_customer(full).language, read_customer(full).time_zone)
    assert {"customer_id"} == read_customer({"id": "cus_1", "deleted": True}).model_fields_set
    with pytest.raises(MalformedObject, match="no 'id'"):
        read_customer({})


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"customer": {"id": "cus_1", "name": "Ada Example"}}, {"customer_id", "name"}),
        ({"customer": {"id": "cus_1", "object": "customer", "deleted": True}}, {"customer_id"}),
        ({"customer": "cus_1"}, None),
        ({"customer": None, "customer_account": "acct_1"}, None),
    ],
)
def test_an_expanded_invoice_brings_its_customer(changes: dict[str, Any], known: set[str] | None) -> None:
    """So that opening a case needs no second request. An event's invoice shows only the id."""
    invoice = read_invoice(COMMON | changes)

    assert known == (invoice.customer and invoice.customer.model_fields_set)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("pix_display_qr_code", None),
        ("alipay_handle_redirect", None),
        ("display_bank_transfer_instructions", None),
        ("use_stripe_sdk", "invoice_payment_intent_requires_action"),
        ("redirect_to_url", "invoice_payment_intent_requires_action"),
        ("what_stripe_invents_next", "invoice_payment_intent_requires_action"),
    ],
)
def test_r67_what_a_customer_began_and_left_is_no_banks_question(action: str, code: str | None) -> None:
    """A code that was never scanned is not confirmed with a bank; what nobody knows may be the bank's."""
    waiting = {"id": "pi_1", "status": "requires_action", "next_action": {"type": action}, "last_payment_error": None}
    payment = {"is_default": True, "status": "open", "payment": {"type": "payment_intent", "payment_intent": waiting}}

    invoice = read_invoice(CURRENT | {"payments": {"data": [payment]}})

    assert code == (invoice.last_decline.error_code if invoice.last_decline else None)
    assert invoice.transfer is (action == "display_bank_transfer_instructions")
