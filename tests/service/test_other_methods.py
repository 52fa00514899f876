"""R10: a card that is saved beside the one that Stripe would charge is news only where a policy may use it."""

import pytest

from domain.retries import OtherMethods
from gateways import stripe_events
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CustomerRow
from gateways.provider_facts import MethodChanged
from runtime import wiring
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.news import NewsDesk
from tests.cases import BROKE, an_opening_row


@pytest.mark.parametrize(("wanted", "told"), [(OtherMethods.USE, 1), (OtherMethods.ASK, 0)])
def test_r10_a_card_beside_the_invoices_own_is_told_where_it_may_be_used(
    world: ProviderWorld, ledger: SqlLedger, settings: Settings, wanted: OtherMethods, told: int
) -> None:
    """Attached, and made the customer's default: the subscription goes on naming its own card. It is told once."""
    stripe, customer = world.stripe, world.stripe.add_customer()
    own = stripe.add_card(customer, behaviour=BROKE, default=False)
    subscription = stripe.add_subscription(customer, amount=2000, currency="usd", card=own)
    invoice = stripe.fail_first_payment(customer, amount=2000, subscription=subscription)
    policy = wiring.policy_store(settings).get("standard")
    policy = policy.model_copy(update={"retries": policy.retries.model_copy(update={"other_methods": wanted})})
    ledger.keep_policy(wanted.value, policy.name, policy.version, policy.model_dump_json())
    row = an_opening_row(invoice, customer).model_copy(update={"policy_digest": wanted.value})
    ledger.open_case(row, CustomerRow(customer_id=customer), "{}")
    ledger.mark_open(invoice)
    card = stripe.add_card(customer)
    desk = NewsDesk(ledger, wiring.stripe_payments(settings), wiring.decline_table(settings))

    heard = []
    for event in (stripe.last_event("payment_method.attached", card), stripe.last_event("customer.updated", customer)):
        fact = stripe_events.read(event)
        assert isinstance(fact, MethodChanged)
        heard += desk.of(fact)

    changes = {(case.invoice_id, name, message.model_dump()["change"]) for case, name, message in heard}
    ids = {message.model_dump()["event_id"] for _, _, message in heard}
    assert {(invoice, "payment_method_changed", "beside")} == changes if told else not heard
    assert told == len(ids)
