"""Every call that the Stripe gateways can make, with each of its parameters, was sent to stripe-mock and not refused.

The mock checks a request against Stripe's OpenAPI description, and keeps no state: what a call needs to come about is
said by the wire in front of it. Which calls there are is read from the gateways' sources.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe

import gateways
from domain.money import Money
from gateways import stripe_endpoint
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.trouble import ProviderTrouble
from gateways.stripe_api import StripeApi
from gateways.stripe_payments import StripePayments
from runtime.checks.stripe import CALLS, WHOLE_INVOICE
from sandbox.machine.stripe_mock import start_stripe_mock
from tests.gateways.stripe_calls import subject, words, written
from tests.gateways.stripe_wire import Asked, Says, wired
from tests.gateways.test_stripe_contract import OPEN_INVOICE

WRITTEN = written(Path(gateways.__file__).parent)
WORDS = words(WRITTEN) | {part for _, _, path, _ in CALLS for part in path[::2]} | {"core"}
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
PART = Money(amount=500, currency="USD")
URL = "https://dunning.example.com/webhooks/stripe"
THIN = json.dumps(
    {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v1.invoice.paid",
        "created": "2026-11-01T00:00:00Z",
        "livemode": False,
        "related_object": {"id": "in_contract", "type": "invoice", "url": "/v1/invoices/in_contract"},
    }
)

_CARD = {"brand": "visa", "exp_month": 1, "exp_year": 2040, "fingerprint": "fp_2", "last4": "4242", "country": "US"}
_OTHER = {"id": "pm_2", "object": "payment_method", "type": "card", "card": _CARD, "allow_redisplay": "always"}

Scene = Callable[[StripePayments, StripeApi], object]


def _registering(_: StripePayments, api: StripeApi) -> None:
    # The mock shows no secret, and without one an endpoint is none.
    with suppress(ProviderTrouble):
        stripe_endpoint.register(api, URL, connected=True, anew=True)


def _recording(amount: Money) -> Scene:
    return lambda payments, _: payments.record_payment(OPEN_INVOICE, amount, SINCE, "dun:record")


def _of_subscription() -> InvoiceSnapshot:
    return OPEN_INVOICE.model_copy(update={"subscription_id": "sub_contract"})


def _asking_for_permissions(_: StripePayments, api: StripeApi) -> None:
    for _name, method, path, params in (*CALLS, WHOLE_INVOICE):
        api.allows(method, *path, **params)


SCENES: dict[str, tuple[Scene, Says]] = {
    "reading an invoice": (lambda payments, _: payments.read_invoice("in_contract", with_decline=True), {}),
    "reading an invoice of many payments": (
        lambda payments, _: payments.read_invoice("in_contract"),
        {
            "GET invoices/{}": [(200, {"payments": {"data": [], "has_more": True}})],
            "GET invoice_payments": [(200, {"has_more": True}), (200, {"has_more": False})],
        },
    ),
    "an old card as the default": (
        lambda payments, _: payments.read_invoice("in_contract"),
        {"GET invoices/{}": [(200, {"default_payment_method": "card_contract"})]},
    ),
    "previewing a renewal": (lambda payments, _: payments.read_renewal("sub_contract", with_last=True), {}),
    "whose charge it was": (lambda payments, _: payments.customer_of_charge("ch_contract"), {}),
    "paying": (
        lambda payments, _: payments.pay(OPEN_INVOICE, "dun:in_contract:1"),
        {"POST invoices/{}/pay": [(200, {"status": "paid"})]},
    ),
    "looking for another card": (
        lambda payments, _: payments.other_method(OPEN_INVOICE, []),
        {"GET customers/{}/payment_methods": [(200, {"data": [_OTHER]})]},
    ),
    "looking an attempt up": (
        lambda payments, _: payments.find_attempt(OPEN_INVOICE, SINCE, key="dun:in_contract:1"),
        {"GET events": [(200, {"has_more": False})]},
    ),
    "cancelling what has ended": (
        lambda payments, _: payments.cancel_subscription("sub_contract", "dun:cancel"),
        {
            "DELETE subscriptions/{}": [(404, {"error": {"code": "resource_missing"}})],
            "GET subscriptions/{}": [(200, {"status": "canceled"})],
        },
    ),
    "marking uncollectible": (lambda payments, _: payments.mark_uncollectible("in_contract", "dun:write_off"), {}),
    "recording all that remains": (
        _recording(OPEN_INVOICE.remaining),
        {"GET invoice_payments": [(200, {"data": [], "has_more": False})]},
    ),
    "recording a part": (
        _recording(PART),
        {"GET invoice_payments": [(200, {"data": [{"payment": {"payment_record": "pr_contract"}}]})]},
    ),
    "billing anew": (
        lambda payments, _: payments.bill_anew(_of_subscription(), PART, "dun:again"),
        {
            "GET invoices": [(200, {"has_more": True}), (200, {"data": [], "has_more": False})],
            "POST invoices": [(200, {"status": "draft", "total": 0})],
            "GET invoices/{}": [(200, {"total": PART.amount})],
        },
    ),
    "finding the invoice of a payment": (lambda payments, _: payments.invoice_of_payment("pi_contract"), {}),
    "who retries": (lambda payments, _: payments.retried_by_itself(), {}),
    "the sweep's events": (
        lambda payments, _: payments.lists.all_events(SINCE, SINCE + timedelta(hours=1)),
        {"GET events": [(200, {"has_more": True}), (200, {"has_more": False})]},
    ),
    "the sweep's page of events": (lambda payments, _: payments.lists.events(SINCE, SINCE + timedelta(hours=1)), {}),
    "the sweep's invoices": (lambda payments, _: payments.lists.open_invoices(SINCE, "in_contract"), {}),
    "a thin event": (
        lambda _, api: api.thin_event(THIN),
        {"GET core/events/{}": [(200, {"id": "evt_thin", "type": "v1.invoice.paid", "snapshot_event": "evt_1"})]},
    ),
    "registering the endpoint": (_registering, {}),
    "changing the endpoint": (
        lambda _, api: stripe_endpoint.register(api, URL),
        {
            "GET webhook_endpoints": [
                (200, {"has_more": True}),
                (200, {"data": [{"id": "we_contract", "url": URL, "status": "enabled"}], "has_more": False}),
            ]
        },
    ),
    "removing the endpoint": (lambda _, api: stripe_endpoint.remove(api, "we_contract"), {}),
    "what was not delivered": (lambda _, api: stripe_endpoint.undelivered(api, SINCE, SINCE + timedelta(days=1)), {}),
    "Stripe's clock": (lambda _, api: api.now(), {}),
    "the doctor's permissions": (_asking_for_permissions, {}),
}


@pytest.fixture(scope="module")
def mock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_stripe_mock(data_dir=tmp_path_factory.mktemp("stripe-mock"), say=lambda _: None) as mock:
        yield mock.url


@pytest.fixture
def an_api_version_of_the_mock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its description is of August, and knows no later one; `test_stripe_contract.py` looks at the real one."""
    monkeypatch.setattr(stripe, "api_version", "2026-08-26.dahlia")


def _played(mock_url: str, scene: Scene, says: Says) -> list[Asked]:
    with wired(mock_url, WORDS, says) as wire:
        of: tuple[Any, ...] = ("sk_test_contract", wire.url, timedelta(seconds=5))
        scene(StripePayments(*of), StripeApi(*of))
    return wire.asked


@pytest.mark.usefixtures("an_api_version_of_the_mock")
@pytest.mark.parametrize("name", SCENES)
def test_stripe_takes_every_parameter(mock_url: str, name: str) -> None:
    asked = _played(mock_url, *SCENES[name])

    assert asked
    assert [] == [one for one in asked if one.refusal]


@pytest.mark.usefixtures("an_api_version_of_the_mock")
def test_every_call_in_the_sources_was_sent_with_every_parameter(mock_url: str) -> None:
    """A call that is written tomorrow has to be played here."""
    sent: dict[str, set[str]] = {}
    about: dict[str, set[str]] = {}
    for scene, says in SCENES.values():
        for one in _played(mock_url, scene, says):
            sent.setdefault(one.call, set()).update(one.params)
            about.setdefault(subject(one.call), set()).update(one.params)

    assert WRITTEN
    assert [] == [(one.place, one.call) for one in WRITTEN if one.call not in sent]
    missing = {one.place: sorted(one.params - sent[one.call] | one.perhaps - about[one.about]) for one in WRITTEN}
    assert {} == {place: params for place, params in missing.items() if params}


def test_the_mock_would_refuse_a_parameter_that_stripe_does_not_know(mock_url: str) -> None:
    (asked,) = _played(mock_url, lambda _, api: api.allows("get", "invoices", "in_contract", wrong="1"), {})

    assert "additional properties are not allowed" in asked.refusal


def test_the_mock_would_refuse_a_call_that_stripe_does_not_have(mock_url: str) -> None:
    (asked,) = _played(mock_url, lambda _, api: api.allows("get", "invoices", "in_contract", "wrong"), {})

    assert "Unrecognized request URL" in asked.refusal
