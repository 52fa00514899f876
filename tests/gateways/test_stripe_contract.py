"""Every request of the Stripe gateway is valid by Stripe's own OpenAPI description, which stripe-mock checks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from stripe.params import WebhookEndpointCreateParams

from domain.case import ChargeOutcome
from domain.invoice import InvoiceState
from domain.money import Money
from gateways import stripe_endpoint, stripe_payments
from gateways.ports.payments import InvoiceSnapshot, PaymentMethod
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.stripe_api import StripeApi
from gateways.stripe_payments import StripePayments
from sandbox.machine.stripe_mock import start_stripe_mock

OPEN_INVOICE = InvoiceSnapshot(
    id="in_contract",
    number="C-1",
    state=InvoiceState.OPEN,
    currency="USD",
    amount=Money(amount=1999, currency="USD"),
    remaining=Money(amount=1999, currency="USD"),
    customer_id="cus_contract",
    payment_method=PaymentMethod(id="pm_contract"),
)


@pytest.fixture(scope="module")
def mock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_stripe_mock(data_dir=tmp_path_factory.mktemp("stripe-mock"), say=lambda _: None) as mock:
        yield mock.url


@pytest.fixture
def payments(mock_url: str) -> StripePayments:
    return StripePayments("sk_test_contract", mock_url, timedelta(seconds=5))


@pytest.mark.parametrize("with_decline", [False, True])
def test_reading_an_invoice_is_a_valid_request(payments: StripePayments, with_decline: bool) -> None:
    """The invoice comes back with what the expansions ask for, the customer among it, and is understood."""
    invoice = payments.read_invoice("in_contract", with_decline=with_decline)

    assert "in_contract" == invoice.id
    assert invoice.customer is not None
    assert invoice.customer_id == invoice.customer.customer_id


def test_paying_is_a_valid_request(payments: StripePayments) -> None:
    """stripe-mock keeps no state, so its invoice is never paid: the gateway must not take that for a result."""
    with pytest.raises(ProviderTrouble, match="without a result"):
        payments.pay(OPEN_INVOICE, "dun:in_contract:1")


def test_looking_up_an_attempt_is_a_valid_request(payments: StripePayments) -> None:
    """The charges of the default payment are listed from a moment on."""
    found = payments.find_attempt(OPEN_INVOICE, datetime(2026, 11, 23, tzinfo=UTC))

    assert found is None or found.outcome in ChargeOutcome


def test_cancelling_a_subscription_is_a_valid_request(payments: StripePayments) -> None:
    """Nothing is raised."""
    payments.cancel_subscription("sub_contract", "dun:in_contract:cancel")


def test_marking_uncollectible_is_a_valid_request(payments: StripePayments) -> None:
    """Nothing is raised."""
    payments.mark_uncollectible("in_contract", "dun:in_contract:write_off")


def test_billing_anew_sends_valid_requests(payments: StripePayments) -> None:
    """The list, the draft and its line: stripe-mock keeps no state, so the draft never comes to what was billed."""
    of_subscription = OPEN_INVOICE.model_copy(update={"subscription_id": "sub_contract"})

    with pytest.raises(ProviderMisuse, match="Correct it there and finalize it") as refused:
        payments.bill_anew(of_subscription, Money(amount=1, currency="USD"), "dun:in_contract:again:du_1")

    assert "in_contract" in str(refused.value)


def test_finding_the_invoice_of_a_payment_is_a_valid_request(payments: StripePayments) -> None:
    """A dispute names a payment; the list of invoice payments leads to the invoice."""
    assert payments.invoice_of_payment("pi_contract")


def test_a_wrong_key_is_refused_by_the_mock_too(mock_url: str) -> None:
    """The contract test would notice if the key did not travel: stripe-mock refuses a key that is none."""
    wrong = StripePayments("nonsense", mock_url, timedelta(seconds=5))

    with pytest.raises(ProviderMisuse, match="check STRIPE_API_KEY"):
        wrong.read_invoice("in_contract")


@pytest.fixture
def api(mock_url: str) -> StripeApi:
    return StripeApi("sk_test_contract", mock_url, timedelta(seconds=5))


def test_registering_the_webhook_endpoint_is_a_valid_request(api: StripeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every type of event that we read is one that Stripe sends. The mock shows no secret, and without one it is none.

    The mock's description is of August, and knows no later API version: the SDK's own types know it.
    """
    known = WebhookEndpointCreateParams.__annotations__["api_version"]
    assert stripe.api_version in str(known)
    monkeypatch.setattr(stripe, "api_version", "2026-08-26.dahlia")

    with pytest.raises(ProviderTrouble, match="answer cannot be read"):
        stripe_endpoint.register(api, "https://dunning.example.com/webhooks/stripe", connected=True)


def test_changing_and_removing_it_are_valid_requests(api: StripeApi) -> None:
    """stripe-mock's own endpoint is there."""
    (one, *_) = api.get("list", "webhook_endpoints")["data"]

    assert one["id"] == stripe_endpoint.register(api, one["url"]).id
    stripe_endpoint.remove(api, one["id"])


def test_looking_for_what_was_not_delivered_is_a_valid_request(api: StripeApi) -> None:
    """The events API takes a filter by delivery."""
    until = datetime(2026, 11, 23, tzinfo=UTC)

    assert isinstance(stripe_endpoint.undelivered(api, until - timedelta(days=3), until), list)


def test_no_expansion_is_deeper_than_stripe_allows() -> None:
    """Stripe resolves four levels, which stripe-mock does not check."""
    depths = [len(path.split(".")) for path in stripe_payments.EXPAND]

    assert max(depths) <= 4


def test_looking_for_another_card_is_a_valid_request(payments: StripePayments) -> None:
    """The customer's cards are listed, and what each was set up for."""
    found = payments.other_method(OPEN_INVOICE, [])

    assert found is None or found.id.startswith("pm_")


def test_looking_for_invoices_that_stripe_retries_is_a_valid_request(payments: StripePayments) -> None:
    """The newest open ones."""
    assert all(invoice.startswith("in_") for invoice in payments.retried_by_itself())


def test_listing_events_and_open_invoices_are_valid_requests(payments: StripePayments) -> None:
    """With a stretch of time, and after an object."""
    since = datetime(2026, 11, 1, tzinfo=UTC)

    page = payments.lists.open_invoices(since, "in_contract")

    assert payments.lists.events(since, since + timedelta(hours=1)).events
    assert all(invoice.id.startswith("in_") for invoice in page.invoices)
