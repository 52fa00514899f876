"""Stripe: reads invoices, charges them, looks up what became of a charge, and closes what is not to be collected.

The SDK's own retries are off: Temporal retries, under the same idempotency key. An exception never carries Stripe's
message, because that may name the customer, and failures stay in the workflow's history.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import stripe
from stripe.params import InvoicePayParams

from domain.case import NO_PAYMENT_METHOD, ChargeOutcome
from domain.declines import RawDecline
from domain.invoice import InvoiceState
from gateways import stripe_fields as fields
from gateways import stripe_shapes as shapes
from gateways.http_errors import header, never_reached, retry_after
from gateways.ports.payments import ChargeAnswer, InvoiceSnapshot
from gateways.ports.rows import CustomerRow
from gateways.ports.trouble import NotFound, ProviderMisuse, ProviderTrouble

# Stripe resolves at most four levels of a path. `payments` is left out of an answer unless it is asked for.
_EXPAND = [
    "default_payment_method",
    "parent.subscription_details.subscription.default_payment_method",
    "customer.invoice_settings.default_payment_method",
    "payments.data.payment.payment_intent",
]
# A charge that was refused, whatever HTTP status that comes with: bank debits and authentication use 400 as well.
_REFUSED_PAYMENT = frozenset(
    {
        fields.REQUIRES_ACTION,
        "account_closed",
        "authentication_required",
        "bank_account_restricted",
        "billing_invalid_mandate",
        "card_decline_rate_limit_exceeded",
        "charge_exceeds_transaction_limit",
        "debit_not_authorized",
        "expired_payment_method",
        "india_recurring_payment_mandate_canceled",
        "no_account",
        "payment_intent_action_required",
        "payment_intent_authentication_failure",
        "payment_intent_mandate_invalid",
        "payment_method_customer_decline",
        "payment_method_provider_decline",
        "payment_method_provider_timeout",
        "payment_method_restricted",
        "refer_to_customer",
    }
)
_BUSY = frozenset({"idempotency_key_in_use", "lock_timeout", "rate_limit"})
# Stripe's times have whole seconds, and its clock may be behind ours.
_CLOCK_GRAIN = timedelta(seconds=2)
_ENDED_SUBSCRIPTION = frozenset({"canceled", "incomplete_expired"})

T = TypeVar("T")


class StripePayments:
    """`ports.Payments` over Stripe's API. Safe to be shared by threads."""

    def __init__(self, api_key: str, base_url: str, timeout: timedelta) -> None:
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": base_url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeout.total_seconds()),
        )
        # Else the SDK keeps an id in the home folder, and tells Stripe about this machine and how long calls took.
        stripe.enable_telemetry = False
        # The SDK writes whole answers into its debug log, and Stripe's messages into its info log.
        logging.getLogger("stripe").setLevel(logging.WARNING)

    def __repr__(self) -> str:
        return "StripePayments()"

    def read_invoice(self, invoice_id: str) -> InvoiceSnapshot:
        """The invoice as Stripe has it now. Raises NotFound, ProviderTrouble or ProviderMisuse."""
        return self._snapshot(self._read(invoice_id))

    def pay(self, invoice: InvoiceSnapshot, key: str) -> ChargeAnswer:
        """Charges what remains, off session, on `invoice.payment_method`. `key` makes a repeated request harmless.

        Without a payment method nothing is sent, and the answer is a decline with the code `no_payment_method`.
        After a lost answer `find_attempt` has to be asked first. A key that Stripe will not charge under any more (it
        stored a failure of its own, or the payment method changed since) is answered with `refused`.
        """
        if invoice.state is not InvoiceState.OPEN:
            return ChargeAnswer(outcome=ChargeOutcome.NOT_OPEN, invoice=invoice)
        if invoice.payment_method is None:
            nothing = RawDecline(error_code=NO_PAYMENT_METHOD, network_status="not_sent_to_network")
            return ChargeAnswer(outcome=ChargeOutcome.DECLINED, decline=nothing, invoice=invoice)
        params: InvoicePayParams = {
            "payment_method": invoice.payment_method.id,
            "off_session": True,
            "expand": _EXPAND,
        }
        try:
            answer = self._client.v1.invoices.pay(invoice.id, params, {"idempotency_key": key})
        except stripe.StripeError as error:
            if error.http_status == 402 and error.error is None:
                # Declined, but the answer was cut off: without its codes it would count as an unknown one.
                raise ProviderTrouble(f"Stripe's answer cannot be read: could not pay invoice {invoice.id}.") from None
            if error.http_status == 402 or error.code in _REFUSED_PAYMENT:
                return self._declined(error, invoice)
            if _is_spent(error) or isinstance(error, stripe.InvalidRequestError):
                return self._not_charged(error, invoice)
            raise _translated(error, f"pay invoice {invoice.id}") from None
        return self._answer(answer.to_dict())

    def find_attempt(self, invoice: InvoiceSnapshot, since: datetime) -> ChargeAnswer | None:
        """The newest charge of the invoice's default payment created at or after `since`, two seconds allowed for.

        An attempt that only asked the customer to authenticate leaves no charge and is not found; the same request
        under the same key answers it again.
        """
        current = self._read(invoice.id)
        intents = fields.intents(current)
        if not intents:
            return None
        # The default payment's intent comes first. A customer's part payment has another one.
        intent = intents[0]
        charge = self._newest_charge(str(intent["id"]), int((since - _CLOCK_GRAIN).timestamp()))
        if charge is None:
            return None
        outcome = fields.charge_outcome(charge)
        declined = outcome is ChargeOutcome.DECLINED
        return ChargeAnswer(
            outcome=outcome,
            provider_id=fields.object_id(intent),
            decline=fields.raw_decline(_error_of(intent, charge), charge) if declined else None,
            invoice=_parsed(current, charge),
        )

    def cancel_subscription(self, subscription_id: str, key: str) -> None:
        """Cancels at once, without a final invoice. A subscription that has ended already is success."""
        try:
            self._client.v1.subscriptions.cancel(subscription_id, {}, {"idempotency_key": key})
        except stripe.StripeError as error:
            if error.http_status not in (400, 404):
                raise _translated(error, f"cancel subscription {subscription_id}") from None
            # Stripe answers "no such subscription" to the cancelling of a cancelled one, but still shows it.
            found = _call(
                f"read subscription {subscription_id}",
                lambda: self._client.v1.subscriptions.retrieve(subscription_id),
            )
            if found.status not in _ENDED_SUBSCRIPTION:
                raise _translated(error, f"cancel subscription {subscription_id}") from None

    def mark_uncollectible(self, invoice_id: str, key: str) -> None:
        """Closes the invoice. One that is no longer open is success."""
        try:
            self._client.v1.invoices.mark_uncollectible(invoice_id, {}, {"idempotency_key": key})
        except stripe.StripeError as error:
            if error.http_status == 400:
                state = self.read_invoice(invoice_id).state
                if state not in (InvoiceState.OPEN, InvoiceState.DRAFT):
                    return
            raise _translated(error, f"mark invoice {invoice_id} uncollectible") from None

    def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """The invoice that a payment intent belongs to: disputes and charges do not name it."""
        found = _call(
            f"find the invoice of {payment_intent_id}",
            lambda: self._client.v1.invoice_payments.list(
                {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}, "limit": 1}
            ),
        )
        return fields.object_id(found.data[0].to_dict().get("invoice")) if found.data else None

    def read_customer(self, customer_id: str) -> CustomerRow:
        """The customer as Stripe has it now; of a deleted one only the id. Raises NotFound for an unknown one."""
        found = _call(f"read customer {customer_id}", lambda: self._client.v1.customers.retrieve(customer_id))
        return shapes.read_customer(found.to_dict())

    def _read(self, invoice_id: str) -> dict[str, Any]:
        invoice = _call(
            f"read invoice {invoice_id}", lambda: self._client.v1.invoices.retrieve(invoice_id, {"expand": _EXPAND})
        )
        return invoice.to_dict()

    def _snapshot(self, invoice: dict[str, Any]) -> InvoiceSnapshot:
        """Adds what the invoice alone does not show: the codes of its newest charge, and a source's card."""
        intent = fields.open_intent(invoice)
        error = fields.expanded(intent.get("last_payment_error"))
        charge_id = fields.object_id(error.get("charge")) or fields.object_id(intent.get("latest_charge"))
        snapshot = _parsed(invoice, self._charge(charge_id) if error and charge_id else None)
        method = fields.default_method(invoice)
        if isinstance(method, str):
            # An old-style card or source; Stripe shows it as a payment method under the same id.
            found = _call(f"read payment method {method}", lambda: self._client.v1.payment_methods.retrieve(method))
            return snapshot.model_copy(update={"payment_method": fields.read_method(found.to_dict())})
        return snapshot

    def _charge(self, charge_id: str) -> dict[str, Any]:
        return _call(f"read charge {charge_id}", lambda: self._client.v1.charges.retrieve(charge_id)).to_dict()

    def _newest_charge(self, intent_id: str, earliest: int) -> dict[str, Any] | None:
        charges = _call(
            f"list the charges of {intent_id}",
            lambda: self._client.v1.charges.list(
                {"payment_intent": intent_id, "created": {"gte": earliest}, "limit": 1}
            ),
        )
        return charges.data[0].to_dict() if charges.data else None

    def _answer(self, invoice: dict[str, Any]) -> ChargeAnswer:
        """Reads what `pay` answered without an error."""
        snapshot = _parsed(invoice, None)
        if snapshot.state is InvoiceState.PAID:
            return ChargeAnswer(outcome=ChargeOutcome.PAID, provider_id=snapshot.paid_by, invoice=snapshot)
        if answer := _pending(invoice, snapshot):
            return answer
        raise ProviderTrouble(f"Stripe accepted the payment of invoice {snapshot.id} without a result.")

    def _not_charged(self, error: stripe.StripeError, invoice: InvoiceSnapshot) -> ChargeAnswer:
        """Why nothing was charged. Stripe has no code for "already paid" and the like: only the invoice tells."""
        current = self._read(invoice.id)
        snapshot = self._snapshot(current)
        if snapshot.state is not InvoiceState.OPEN:
            return ChargeAnswer(outcome=ChargeOutcome.NOT_OPEN, provider_id=snapshot.paid_by, invoice=snapshot)
        if answer := _pending(current, snapshot):
            return answer
        if _is_spent(error):
            return ChargeAnswer(outcome=ChargeOutcome.REFUSED, invoice=snapshot)
        if snapshot.payment_method != invoice.payment_method:
            raise ProviderTrouble(f"The payment method of invoice {invoice.id} changed while it was being charged.")
        raise _translated(error, f"pay invoice {invoice.id}") from None

    def _declined(self, error: stripe.StripeError, invoice: InvoiceSnapshot) -> ChargeAnswer:
        details = dict(error.error.to_dict()) if error.error else {}
        intent = fields.expanded(details.get("payment_intent"))
        last_error = fields.expanded(intent.get("last_payment_error"))
        merged = {**last_error} | {name: value for name, value in details.items() if value is not None}
        charge_id = fields.object_id(merged.get("charge"))
        charge = None
        if charge_id:
            try:
                charge = self._charge(charge_id)
            except (ProviderTrouble, ProviderMisuse):
                # The decline is certain and must be recorded; the network's status is a detail of it.
                charge = None
        decline = fields.raw_decline(merged, charge)
        if decline.network is None and invoice.payment_method:
            decline = decline.model_copy(update={"network": invoice.payment_method.network})
        return ChargeAnswer(
            outcome=ChargeOutcome.DECLINED,
            provider_id=fields.object_id(intent) or fields.object_id((charge or {}).get("payment_intent")) or charge_id,
            decline=decline,
        )


def _parsed(invoice: dict[str, Any], charge: dict[str, Any] | None) -> InvoiceSnapshot:
    try:
        return shapes.read_invoice(invoice, charge)
    except shapes.MalformedObject as error:
        raise ProviderMisuse(f"Stripe's answer is not understood. {error}") from None


def _pending(invoice: dict[str, Any], snapshot: InvoiceSnapshot) -> ChargeAnswer | None:
    """The answer for an open invoice whose payment waits: for the bank, or for the customer."""
    intent = fields.open_intent(invoice)
    match intent.get("status"):
        case "processing":
            outcome = ChargeOutcome.PROCESSING
        case "requires_action":
            outcome = ChargeOutcome.DECLINED
        case _:
            return None
    decline = fields.intent_decline(intent) if outcome is ChargeOutcome.DECLINED else None
    return ChargeAnswer(outcome=outcome, provider_id=fields.object_id(intent), decline=decline, invoice=snapshot)


def _is_spent(error: stripe.StripeError) -> bool:
    """Whether nothing more will come of the idempotency key: Stripe repeats what it has stored for 24 hours.

    It stores its own failures too, and refuses the key with other parameters. (docs.stripe.com/idempotency)
    """
    stored = header(error.headers, "idempotent-replayed") == "true"
    return isinstance(error, stripe.IdempotencyError) or (stored and (error.http_status or 0) >= 500)


def _error_of(intent: fields.Json, charge: dict[str, Any]) -> fields.Json:
    """The intent's error, if it is about this charge and not about a later one."""
    error = fields.expanded(intent.get("last_payment_error"))
    return error if fields.object_id(error.get("charge")) == charge["id"] else {}


def _call(what: str, request: Callable[[], T]) -> T:
    try:
        return request()
    except stripe.StripeError as error:
        raise _translated(error, what) from None


def _translated(error: stripe.StripeError, what: str) -> Exception:
    """Stripe's error in the two shapes of `ports`. `what` completes "could not …" and names the object's id."""
    status = error.http_status
    if status is None or status < 400 or status >= 500 or status in (409, 429) or error.code in _BUSY:
        # Below 400: the answer was cut off or is not JSON, so that the outcome is unknown.
        reason = f"answered {status}" if status else "cannot be reached"
        return ProviderTrouble(
            f"Stripe {reason}: could not {what}.",
            retry_after(error.headers),
            not_executed=status == 429 or never_reached(error),
        )
    if status == 401:
        return ProviderMisuse("Stripe refuses the API key: check STRIPE_API_KEY.")
    if status == 403:
        return ProviderMisuse(
            f"The Stripe key may not {what}: give the key in STRIPE_API_KEY that permission, or use another."
        )
    if status == 404 or error.code == "resource_missing":
        return NotFound(
            f"Stripe does not know the id: could not {what}. Check the id and the account of STRIPE_API_KEY."
        )
    code = error.code or (error.error.type if error.error else None) or status
    return ProviderMisuse(
        f"Stripe refuses ({code}): could not {what}. See request {error.request_id} in its dashboard."
    )
