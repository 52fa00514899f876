"""Which of a customer's saved payment methods may be charged for an invoice that names another one.

Saved is not consented. The customer's default is "for subscriptions and invoices" by its definition. Any other card has
to be set up for payments without its holder: a SetupIntent that succeeded with the usage `off_session`. One with
`allow_redisplay: limited` was saved for one subscription, and is used for no other.
(docs.stripe.com/api/customers/object, /api/setup_intents/object, /api/payment_methods/object)
"""

from collections.abc import Iterator, Sequence

from domain.invoice import MethodRef
from gateways import stripe_fields as fields
from gateways.ports.payments import PaymentMethod
from gateways.stripe_api import StripeApi
from gateways.stripe_fields import Json

_MOST = 20


def other_method(api: StripeApi, invoice: Json, without: Sequence[MethodRef]) -> PaymentMethod | None:
    """The first that may be charged: the customer's default, then the newest. Only cards: the rails of bank debits
    count their tries by mandate. None of India, where Stripe makes no second try without the holder."""
    own = fields.read_method(fields.default_method(invoice))
    known = [*without, *([own.ref] if own else [])]
    default = fields.object_id(_settings(invoice).get("default_payment_method"))
    for card in _cards(api, invoice, default):
        method = fields.read_method(card)
        if method is None or method.country == "IN" or any(method.ref.is_same(other) for other in known):
            continue
        if card.get("allow_redisplay") != "limited" and (method.id == default or _is_set_up(api, method.id)):
            return method
    return None


def _settings(invoice: Json) -> Json:
    return fields.expanded(fields.expanded(invoice.get("customer")).get("invoice_settings"))


def _cards(api: StripeApi, invoice: Json, default: str | None) -> Iterator[Json]:
    """The cards that are attached now, the default one first."""
    customer = fields.object_id(invoice.get("customer"))
    if customer is None:
        return
    what = f"list the payment methods of {customer}"
    listed = api.get(what, "customers", customer, "payment_methods", type="card", limit=_MOST).get("data")
    found = [fields.expanded(card) for card in listed] if isinstance(listed, list) else []
    yield from sorted(found, key=lambda card: fields.object_id(card) != default)


def _is_set_up(api: StripeApi, method_id: str) -> bool:
    what = f"list the setup intents of {method_id}"
    listed = api.get(what, "setup_intents", payment_method=method_id, limit=_MOST).get("data")
    intents = [fields.expanded(intent) for intent in listed] if isinstance(listed, list) else []
    return any((one.get("status"), one.get("usage")) == ("succeeded", "off_session") for one in intents)
