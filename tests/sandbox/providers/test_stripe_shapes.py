"""The stand-in's objects have the fields that the SDK's pinned API version declares, and no others."""

import inspect
import typing
from typing import Any

import stripe

from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import AUTHENTICATION_REQUIRED, PROCESSING, Decline, ach_return
from sandbox.providers.world import ProviderWorld

CLASSES: dict[str, Any] = {
    "charge": stripe.Charge,
    "credit_note": stripe.CreditNote,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "payment_record": stripe.PaymentRecord,
    "subscription": stripe.Subscription,
}


def a_busy_account() -> ProviderWorld:
    """One object of every kind and state that the stand-in can make."""
    world = ProviderWorld()
    account = world.stripe
    customer = account.add_customer(phone="+14155550100")
    account.add_card(customer, behaviour=Decline("insufficient_funds", "try_again_later", "02", "51"))
    invoice = account.fail_first_payment(customer, amount=1900)
    account.customer_pays(invoice, 900)
    account.credit(invoice, 100)
    account.open_dispute(invoice)
    debits = {"sepa_debit": "eur", "us_bank_account": "usd", "bacs_debit": "gbp"}
    for kind, currency in (debits | {"au_becs_debit": "aud", "acss_debit": "cad"}).items():
        debtor = account.add_customer()
        account.add_bank_debit(debtor, behaviour=PROCESSING, kind=kind)
        returned = account.fail_first_payment(debtor, amount=500, currency=currency)
        account.finish_processing(returned, Decline("debit_not_authorized"))
        account.void(returned)
    careful = account.add_customer()
    account.add_card(careful, behaviour=AUTHENTICATION_REQUIRED)
    account.fail_first_payment(careful, amount=500)
    account.fail_first_payment(careful, amount=500, outcome=Decline(blocked=True))
    account.pay_out_of_band(account.fail_first_payment(careful, amount=500))
    account.start_trial(careful, amount=500)
    account.customer_enters_account(account.fail_first_payment(careful, amount=500))
    account.dispute_charge(account.buy_once(customer, 700))
    account.add_bank_debit(careful, behaviour=ach_return("R02"))
    account.cancel_subscription(account.last_event("customer.subscription.created")["data"]["object"]["id"])
    return world


def declared_fields(cls: type) -> dict[str, Any]:
    """The fields that a class of the SDK declares for itself, with their annotations."""
    fields = inspect.get_annotations(cls)
    return {name: kind for name, kind in fields.items() if name not in ("OBJECT_NAME", "deleted")}


def is_optional(annotation: Any) -> bool:
    return type(None) in typing.get_args(annotation)


def differences(cls: Any, document: Json, path: str) -> set[str]:
    """What is missing or unknown in a document, including its nested objects."""
    fields = declared_fields(cls)
    found = {f"{path}.{name} is unknown" for name in document.keys() - fields.keys()}
    required = {name for name, kind in fields.items() if not is_optional(kind)}
    if "object" in fields:
        found |= {f"{path}.{name} is missing" for name in required - document.keys()}
    for name, value in document.items():
        inner = getattr(cls, "_inner_class_types", {}).get(name)
        if inner is None:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict):
                found |= differences(inner, child, f"{path}.{name}")
    return found


def test_every_object_has_the_declared_fields() -> None:
    """A field that the SDK does not know, or a required one that is missing, would teach our gateway a wrong shape."""
    account = a_busy_account().stripe
    documents = [*account.store.objects.values(), *account.events]

    found = {
        d for document in documents for d in differences(CLASSES[document["object"]], document, document["object"])
    }

    assert set() == found
    assert CLASSES.keys() == {document["object"] for document in documents}
