"""A payment that was taken back, billed anew: an invoice of its own.

A paid invoice stays paid, whatever becomes of its payment, and takes no other one
(docs.stripe.com/invoicing/integration/workflow-transitions). So what is owed again needs another invoice: of the same
subscription, whose cycle and events that leaves alone (API reference: `subscription` of "create an invoice").
"""

from typing import Any

import stripe

from domain.money import Money
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.trouble import RequestRefused
from gateways.stripe_api import StripeApi, is_spent, translated
from gateways.stripe_fields import Json, expanded, object_id

_KEY, _REPLACES = "dunning_key", "dunning_replaces"
_KEYS = 3
"""Under how many keys one request is made whose failure Stripe has stored: it did nothing, else it were found."""


def bill_anew(api: StripeApi, invoice: InvoiceSnapshot, amount: Money, key: str) -> str:
    """The id of the open invoice over this amount, the same one for the same key, however old that is.

    Stripe neither charges it nor sends it by itself. Raises NotFound, ProviderTrouble or ProviderMisuse; the same call
    may then be made again.
    """
    what = f"bill anew what was taken back of invoice {invoice.id}"
    bill = _known(api, invoice.customer_id, key, what)
    try:
        bill = bill or _draft(api, invoice, amount, key)
        return _finished(api, invoice, bill, amount, key, what)
    except stripe.StripeError as error:
        raise translated(error, what) from None


def _known(api: StripeApi, customer_id: str, key: str, what: str) -> Json | None:
    """The one that an earlier run has made: idempotency keys are forgotten after a day, metadata is not."""
    bills = api.every(what, "invoices", customer=customer_id)
    return next((bill for bill in bills if expanded(bill.get("metadata")).get(_KEY) == key), None)


def _draft(api: StripeApi, invoice: InvoiceSnapshot, amount: Money, key: str) -> Json:
    subscription = {"subscription": invoice.subscription_id} if invoice.subscription_id else {}
    return _post(
        api,
        "invoices",
        key=key,
        customer=invoice.customer_id,
        currency=amount.currency.lower(),
        collection_method="charge_automatically",
        auto_advance=False,
        pending_invoice_items_behavior="exclude",
        metadata={_KEY: key, _REPLACES: invoice.id},
        **subscription,
    )


def _finished(api: StripeApi, invoice: InvoiceSnapshot, bill: Json, amount: Money, key: str, what: str) -> str:
    bill_id = object_id(bill) or ""
    if bill.get("status") == "draft":
        if not bill.get("total"):
            _add_line(api, invoice, bill_id, amount, key)
        total = api.get(what, "invoices", bill_id).get("total")
        if total != amount.amount:
            raise RequestRefused(
                f"The new invoice {bill_id} for {amount} of invoice {invoice.id} comes to {total}: Stripe adds "
                "something to it, such as a tax. Correct it there and finalize it, or delete it."
            )
        _post(api, "invoices", bill_id, "finalize", key=f"{key}:final", auto_advance=False)
    return bill_id


def _add_line(api: StripeApi, invoice: InvoiceSnapshot, bill_id: str, amount: Money, key: str) -> None:
    _post(
        api,
        "invoiceitems",
        key=f"{key}:item",
        customer=invoice.customer_id,
        invoice=bill_id,
        amount=amount.amount,
        currency=amount.currency.lower(),
        description=f"Payment of invoice {invoice.number or invoice.id}, which was taken back",
        discountable=False,  # what was owed is owed: a coupon of today has nothing to do with it
    )


def _post(api: StripeApi, *path: str, key: str, **params: Any) -> Json:
    """As `StripeApi.post`, under the next key where Stripe only repeats a failure of its own."""
    for number in range(1, _KEYS):
        try:
            return api.post(*path, key=key if number == 1 else f"{key}:{number}", **params)
        except stripe.StripeError as error:
            if not is_spent(error):
                raise
    return api.post(*path, key=f"{key}:{_KEYS}", **params)
