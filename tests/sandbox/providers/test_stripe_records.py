"""Money that came in outside Stripe: Payment Records at the Stripe stand-in, by the real SDK."""

import pytest
import stripe

from sandbox.providers.stripe_outcomes import APPROVE
from sandbox.providers.stripe_store import StripeFailure
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_failed_invoice, types_of


def report(client: stripe.StripeClient, amount: int, currency: str = "usd", *, guaranteed: bool = True) -> str:
    """A payment that somebody made by transfer."""
    outcome: stripe.params.PaymentRecordReportPaymentParams = {
        "amount_requested": {"currency": currency, "value": amount},
        "initiated_at": 1_795_000_000,
        "payment_method_details": {"type": "custom", "custom": {"display_name": "Bank transfer"}},
        "processor_details": {"type": "custom", "custom": {"payment_reference": "statement-17"}},
        "metadata": {"dunning": "1"},
    }
    if guaranteed:
        outcome |= {"outcome": "guaranteed", "guaranteed": {"guaranteed_at": 1_795_000_000}}
    return str(client.v1.payment_records.report_payment(outcome).id)


def attach(client: stripe.StripeClient, invoice: str, record: str) -> stripe.Invoice:
    return client.v1.invoices.attach_payment(invoice, {"payment_record": record})


def test_a_part_that_was_paid_elsewhere_lowers_what_stripe_charges(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R5: reported and attached, it is no longer charged; `amount_paid_off_stripe` reads it back."""
    invoice = a_failed_invoice(world)

    part = attach(client, invoice, report(client, 1500))
    client.v1.invoices.pay(invoice, {"off_session": True})

    assert ("open", 1500, 400) == (part.status, part.amount_paid, part.amount_remaining)
    charged = [e for e in world.log if e.kind == "charge.succeeded" and e.subjects["invoice"] == invoice]
    assert [400] == [e.data["amount"] for e in charged]
    read = client.v1.invoices.retrieve(invoice, {"expand": ["amount_paid_off_stripe"]})
    assert ("paid", 1900, 1500) == (read.status, read.amount_paid, read.amount_paid_off_stripe)


def test_a_part_that_stripe_does_not_know_is_charged_again(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R5: the record alone changes nothing until it is attached."""
    invoice = a_failed_invoice(world)
    report(client, 1500)

    client.v1.invoices.pay(invoice, {"off_session": True})

    charged = [e for e in world.log if e.kind == "charge.succeeded" and e.subjects["invoice"] == invoice]
    assert [1900] == [e.data["amount"] for e in charged]


def test_all_of_it_paid_elsewhere_settles_the_invoice(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R5: `invoice.paid` without any charge, and without `invoice.payment_succeeded`."""
    invoice = a_failed_invoice(world)

    paid = attach(client, invoice, report(client, 1900))

    assert ("paid", 0) == (paid.status, paid.amount_remaining)
    assert "invoice.paid" in types_of(world, invoice)
    assert "invoice.payment_succeeded" not in types_of(world, invoice)
    assert "active" == client.v1.subscriptions.retrieve(_subscription(world, invoice)).status


def test_the_rest_of_a_part_is_marked_as_paid_elsewhere(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R5: `paid_out_of_band` for what remains: together they are all of it."""
    invoice = a_failed_invoice(world)
    record = report(client, 1500)
    attach(client, invoice, record)

    client.v1.invoices.pay(invoice, {"paid_out_of_band": True})

    read = client.v1.invoices.retrieve(invoice, {"expand": ["amount_paid_off_stripe", "payments"]})
    assert ("paid", 1900) == (read.status, read.amount_paid_off_stripe)
    by_record = client.v1.invoice_payments.list({"payment": {"type": "payment_record", "payment_record": record}})
    assert [(invoice, 1500)] == [(p.invoice, p.amount_paid) for p in by_record.data]


def test_the_payments_of_an_invoice_name_their_kind(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R5: a payment record among the payment intents, in the list and in the expanded invoice."""
    invoice = a_failed_invoice(world)
    record = report(client, 1500)
    attach(client, invoice, record)

    listed = client.v1.invoice_payments.list({"invoice": invoice}).data
    expand = ["payments.data.payment.payment_intent"]
    expanded = client.v1.invoices.retrieve(invoice, {"expand": expand}).to_dict()["payments"]["data"]

    assert ["payment_record", "payment_intent"] == [p.payment.type for p in listed]
    assert (record, 1500, "paid") == (listed[0].payment.payment_record, listed[0].amount_paid, listed[0].status)
    assert 400 == listed[1].amount_requested, "the default payment follows what remains"
    assert [record] == [p["payment"]["payment_record"] for p in expanded if p["payment"]["type"] == "payment_record"]
    assert world.stripe.last_event("invoice_payment.paid", listed[0].id)


def test_what_is_too_much_becomes_the_customers_credit(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R5: `amount_overpaid`, and credit for the next invoice."""
    invoice = a_failed_invoice(world)

    paid = attach(client, invoice, report(client, 2000))

    assert ("paid", 100) == (paid.status, paid.amount_overpaid)
    assert -100 == world.stripe.get(world.stripe.get(invoice)["customer"])["balance"]
    assert "invoice.overpaid" == types_of(world, invoice)[-1]


def test_a_payment_that_is_not_guaranteed_yet_credits_nothing(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R5: it stays an open payment of the invoice."""
    invoice = a_failed_invoice(world)

    waiting = attach(client, invoice, report(client, 1900, guaranteed=False))

    assert ("open", 1900) == (waiting.status, waiting.amount_remaining)


@pytest.mark.parametrize("what", ["currency", "twice", "paid"])
def test_what_cannot_be_attached_is_refused(world: ProviderWorld, client: stripe.StripeClient, what: str) -> None:
    """Another currency, a record that was attached already, an invoice that is paid."""
    invoice = a_failed_invoice(world)
    record = report(client, 900, "eur" if what == "currency" else "usd")
    if what == "twice":
        attach(client, invoice, record)
    if what == "paid":
        world.stripe.customer_pays(invoice)

    with pytest.raises(stripe.InvalidRequestError):
        attach(client, invoice, record)


def test_a_report_without_its_money_is_refused(client: stripe.StripeClient) -> None:
    """`amount_requested`, `initiated_at` and `payment_method_details` are required."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_records.report_payment({"initiated_at": 1})  # type: ignore[typeddict-item]

    assert ("parameter_missing", "amount_requested") == (refused.value.code, refused.value.param)


def test_a_record_keeps_its_reference(client: stripe.StripeClient) -> None:
    """`processor_details.custom.payment_reference`: the line of the bank statement."""
    record = client.v1.payment_records.retrieve(report(client, 1500)).to_dict()

    assert "statement-17" == record["processor_details"]["custom"]["payment_reference"]
    assert ("self", 1500, {"dunning": "1"}) == (
        record["reported_by"],
        record["amount_guaranteed"]["value"],
        record["metadata"],
    )


def test_a_debit_that_arrives_after_the_invoice_was_paid_is_overpaid(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R4, R5: the customer paid twice, by debit and by transfer."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_debits(invoice)
    attach(client, invoice, report(client, 1900))

    world.stripe.finish_processing(invoice, APPROVE)

    read = client.v1.invoices.retrieve(invoice)
    assert ("paid", 1900, 1900) == (read.status, read.amount_paid, read.amount_overpaid)


def _subscription(world: ProviderWorld, invoice: str) -> str:
    return str(world.stripe.get(invoice)["parent"]["subscription_details"]["subscription"])


@pytest.mark.parametrize(("how", "status"), [("guaranteed", "paid"), ("failed", "open"), ("canceled", "open")])
def test_what_became_of_a_reported_payment(
    world: ProviderWorld, client: stripe.StripeClient, how: str, status: str
) -> None:
    """R68: only what is guaranteed pays; Stripe tells nobody of the others."""
    invoice = a_failed_invoice(world)
    record = world.stripe.reports_payment(invoice, 1900)
    before = types_of(world, invoice)

    world.stripe.reported_payment_ends(record, how)

    assert status == client.v1.invoices.retrieve(invoice).status
    assert (how == "guaranteed") is (types_of(world, invoice) != before)
    with pytest.raises(StripeFailure, match="ended already"):
        world.stripe.reported_payment_ends(record, "failed")


def test_an_invoice_shows_a_handful_of_its_payments(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R69: the newest first; the default payment is on the next page."""
    invoice = a_failed_invoice(world)
    for _ in range(11):
        world.stripe.reports_payment(invoice, 100)

    shown = client.v1.invoices.retrieve(invoice, {"expand": ["payments"]}).payments

    assert shown
    assert (10, True) == (len(shown.data), shown.has_more)
    assert not any(payment.is_default for payment in shown.data)
    assert 12 == len(client.v1.invoice_payments.list({"invoice": invoice, "limit": 100}).data)
