"""The Stripe gateway over HTTP against the stand-in, with Stripe's real SDK."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.case import ChargeOutcome
from domain.declines import RawDecline
from domain.invoice import InvoiceState
from domain.money import Money
from gateways.ports.payments import PaymentMethod
from gateways.ports.trouble import NotFound
from gateways.stripe_payments import StripePayments
from sandbox.providers.stripe_outcomes import AUTHENTICATION_REQUIRED, PROCESSING, Decline
from sandbox.providers.world import ProviderWorld
from tests.gateways.stripe_cases import BROKE, charges, open_invoice


def test_an_invoice_is_read_with_all_that_decisions_need(world: ProviderWorld, payments: StripePayments) -> None:
    """State, money, ids, pay link, the card that would be charged, and the raw codes of the newest failure."""
    customer = world.stripe.add_customer(country="TH")
    card = world.stripe.add_card(customer, behaviour=BROKE, brand="mastercard", fingerprint="fp_9")
    invoice_id = world.stripe.fail_first_payment(customer, amount=59900, currency="thb")

    invoice = payments.read_invoice(invoice_id, with_decline=True)

    assert InvoiceState.OPEN == invoice.state
    assert Money(amount=59900, currency="THB") == invoice.remaining == invoice.amount
    assert (customer, True) == (invoice.customer_id, str(invoice.subscription_id).startswith("sub_"))
    assert str(invoice.pay_url).startswith("https://invoice.stripe.com/")
    assert (
        PaymentMethod(id=card, network="mastercard", fingerprint="fp_9", country="TH", expiry="12/2034", last4="4242")
        == invoice.payment_method
    )
    assert (
        RawDecline(
            decline_code="insufficient_funds",
            error_code="card_declined",
            advice_code="try_again_later",
            network_decline_code="51",
            network="mastercard",
            network_status="declined_by_network",
            method=invoice.payment_method.ref if invoice.payment_method else None,
        )
        == invoice.last_decline
    )
    assert invoice.last_failed_at is not None
    assert timedelta(minutes=1) > datetime.now(UTC) - invoice.last_failed_at


def test_the_card_of_the_subscription_goes_before_the_customers(world: ProviderWorld, payments: StripePayments) -> None:
    """Stripe goes on charging the subscription's own card although the customer's default is another one."""
    customer = world.stripe.add_customer()
    own = world.stripe.add_card(customer, default=False)
    world.stripe.add_card(customer)
    subscription = world.stripe.add_subscription(customer, amount=500, currency="eur", card=own)
    invoice_id = world.stripe.add_invoice(customer, amount=500, currency="eur", subscription=subscription)

    invoice = payments.read_invoice(invoice_id)

    assert own == (invoice.payment_method and invoice.payment_method.id)


def test_an_old_style_card_is_read_as_a_payment_method(world: ProviderWorld, payments: StripePayments) -> None:
    """A customer from before payment methods has only a default source, which no expansion shows as one."""
    customer = world.stripe.add_customer()
    card = world.stripe.add_card(customer, brand="amex", default=False)
    world.stripe.store.objects[customer]["default_source"] = card

    invoice = payments.read_invoice(world.stripe.add_invoice(customer, amount=500))

    assert (card, "amex") == (
        invoice.payment_method and invoice.payment_method.id,
        invoice.payment_method and invoice.payment_method.network,
    )


def test_a_credit_note_lowers_what_remains_and_not_the_original_amount(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """What was to be paid at first stays known."""
    invoice_id = open_invoice(world)
    world.stripe.credit(invoice_id, 999)

    invoice = payments.read_invoice(invoice_id)

    assert (1999, 1000) == (invoice.amount.amount, invoice.remaining.amount)


@pytest.mark.parametrize(("balance", "due"), [(-400, 1500), (300, 2200)])
def test_a_balance_changes_what_is_due_and_not_what_the_invoice_says(
    world: ProviderWorld, payments: StripePayments, balance: int, due: int
) -> None:
    """R17: credit from before, or a debt that was carried over."""
    customer = world.stripe.add_customer(balance=balance)
    world.stripe.add_card(customer)
    invoice = payments.read_invoice(world.stripe.add_invoice(customer, amount=1900))

    amounts = [money.amount for money in (invoice.amount, invoice.remaining, invoice.total) if money]
    assert [due, due, 1900] == amounts


def test_an_unknown_invoice_is_named(payments: StripePayments) -> None:
    """A wrong id gets a sentence with that id."""
    with pytest.raises(NotFound, match="in_nowhere"):
        payments.read_invoice("in_nowhere")


def test_a_charge_that_succeeds_pays_the_invoice(world: ProviderWorld, payments: StripePayments) -> None:
    """The answer names the payment and shows the paid invoice."""
    invoice = payments.read_invoice(open_invoice(world))

    answer = payments.pay(invoice, "dun:1")

    assert ChargeOutcome.PAID == answer.outcome
    assert answer.invoice is not None
    assert (InvoiceState.PAID, 0) == (answer.invoice.state, answer.invoice.remaining.amount)
    assert str(answer.provider_id).startswith("pi_")
    assert answer.provider_id == answer.invoice.paid_by


def test_a_decline_is_a_result_with_every_raw_code(world: ProviderWorld, payments: StripePayments) -> None:
    """The issuer's, Stripe's and the network's codes all arrive; nothing is raised."""
    decline = Decline("generic_decline", advice_code="do_not_try_again", network_advice_code="03")
    invoice = payments.read_invoice(open_invoice(world, decline, brand="mastercard"))

    answer = payments.pay(invoice, "dun:1")

    assert ChargeOutcome.DECLINED == answer.outcome
    assert (
        RawDecline(
            decline_code="generic_decline",
            error_code="card_declined",
            advice_code="do_not_try_again",
            network_advice_code="03",
            network="mastercard",
            network_status="declined_by_network",
            method=invoice.payment_method.ref if invoice.payment_method else None,
        )
        == answer.decline
    )


def test_a_block_by_stripes_risk_rules_did_not_reach_the_network(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """Only the charge's outcome tells a block from an issuer's generic decline."""
    invoice = payments.read_invoice(open_invoice(world, Decline("generic_decline", blocked=True)))

    decline = payments.pay(invoice, "dun:1").decline

    assert decline is not None
    assert ("highest_risk_level", "not_sent_to_network") == (decline.decline_code, decline.network_status)


def test_a_decline_stays_a_decline_when_its_details_cannot_be_read(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """The second request of a decline may fail: what is certain is answered."""
    invoice = payments.read_invoice(open_invoice(world, BROKE))
    world.faults.add("stripe", "GET /v1/charges", "500")

    answer = payments.pay(invoice, "dun:1")

    assert ChargeOutcome.DECLINED == answer.outcome
    assert ("insufficient_funds", "visa") == (
        answer.decline and answer.decline.decline_code,
        answer.decline and answer.decline.network,
    )


def test_a_payment_that_needs_the_customer_is_a_decline_with_that_code(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """3-D Secure: nothing was charged, and the code says that the customer has to confirm."""
    invoice_id = open_invoice(world, AUTHENTICATION_REQUIRED)

    answer = payments.pay(payments.read_invoice(invoice_id), "dun:1")
    reread = payments.read_invoice(invoice_id)

    assert ChargeOutcome.DECLINED == answer.outcome
    assert "invoice_payment_intent_requires_action" == (answer.decline and answer.decline.error_code)
    assert "invoice_payment_intent_requires_action" == (reread.last_decline and reread.last_decline.error_code)


def test_a_bank_debit_is_processing(world: ProviderWorld, payments: StripePayments) -> None:
    """A debit was accepted and its result comes later; asking again does not debit twice."""
    customer = world.stripe.add_customer(country="DE")
    world.stripe.add_bank_debit(customer, behaviour=PROCESSING)
    invoice = payments.read_invoice(world.stripe.add_invoice(customer, amount=900, currency="eur"))

    first = payments.pay(invoice, "dun:1")
    second = payments.pay(invoice, "dun:2")

    assert ("sepa", "DE") == (
        invoice.payment_method and invoice.payment_method.network,
        invoice.payment_method and invoice.payment_method.country,
    )
    assert [ChargeOutcome.PROCESSING] * 2 == [first.outcome, second.outcome]
    assert ["charge.processing"] == charges(world, invoice.id)


def test_an_invoice_that_was_paid_in_between_is_not_charged(world: ProviderWorld, payments: StripePayments) -> None:
    """The customer paid after we had read the invoice: Stripe refuses, and the answer is `not_open`."""
    invoice = payments.read_invoice(open_invoice(world))
    world.stripe.customer_pays(invoice.id)

    answer = payments.pay(invoice, "dun:1")

    assert ChargeOutcome.NOT_OPEN == answer.outcome
    assert InvoiceState.PAID == (answer.invoice and answer.invoice.state)
    assert ["charge.succeeded"] == charges(world, invoice.id)


def test_a_written_off_invoice_is_never_charged(world: ProviderWorld, payments: StripePayments) -> None:
    """Stripe would charge an uncollectible invoice; we do not."""
    invoice_id = open_invoice(world)
    payments.mark_uncollectible(invoice_id, "dun:w")

    answer = payments.pay(payments.read_invoice(invoice_id), "dun:1")

    assert ChargeOutcome.NOT_OPEN == answer.outcome
    assert [] == charges(world, invoice_id)


def test_without_a_payment_method_nothing_is_sent(world: ProviderWorld, payments: StripePayments) -> None:
    """The decline says so in a code of its own, and the network never heard of it."""
    customer = world.stripe.add_customer()
    invoice = payments.read_invoice(world.stripe.add_invoice(customer, amount=900))

    answer = payments.pay(invoice, "dun:1")

    assert invoice.payment_method is None
    assert RawDecline(error_code="no_payment_method", network_status="not_sent_to_network") == answer.decline


def test_cancelling_a_subscription_twice_is_success(world: ProviderWorld, payments: StripePayments) -> None:
    """Also when somebody else was faster, for which Stripe answers that there is no such subscription."""
    customer = world.stripe.add_customer()
    subscription = world.stripe.add_subscription(customer, amount=500, currency="usd")

    payments.cancel_subscription(subscription, "dun:c")
    payments.cancel_subscription(subscription, "dun:d")

    assert "canceled" == world.stripe.get(subscription)["status"]


def test_cancelling_an_unknown_subscription_names_it(payments: StripePayments) -> None:
    """Success is only for a subscription that was there."""
    with pytest.raises(NotFound, match="sub_nowhere"):
        payments.cancel_subscription("sub_nowhere", "dun:c")


def test_writing_off_is_idempotent_and_leaves_a_paid_invoice_alone(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """A closed invoice is what was wanted, or better."""
    lost, paid = open_invoice(world), open_invoice(world)
    world.stripe.customer_pays(paid)

    for invoice_id in (lost, lost, paid):
        payments.mark_uncollectible(invoice_id, f"dun:{invoice_id}:{len(world.log)}")

    assert ["uncollectible", "paid"] == [world.stripe.get(i)["status"] for i in (lost, paid)]


def test_a_payment_leads_to_its_invoice(world: ProviderWorld, payments: StripePayments) -> None:
    """What a dispute needs, because it names only a payment."""
    invoice_id = open_invoice(world)
    answer = payments.pay(payments.read_invoice(invoice_id), "dun:1")

    assert invoice_id == payments.invoice_of_payment(str(answer.provider_id))
    assert payments.invoice_of_payment("pi_nowhere") is None
