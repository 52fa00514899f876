"""The calls that dunning makes at Stripe: which parameters each takes, and what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.providers.journal import Json
from sandbox.providers.stripe_hooks import KIND, shown
from sandbox.providers.stripe_lists import EVENTS_KEPT_FOR, LIST_PARAMS, MOST_TYPES, in_range, page
from sandbox.providers.stripe_renewals import upcoming
from sandbox.providers.stripe_store import Cause, invalid_request
from sandbox.providers.stripe_thin import snapshot_id, thin_event
from sandbox.providers.stripe_world import StripeWorld

Params = Mapping[str, str]
Handler = Callable[[StripeWorld, Cause, Mapping[str, str], Params], Json]


@dataclass(frozen=True)
class Endpoint:
    """One call. `params` are the accepted parameters; `nested` the accepted prefixes before a bracket."""

    method: str
    path: str
    handler: Handler
    params: frozenset[str] = frozenset()
    nested: frozenset[str] = frozenset()


def _read(kind: str, param: str = "id") -> Handler:
    def handler(world: StripeWorld, _: Cause, path: Mapping[str, str], __: Params) -> Json:
        return world.store.get(kind, path["id"], param)

    return handler


def _pay(world: StripeWorld, cause: Cause, path: Mapping[str, str], params: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    if params.get("paid_out_of_band") == "true":
        world.payments.pay_out_of_band(invoice, cause)
    else:
        world.payments.collect(invoice, cause, payment_method=params.get("payment_method"))
    return invoice


def _preview(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    if "subscription" not in params:
        raise invalid_request("The stand-in previews the renewal of a subscription only: give subscription.")
    subscription = world.store.get("subscription", params["subscription"], param="subscription")
    return {"id": f"upcoming_{world.journal.new_id('in')}", **upcoming(world.store, subscription)}


def _draft_invoice(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    return world.drafts.create(params)


def _add_item(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    return world.drafts.add_item(params)


def _finalize(world: StripeWorld, cause: Cause, path: Mapping[str, str], params: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    world.drafts.finalize(invoice, cause, auto_advance=params.get("auto_advance") == "true")
    return invoice


def _void(world: StripeWorld, cause: Cause, path: Mapping[str, str], _: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    world.billing.void(invoice, cause)
    return invoice


def _mark_uncollectible(world: StripeWorld, cause: Cause, path: Mapping[str, str], _: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    world.billing.mark_uncollectible(invoice, cause)
    return invoice


def _cancel_subscription(world: StripeWorld, cause: Cause, path: Mapping[str, str], params: Params) -> Json:
    subscription = world.store.get("subscription", path["id"])
    world.subscriptions.cancel(subscription, cause, comment=params.get("cancellation_details[comment]"))
    return subscription


def _report_payment(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    return world.records.report(params)


def _attach_payment(world: StripeWorld, cause: Cause, path: Mapping[str, str], params: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    if "payment_record" not in params:
        raise invalid_request("The stand-in attaches payment records only: give payment_record.")
    record = world.store.get("payment_record", params["payment_record"], param="payment_record", status=400)
    world.records.attach(invoice, record, cause)
    return invoice


def _list_invoice_payments(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    wanted_invoice = params.get("invoice")
    wanted_payment = params.get("payment[payment_intent]") or params.get("payment[payment_record]")
    found = [
        p
        for p in reversed(world.store.of_kind("invoice_payment", wanted_payment or wanted_invoice))
        if wanted_invoice in (None, p["invoice"])
        and wanted_payment in (None, p["payment"][p["payment"]["type"]])
        and params.get("status") in (None, p["status"])
    ]
    return page(world.store, "invoice_payment", found, "/v1/invoice_payments", params)


def _list_charges(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    found = [
        c
        for c in reversed(world.store.of_kind("charge", params.get("payment_intent") or params.get("customer")))
        if params.get("payment_intent") in (None, c["payment_intent"])
        and params.get("customer") in (None, c["customer"])
        and in_range(c["created"], params)
    ]
    return page(world.store, "charge", found, "/v1/charges", params)


def _list_disputes(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    found = [
        d
        for d in reversed(world.store.of_kind("dispute", params.get("charge") or params.get("payment_intent")))
        if params.get("payment_intent") in (None, d["payment_intent"]) and in_range(d["created"], params)
    ]
    return page(world.store, "dispute", found, "/v1/disputes", params)


def _list_methods(world: StripeWorld, _: Cause, path: Mapping[str, str], params: Params) -> Json:
    customer = path.get("id") or params.get("customer")
    if customer is None:
        raise invalid_request("The stand-in lists a customer's payment methods only: give customer.")
    if world.store.get("customer", customer, param="customer").get("deleted"):
        raise invalid_request(f"No such customer: '{customer}'", status=404, code="resource_missing", param="customer")
    found = [m for m in reversed(world.store.methods_of(customer)) if params.get("type") in (None, m["type"])]
    return page(world.store, "payment_method", found, f"/v1/customers/{customer}/payment_methods", params)


def _list_setups(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    owner = params.get("payment_method") or params.get("customer")
    found = [
        s
        for s in reversed(world.store.of_kind("setup_intent", owner))
        if params.get("customer") in (None, s["customer"]) and in_range(s["created"], params)
    ]
    return page(world.store, "setup_intent", found, "/v1/setup_intents", params)


def _list_invoices(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    found = [
        i
        for i in reversed(world.store.of_kind("invoice", params.get("customer")))
        if params.get("status") in (None, i["status"]) and in_range(i["created"], params)
        if params.get("subscription") in (None, (world.store.subscription_of(i) or {}).get("id"))
    ]
    return page(world.store, "invoice", found, "/v1/invoices", params)


def _list_events(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    types = {value for name, value in params.items() if name.partition("[")[0] == "types"}
    if types and "type" in params:
        raise invalid_request("You may only specify one of these parameters: type, types.")
    if len(types) > MOST_TYPES:
        raise invalid_request(f"Array types exceeded maximum {MOST_TYPES} allowed elements.", param="types")
    types |= {params["type"]} if "type" in params else set()
    kept_since = world.journal.timestamp() - int(EVENTS_KEPT_FOR.total_seconds())
    found = [
        e
        for e in reversed(world.store.events)
        if e["created"] >= kept_since and (not types or e["type"] in types) and in_range(e["created"], params)
    ]
    if "delivery_success" in params:
        late = world.webhooks.undelivered()
        found = [e for e in found if (e["id"] not in late) == (params["delivery_success"] == "true")]
    return page(world.store, "event", found, "/v1/events", params)


def _read_event(world: StripeWorld, _: Cause, path: Mapping[str, str], __: Params) -> Json:
    return world.store.event(path["id"])


def _make_hook(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    return world.webhooks.endpoints.create(params)


def _change_hook(world: StripeWorld, _: Cause, path: Mapping[str, str], params: Params) -> Json:
    return world.webhooks.endpoints.update(path["id"], params)


def _delete_hook(world: StripeWorld, _: Cause, path: Mapping[str, str], __: Params) -> Json:
    return world.webhooks.endpoints.delete(path["id"])


def _read_hook(world: StripeWorld, _: Cause, path: Mapping[str, str], __: Params) -> Json:
    return shown(world.store.get(KIND, path["id"], "webhook_endpoint"))


def _list_hooks(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    found = [shown(endpoint) for endpoint in reversed(world.webhooks.endpoints.all())]
    return page(world.store, KIND, found, "/v1/webhook_endpoints", params)


def _read_thin_event(world: StripeWorld, _: Cause, path: Mapping[str, str], __: Params) -> Json:
    return thin_event(world.store.event(snapshot_id(path["id"])))


ENDPOINTS = [
    Endpoint(
        "GET",
        "/v1/invoices",
        _list_invoices,
        LIST_PARAMS | {"customer", "status", "subscription"},
        frozenset({"created"}),
    ),
    Endpoint("GET", "/v1/invoices/{id}", _read("invoice", "invoice")),
    Endpoint(
        "POST",
        "/v1/invoices",
        _draft_invoice,
        frozenset(
            {
                "customer",
                "currency",
                "subscription",
                "collection_method",
                "auto_advance",
                "pending_invoice_items_behavior",
                "description",
            }
        ),
        frozenset({"metadata"}),
    ),
    Endpoint(
        "POST",
        "/v1/invoiceitems",
        _add_item,
        frozenset({"customer", "invoice", "amount", "currency", "description", "discountable"}),
    ),
    Endpoint("POST", "/v1/invoices/create_preview", _preview, frozenset({"subscription"})),
    Endpoint("POST", "/v1/invoices/{id}/finalize", _finalize, frozenset({"auto_advance"})),
    Endpoint(
        "POST",
        "/v1/invoices/{id}/pay",
        _pay,
        frozenset({"payment_method", "off_session", "paid_out_of_band", "forgive", "mandate", "source"}),
    ),
    Endpoint("POST", "/v1/invoices/{id}/void", _void),
    Endpoint("POST", "/v1/invoices/{id}/mark_uncollectible", _mark_uncollectible),
    Endpoint(
        "GET",
        "/v1/invoice_payments",
        _list_invoice_payments,
        LIST_PARAMS | {"invoice", "status"},
        frozenset({"payment"}),
    ),
    Endpoint("POST", "/v1/invoices/{id}/attach_payment", _attach_payment, frozenset({"payment_record"})),
    Endpoint(
        "POST",
        "/v1/payment_records/report_payment",
        _report_payment,
        frozenset({"customer_presence", "description", "initiated_at", "outcome"}),
        frozenset(
            {
                "amount_requested",
                "customer_details",
                "failed",
                "guaranteed",
                "metadata",
                "payment_method_details",
                "processor_details",
                "shipping_details",
            }
        ),
    ),
    Endpoint("GET", "/v1/payment_records/{id}", _read("payment_record")),
    Endpoint("GET", "/v1/invoice_payments/{id}", _read("invoice_payment")),
    Endpoint("GET", "/v1/payment_intents/{id}", _read("payment_intent", "intent")),
    Endpoint(
        "GET",
        "/v1/charges",
        _list_charges,
        LIST_PARAMS | {"payment_intent", "customer"},
        frozenset({"created"}),
    ),
    Endpoint("GET", "/v1/charges/{id}", _read("charge")),
    Endpoint("GET", "/v1/customers/{id}", _read("customer")),
    Endpoint("GET", "/v1/customers/{id}/payment_methods", _list_methods, LIST_PARAMS | {"type"}),
    Endpoint("GET", "/v1/payment_methods", _list_methods, LIST_PARAMS | {"customer", "type"}),
    Endpoint("GET", "/v1/payment_methods/{id}", _read("payment_method")),
    Endpoint(
        "GET",
        "/v1/setup_intents",
        _list_setups,
        LIST_PARAMS | {"customer", "payment_method"},
        frozenset({"created"}),
    ),
    Endpoint("GET", "/v1/setup_intents/{id}", _read("setup_intent", "intent")),
    Endpoint("GET", "/v1/disputes", _list_disputes, LIST_PARAMS | {"charge", "payment_intent"}, frozenset({"created"})),
    Endpoint("GET", "/v1/disputes/{id}", _read("dispute")),
    Endpoint("GET", "/v1/subscriptions/{id}", _read("subscription")),
    Endpoint(
        "DELETE",
        "/v1/subscriptions/{id}",
        _cancel_subscription,
        frozenset({"invoice_now", "prorate"}),
        frozenset({"cancellation_details"}),
    ),
    Endpoint(
        "GET",
        "/v1/events",
        _list_events,
        LIST_PARAMS | {"type", "delivery_success"},
        frozenset({"types", "created"}),
    ),
    Endpoint("GET", "/v1/events/{id}", _read_event),
    Endpoint("GET", "/v2/core/events/{id}", _read_thin_event),
    Endpoint("GET", "/v1/webhook_endpoints", _list_hooks, LIST_PARAMS),
    Endpoint(
        "POST",
        "/v1/webhook_endpoints",
        _make_hook,
        frozenset({"url", "api_version", "connect", "description"}),
        frozenset({"enabled_events", "metadata"}),
    ),
    Endpoint("GET", "/v1/webhook_endpoints/{id}", _read_hook),
    Endpoint(
        "POST",
        "/v1/webhook_endpoints/{id}",
        _change_hook,
        frozenset({"url", "disabled", "description"}),
        frozenset({"enabled_events", "metadata"}),
    ),
    Endpoint("DELETE", "/v1/webhook_endpoints/{id}", _delete_hook),
]
