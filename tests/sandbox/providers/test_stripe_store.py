"""What belongs to one invoice, payment intent or customer is found without a look at the whole account."""

from collections.abc import Iterator

import pytest
import stripe

from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_client, a_failed_invoice


class Unscanned(dict[str, Json]):
    """The account's objects, which nobody may go through one by one."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("An account with thousands of invoices is read object by object.")

    def values(self) -> Iterator[Json]:
        return map(self.__getitem__, self)


@pytest.fixture
def world() -> Iterator[ProviderWorld]:
    with ProviderWorld() as started:
        yield started


@pytest.fixture
def client(world: ProviderWorld) -> stripe.StripeClient:
    return a_client(world)


def test_no_call_scans_the_account(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Each list has only what belongs to the object that it is asked for."""
    a_failed_invoice(world)
    invoice = a_failed_invoice(world)
    a_failed_invoice(world)
    store = world.stripe.store
    store.objects = Unscanned(store.objects)

    (payment,) = client.v1.invoice_payments.list({"invoice": invoice}).data
    intent = payment.payment["payment_intent"]
    of_intent = client.v1.charges.list({"payment_intent": intent}).data
    of_customer = client.v1.charges.list({"customer": store.get("invoice", invoice)["customer"]}).data
    by_intent = {"payment": {"type": "payment_intent", "payment_intent": intent}}

    assert [payment.id] == [p.id for p in client.v1.invoice_payments.list(by_intent).data]
    assert [intent] == [charge.payment_intent for charge in of_intent]
    assert [charge.id for charge in of_intent] == [charge.id for charge in of_customer]
    assert "paid" == client.v1.invoices.pay(invoice).status
    assert ["succeeded", "failed"] == [c.status for c in client.v1.charges.list({"payment_intent": intent}).data]


def test_an_object_that_was_taken_out_is_unknown_until_it_is_put_back(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """Stories make Stripe forget an invoice or a charge for a while."""
    invoice = a_failed_invoice(world)
    payment = world.stripe.store.payments_of(invoice)[0]

    held = [world.stripe.store.take_out(invoice), world.stripe.store.take_out(payment["id"])]
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice"):
        client.v1.invoices.retrieve(invoice)
    assert [] == client.v1.invoice_payments.list({"invoice": invoice}).data
    for obj in held:
        world.stripe.store.put(obj)

    assert invoice == client.v1.invoices.retrieve(invoice).id
    assert [payment["id"]] == [p.id for p in client.v1.invoice_payments.list({"invoice": invoice}).data]
