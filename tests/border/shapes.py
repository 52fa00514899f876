"""The shapes of what comes in, as the world makes them: records of files, messages to cases."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import AUTHENTICATION_REQUIRED
from sandbox.providers.world import ProviderWorld
from tests.cases import BROKE, a_failed_invoice

PLAIN: Json = {
    "invoice_id": "in_1",
    "number": "A-1",
    "customer": {"id": "cus_1", "country": "TH", "time_zone": "Asia/Bangkok", "phone": "+66812345678"},
    "subscription_id": "sub_1",
    "amount": "20.00",
    "currency": "USD",
    "decline_code": "expired_card",
    "network_advice_code": "01",
    "failed_at": "2026-04-07T12:00:00Z",
    "policy": "standard",
}


def real_events(world: ProviderWorld) -> list[Json]:
    """One event of each type that means something to a case, in the shapes of all API versions."""
    stripe = world.stripe
    invoice, customer = a_failed_invoice(world)
    stripe.customer_pays(invoice, 500)
    stripe.credit(invoice, 300)
    stripe.update_card(stripe.add_card(customer, default=True), exp_month=1, exp_year=2040)
    stripe.customer_pays(invoice)
    stripe.close_dispute(stripe.open_dispute(invoice), won=False)
    subscription = stripe.add_subscription(stripe.add_customer(), amount=900, currency="usd", days_until_due=30)
    sent = stripe.renew(subscription)
    stripe.remind_of_due_date(sent)
    stripe.pass_due_date(sent)
    stripe.void(sent)
    stripe.announce_renewal(stripe.add_subscription(customer, amount=900, currency="usd"))
    _besides(world)
    events = list({event["type"]: event for event in stripe.events}.values())
    moved = next(event for event in events if event["type"] == "payment_intent.processing")
    events.append({**moved, "id": "evt_canceled", "type": "payment_intent.canceled"})
    credited = next(event for event in events if event["type"] == "credit_note.created")
    events.append({**credited, "id": "evt_uncredited", "type": "credit_note.voided"})
    paid = next(event for event in events if event["type"] == "invoice.paid")
    events.append({**paid, "id": "evt_overpaid", "type": "invoice.overpaid"})
    kept = [event for event in events if "id" in event["data"]["object"]]  # what is to come has none
    of_invoice = [event for event in kept if event["data"]["object"]["object"] == "invoice"]
    shapes = stripe.shapes
    return [
        *events,
        *map(stripe.webhooks.in_old_shape, of_invoice),
        *map(shapes.before_status, of_invoice),
        *map(shapes.expanded, kept),
        *map(shapes.in_milliseconds, events[:2]),
    ]


def _besides(world: ProviderWorld) -> None:
    """What happens to other customers."""
    stripe = world.stripe
    debited, _ = a_failed_invoice(world)
    stripe.customer_debits(debited)
    stripe.finish_processing(debited, BROKE)
    a_failed_invoice(world, answer=AUTHENTICATION_REQUIRED)
    renewing = stripe.add_customer()
    card = stripe.add_card(renewing, behaviour=BROKE)
    stripe.renew_card(card, exp_month=2, exp_year=2041)
    given_up = stripe.renew(stripe.add_subscription(renewing, amount=900, currency="usd"))
    stripe.give_up(given_up, uncollectible=True)
    stripe.cancel_subscription(stripe.add_subscription(renewing, amount=900, currency="usd"))
    stripe.set_up(card)
    stripe.detach(card)
    stripe.delete_customer(renewing)
