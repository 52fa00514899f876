"""Stripe's objects by id: reading with `expand`, and recording of events."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.providers.journal import Journal, Json, copied
from sandbox.providers.stripe_objects import API_VERSION

_HANDFUL = 10
MAX_EXPAND_DEPTH = 4

_NOUNS = {
    "invoice": "invoice",
    "customer": "customer",
    "charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "PaymentMethod",
    "payment_record": "payment record",
    "subscription": "subscription",
    "event": "event",
    "dispute": "dispute",
    "webhook_endpoint": "webhook endpoint",
}

_PAYMENTS = ("charge", "payment_intent", "payment_record")


class StripeFailure(Exception):
    """An answer that Stripe gives in place of an object. `body` is the content of `error`."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(body["message"])
        self.status = status
        self.body = body


def invalid_request(message: str, *, status: int = 400, **fields: str) -> StripeFailure:
    return StripeFailure(status, {"message": message, "type": "invalid_request_error", **fields})


@dataclass
class Cause:
    """The API request behind a change; the default one stands for Stripe itself, the dashboard or the customer.

    executed: whether the endpoint began its work, so that Stripe stores the answer under the idempotency key.
    origin:   api, automatic (Stripe's own attempts), customer (hosted invoice page) or engine (another program's
              API calls).
    """

    request_id: str | None = None
    key: str | None = None
    origin: str = "automatic"
    executed: bool = False


class StripeStore:
    """All objects of the account. Callers hold the journal's lock."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.objects: dict[str, Json] = {}
        self.events: list[Json] = []
        self.livemode = False
        self.accounts: dict[str, str] = {}
        """Connected accounts by the ids of the customers that belong to them."""
        self._events_by_id: dict[str, Json] = {}
        # Ids by kind, and by kind and the object that they belong to: a list must not look at the whole account.
        self._ids: defaultdict[tuple[str, str | None], dict[str, None]] = defaultdict(dict)

    def put(self, obj: Json) -> Json:
        if "livemode" in obj:
            obj["livemode"] = self.livemode
        self.objects[obj["id"]] = obj
        for owner in (None, *_owners(obj)):
            self._ids[obj["object"], owner][obj["id"]] = None
        return obj

    def take_out(self, id_: str) -> Json:
        """Makes the account forget an object, until it is `put` back."""
        obj = self.objects.pop(id_)
        for owner in (None, *_owners(obj)):
            self._ids[obj["object"], owner].pop(id_, None)
        return obj

    def get(self, kind: str, id_: str, param: str = "id", status: int = 404) -> Json:
        """The live object (not a copy). Raises Stripe's `resource_missing` if there is none of that kind."""
        obj = self.objects.get(id_)
        if obj is None or obj["object"] != kind:
            raise invalid_request(
                f"No such {_NOUNS.get(kind, kind)}: '{id_}'",
                status=status,
                code="resource_missing",
                doc_url="https://docs.stripe.com/error-codes/resource-missing",
                param=param,
            )
        return obj

    def event(self, id_: str) -> Json:
        """The event. Raises Stripe's `resource_missing` if there is none."""
        return self._events_by_id[id_] if id_ in self._events_by_id else self.get("event", id_)

    def of_kind(self, kind: str, owner: str | None = None) -> list[Json]:
        """All objects of a kind, the newest last; of one invoice, payment intent, charge or customer if `owner` names
        it."""
        return [self.objects[id_] for id_ in self._ids.get((kind, owner), ())]

    def payments_of(self, invoice_id: str) -> list[Json]:
        """The invoice's payments, the newest first."""
        return self.of_kind("invoice_payment", invoice_id)[::-1]

    def default_payment(self, invoice_id: str) -> Json:
        return next(p for p in self.payments_of(invoice_id) if p["is_default"])

    def invoice_of_intent(self, intent_id: str) -> str | None:
        return next((p["invoice"] for p in self.of_kind("invoice_payment", intent_id)), None)

    def paid_off_stripe(self, invoice_id: str) -> int:
        """Minor units that came in elsewhere: the paid payments of the invoice that are payment records."""
        paid = (p for p in self.payments_of(invoice_id) if p["payment"]["type"] == "payment_record")
        return sum(p["amount_paid"] or 0 for p in paid)

    def customer_of(self, obj: Json) -> str:
        """The customer whom an object is about; empty: nobody."""
        if obj["object"] == "customer":
            return str(obj["id"])
        if obj.get("customer"):
            return str(obj["customer"])
        named = obj.get("invoice") or obj.get("charge")
        return str(self.objects[named]["customer"]) if named in self.objects else ""

    def account_of(self, obj: Json) -> str | None:
        """The connected account (Connect) to which the object belongs, by its customer."""
        owner = obj["id"] if obj["object"] == "customer" else obj.get("customer")
        return self.accounts.get(str(owner))

    def methods_of(self, customer_id: str) -> list[Json]:
        """The payment methods that are attached to the customer now, the newest last."""
        return [m for m in self.of_kind("payment_method", customer_id) if m["customer"] == customer_id]

    def subscription_of(self, invoice: Json) -> Json | None:
        parent = invoice["parent"]
        return self.objects[parent["subscription_details"]["subscription"]] if parent else None

    def view(self, obj: Json, expand: Sequence[str] = ()) -> Json:
        """A copy of the object as the API shows it, with the `expand` paths resolved."""
        seen: Json = copied(obj)
        for path in expand:
            parts = path.split(".")
            if len(parts) > MAX_EXPAND_DEPTH:
                raise invalid_request(
                    f"You cannot expand more than {MAX_EXPAND_DEPTH} levels of a property. Property: {path}",
                    code="property_expansion_max_depth",
                )
            self._expand(seen, parts, path)
        return seen

    def _expand(self, node: Json, parts: Sequence[str], path: str) -> None:
        name, *rest = parts
        if name == "payments" and node.get("object") == "invoice":
            # Includable property: absent unless it is asked for.
            node.setdefault("payments", self._payment_list(node["id"]))
        elif name == "confirmation_secret" and node.get("object") == "invoice":
            node["confirmation_secret"] = self._confirmation_secret(node["id"])
        elif name == "amount_paid_off_stripe" and node.get("object") == "invoice":
            # Includable too, and never part of an event (changelog dahlia 2026-05-27; the SDK's types say Optional,
            # though the OpenAPI description of 2026-08-26 lists it as required).
            node["amount_paid_off_stripe"] = self.paid_off_stripe(node["id"])
        elif node.get("deleted") or (name in _PAYMENTS and node.get("type") in _PAYMENTS and name not in node):
            # A deleted customer has nothing left; a payment is a payment intent or something else.
            return
        elif name not in node:
            raise invalid_request(f"This property cannot be expanded ({path}).", code="property_expansion_not_allowed")
        value = node[name]
        if isinstance(value, str) and value in self.objects:
            value = node[name] = copied(self.objects[value])
        if rest:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, dict):
                    self._expand(child, rest, path)

    def _payment_list(self, invoice_id: str) -> Json:
        return {
            "object": "list",
            # "The first handful": how many, only the list's own default says (docs.stripe.com/api/pagination).
            "data": copied(self.payments_of(invoice_id)[:_HANDFUL]),
            "has_more": len(self.payments_of(invoice_id)) > _HANDFUL,
            "url": "/v1/invoice_payments",
        }

    def _confirmation_secret(self, invoice_id: str) -> Json:
        intent = self.objects[self.default_payment(invoice_id)["payment"]["payment_intent"]]
        return {"client_secret": intent["client_secret"], "type": "payment_intent"}

    def emit(self, type_: str, obj: Json, cause: Cause, previous: Json | None = None) -> Json:
        """Record an event with the object as it is now. `previous` holds the old values of what changed."""
        data: Json = {"object": copied(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Json = {
            "id": self.journal.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.journal.timestamp(),
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": {"id": cause.request_id, "idempotency_key": cause.key},
            "type": type_,
        }
        if account := self.account_of(obj):
            event["account"] = account
        self.events.append(event)
        self._events_by_id[event["id"]] = event
        return event


def _owners(obj: Json) -> list[str]:
    """The objects by which the API lists this one. They stay the same for its whole life, but for a payment method
    that is detached (`methods_of` looks again)."""
    match obj["object"]:
        case "invoice_payment":
            kind = obj["payment"]["type"]
            return [obj["invoice"], obj["payment"][kind]]
        case "charge":
            return [obj["payment_intent"], obj["customer"]]
        case "dispute":
            return [obj["charge"], obj["payment_intent"]]
        case "setup_intent":
            return [obj["payment_method"], obj["customer"]]
        case "invoice" | "subscription" | "payment_method":
            return [obj["customer"]]
        case _:
            return []
