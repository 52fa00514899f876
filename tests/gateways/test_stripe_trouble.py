"""What the Stripe gateway does about lost answers, used keys and a Stripe in trouble."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from domain.case import ChargeOutcome
from domain.invoice import InvoiceState
from domain.money import Money
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.stripe_payments import StripePayments
from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, Outcome
from sandbox.providers.world import ProviderWorld
from tests.gateways.stripe_cases import BROKE, LONG_AGO, charges, open_invoice
from tests.sandbox.providers.receiver import Receiver


def test_the_same_key_charges_once(world: ProviderWorld, payments: StripePayments) -> None:
    """A repeated request gets the first one's answer, a decline too."""
    invoice = payments.read_invoice(open_invoice(world, BROKE, APPROVE))

    first, again, next_attempt = (payments.pay(invoice, key) for key in ("dun:1", "dun:1", "dun:2"))

    assert first == again
    assert ChargeOutcome.PAID == next_attempt.outcome
    assert ["charge.failed", "charge.succeeded"] == charges(world, invoice.id)


def test_a_key_in_use_is_trouble_and_never_a_second_charge(world: ProviderWorld, payments: StripePayments) -> None:
    """Two workers send the same attempt at once: Stripe holds the second off with 409."""
    invoice = payments.read_invoice(open_invoice(world))
    held = world.faults.add("stripe", "/pay", "hold_before")
    with ThreadPoolExecutor(max_workers=1) as pool:
        first = pool.submit(payments.pay, invoice, "dun:1")
        assert held.reached.wait(timeout=5)
        with pytest.raises(ProviderTrouble, match="409"):
            payments.pay(invoice, "dun:1")
        held.release()
        answer = first.result()

    assert ChargeOutcome.PAID == answer.outcome
    assert ["charge.succeeded"] == charges(world, invoice.id)


def test_a_card_that_was_removed_in_between_is_trouble(world: ProviderWorld, payments: StripePayments) -> None:
    """Not the operator's matter: the next run reads the invoice and its card again."""
    invoice = payments.read_invoice(open_invoice(world))
    assert invoice.payment_method is not None
    world.stripe.store.objects[invoice.payment_method.id]["customer"] = None
    world.stripe.add_card(invoice.customer_id)

    with pytest.raises(ProviderTrouble, match="changed"):
        payments.pay(invoice, "dun:1")

    assert [] == charges(world, invoice.id)


@pytest.mark.parametrize("mode", ["500_after", "timeout_after", "malformed"])
def test_a_lost_answer_is_trouble_and_the_charge_is_found(
    world: ProviderWorld, payments: StripePayments, mode: str
) -> None:
    """The money moved but nobody told us: the look-up finds it, and it moved once."""
    invoice = payments.read_invoice(open_invoice(world))
    world.faults.add("stripe", "/pay", mode)
    asked = datetime.now(UTC)

    with pytest.raises(ProviderTrouble):
        payments.pay(invoice, "dun:1")
    found = payments.find_attempt(invoice, asked)

    assert found is not None
    assert ChargeOutcome.PAID == found.outcome
    assert InvoiceState.PAID == (found.invoice and found.invoice.state)
    assert ["charge.succeeded"] == charges(world, invoice.id)


def test_a_lost_decline_is_found_with_its_codes(world: ProviderWorld, payments: StripePayments) -> None:
    """The look-up tells as much as the answer would have told."""
    invoice = payments.read_invoice(open_invoice(world, BROKE))
    told = payments.pay(invoice, "dun:1")

    found = payments.find_attempt(invoice, LONG_AGO)

    assert (told.outcome, told.decline) == (found and found.outcome, found and found.decline)


def test_a_lost_decline_is_found_although_the_customer_paid_since(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """By another card, and by the same payment at Stripe: the newest charge is theirs, and was taken for ours."""
    invoice = payments.read_invoice(open_invoice(world, BROKE))
    payments.pay(invoice, "dun:1")
    method = invoice.payment_method
    assert method
    world.stripe.add_card(invoice.customer_id)
    world.stripe.customer_pays(invoice.id)

    found = payments.find_attempt(invoice, LONG_AGO, method.fingerprint)

    assert ChargeOutcome.DECLINED == (found and found.outcome)
    assert InvoiceState.PAID == (found and found.invoice and found.invoice.state)


def test_an_attempt_before_the_given_moment_is_not_found(world: ProviderWorld, payments: StripePayments) -> None:
    """An older decline must not be taken for the outcome of a newer attempt."""
    invoice = payments.read_invoice(open_invoice(world, BROKE))
    payments.pay(invoice, "dun:1")

    assert payments.find_attempt(invoice, datetime.now(UTC) + timedelta(seconds=10)) is None


def test_a_part_payment_is_not_taken_for_our_attempt(world: ProviderWorld, payments: StripePayments) -> None:
    """The customer paid a part by a payment of its own: our attempt did not happen."""
    invoice = payments.read_invoice(open_invoice(world))
    world.stripe.customer_pays(invoice.id, 500)

    assert payments.find_attempt(invoice, LONG_AGO) is None
    assert Money(amount=1499, currency="USD") == payments.read_invoice(invoice.id).remaining


def test_too_many_requests_carries_the_wait_that_stripe_asks_for(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """`Retry-After` reaches the caller, and the SDK does not retry by itself."""
    invoice_id = open_invoice(world)
    fault = world.faults.add("stripe", "/v1/invoices", "429", times=2, retry_after=7)

    with pytest.raises(ProviderTrouble, match=invoice_id) as raised:
        payments.read_invoice(invoice_id)

    assert (timedelta(seconds=7), True) == (raised.value.retry_after, raised.value.not_executed)
    assert 1 == fault.hits


@pytest.mark.parametrize("mode", ["500", "timeout_before"])
def test_failures_of_stripe_are_trouble(world: ProviderWorld, payments: StripePayments, mode: str) -> None:
    """Nothing happened: the same request under the same key may be sent again."""
    invoice = payments.read_invoice(open_invoice(world))
    world.faults.add("stripe", "/pay", mode)

    with pytest.raises(ProviderTrouble):
        payments.pay(invoice, "dun:1")
    answer = payments.pay(invoice, "dun:1")

    assert ChargeOutcome.PAID == answer.outcome


def test_a_server_that_does_not_answer_is_left_after_the_timeout(world: ProviderWorld) -> None:
    """No call waits for ever."""
    hasty = StripePayments(world.stripe.api_key, world.stripe_url, timedelta(milliseconds=200))
    world.faults.add("stripe", "/v1/invoices", "timeout_before", hang=True)

    with pytest.raises(ProviderTrouble, match="cannot be reached"):
        hasty.read_invoice("in_1")


def test_a_wrong_key_names_the_setting_and_not_the_key(world: ProviderWorld) -> None:
    """One sentence that says what to check; the secret appears nowhere."""
    wrong = StripePayments("sk_test_wrong_secret", world.stripe_url, timedelta(seconds=2))

    with pytest.raises(ProviderMisuse) as raised:
        wrong.read_invoice("in_1")

    assert "Stripe refuses the API key: check STRIPE_API_KEY." == str(raised.value)
    assert raised.value.__cause__ is None
    assert "secret" not in repr(wrong)


def test_a_changed_card_under_the_same_key_is_refused(world: ProviderWorld, payments: StripePayments) -> None:
    """Stripe refuses a key with other parameters: nothing more will come of that attempt, the next one is free."""
    invoice = payments.read_invoice(open_invoice(world, BROKE))
    payments.pay(invoice, "dun:1")
    world.stripe.add_card(invoice.customer_id)

    same, new = (payments.pay(payments.read_invoice(invoice.id), key) for key in ("dun:1", "dun:2"))

    assert [ChargeOutcome.KEY_SPENT, ChargeOutcome.PAID] == [same.outcome, new.outcome]


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (APPROVE, ChargeOutcome.NOT_OPEN),
        (BROKE, ChargeOutcome.KEY_SPENT),
        (AUTHENTICATION_REQUIRED, ChargeOutcome.DECLINED),
    ],
)
def test_a_stored_failure_of_stripes_ends_the_attempt(
    world: ProviderWorld, payments: StripePayments, behaviour: Outcome, outcome: ChargeOutcome
) -> None:
    """Stripe repeats its own 500 under the key for a day: the invoice tells how it stands, nothing is charged again."""
    invoice = payments.read_invoice(open_invoice(world, behaviour))
    world.faults.add("stripe", "/pay", "500_after")
    with pytest.raises(ProviderTrouble):
        payments.pay(invoice, "dun:1")
    before = charges(world, invoice.id)

    again = payments.pay(invoice, "dun:1")

    assert outcome == again.outcome
    assert before == charges(world, invoice.id)


def test_stripe_learns_nothing_about_this_machine() -> None:
    """The SDK would send an id that it keeps in the home folder, the operating system, and how long calls took."""
    with Receiver() as receiver:
        payments = StripePayments("sk_test_1", receiver.url.removesuffix("/hook"), timedelta(seconds=2))
        for _ in range(2):  # what the first call took is sent with the second
            with pytest.raises(ProviderTrouble):
                payments.mark_uncollectible("in_1", "dun:in_1:end")
    sent = [request.headers for request in receiver.requests]

    assert [None, None] == [headers.get("x-stripe-client-telemetry") for headers in sent]
    assert set() == {"platform", "telemetry_id"} & json.loads(sent[1]["x-stripe-client-user-agent"]).keys()
