"""Stripe: reads invoices, charges them, looks up what became of a charge, and closes what is not to be collected."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import stripe

from domain.case import NO_PAYMENT_METHOD, ChargeOutcome
from domain.declines import RawDecline
from domain.invoice import InvoiceState, MethodRef
from domain.money import Money
from gateways import (
    stripe_bills,
    stripe_charges,
    stripe_methods,
    stripe_records,
    stripe_refusals,
    stripe_renewals,
)
from gateways import stripe_fields as fields
from gateways import stripe_shapes as shapes
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.payments import ChargeAnswer, InvoiceSnapshot, PaymentMethod
from gateways.ports.renewals import RenewalSnapshot
from gateways.ports.trouble import NotFound, NotUnderstood, ProviderMisuse, ProviderTrouble
from gateways.stripe_api import Declined, StripeApi, is_spent, translated
from gateways.stripe_fields import Json
from gateways.stripe_lists import StripeLists
from gateways.stripe_origin import Served
from gateways.stripe_thin import ThinEvents

# Stripe resolves at most four levels of a path. `payments` is left out of an answer unless it is asked for.
EXPAND = [
    "default_payment_method",
    "parent.subscription_details.subscription.default_payment_method",
    "customer.invoice_settings.default_payment_method",
    "payments.data.payment.payment_intent",
    "payments.data.payment.payment_record",
]
"""What each invoice is read with."""
_PAYMENTS = ["data.payment.payment_intent", "data.payment.payment_record"]
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
# Stripe's times have whole seconds, and its clock may be behind ours.
_CLOCK_GRAIN = timedelta(seconds=2)
_ENDED_SUBSCRIPTION = frozenset({"canceled", "incomplete_expired"})


class StripePayments:
    """`ports.Payments` over Stripe's API. Safe to be shared by threads."""

    def __init__(
        self, api_key: str, base_url: str, timeout: timedelta, account: str | None = None, meter: Meter = NO_METER
    ) -> None:
        """`account` is the connected account that all requests are for; None: the key's own."""
        self._api = StripeApi(api_key, base_url, timeout, account, meter)
        self.lists = StripeLists(self._api)

    def __repr__(self) -> str:
        return "StripePayments()"

    def thin_events(self, served: Served) -> ThinEvents:
        """What completes the events that only name what happened."""
        return ThinEvents(self._api, served)

    def read_invoice(self, invoice_id: str, *, with_decline: bool = False) -> InvoiceSnapshot:
        """The invoice as Stripe has it now. Raises NotFound, ProviderTrouble or ProviderMisuse."""
        return self._snapshot(self._read(invoice_id), with_decline)

    def read_renewal(self, subscription_id: str, *, with_last: bool = False) -> RenewalSnapshot | None:
        """The subscription's next renewal as it would be now; see gateways/stripe_renewals.py."""
        return stripe_renewals.read_renewal(self._api, subscription_id, self._method, with_last=with_last)

    def pay(self, invoice: InvoiceSnapshot, key: str, other: PaymentMethod | None = None) -> ChargeAnswer:
        """Charges what remains, off session, on `invoice.payment_method`, or on `other` of the customer's methods.
        `key` makes a repeated request harmless.

        Without a payment method nothing is sent, and the answer is a decline with the code `no_payment_method`.
        After a lost answer `find_attempt` has to be asked first. A key that Stripe will not charge under any more (it
        stored a failure of its own, or the payment method changed since) is answered with `key_spent`. What is refused
        because of this customer's own objects is a decline; raises ProviderMisuse for what is wrong with our request or
        account.
        """
        if invoice.state is not InvoiceState.OPEN:
            return ChargeAnswer(outcome=ChargeOutcome.NOT_OPEN, invoice=invoice)
        if other:
            invoice = invoice.model_copy(update={"payment_method": other, "without_method": False})
        if invoice.payment_method is None:
            nothing = RawDecline(error_code=NO_PAYMENT_METHOD, network_status="not_sent_to_network")
            return ChargeAnswer(outcome=ChargeOutcome.DECLINED, decline=nothing, invoice=invoice)
        try:
            answer = self._api.post(
                "invoices",
                invoice.id,
                "pay",
                key=key,
                payment_method=invoice.payment_method.id,
                off_session=True,
                expand=EXPAND,
            )
        except stripe.StripeError as error:
            if error.http_status == 402 and not isinstance(error, Declined):
                # Declined, but the answer was cut off: without its codes it would count as an unknown one.
                raise ProviderTrouble(f"Stripe's answer cannot be read: could not pay invoice {invoice.id}.") from None
            if isinstance(error, Declined) or error.code in _REFUSED_PAYMENT:
                return self._declined(error, invoice)
            if is_spent(error) or isinstance(error, stripe.InvalidRequestError):
                return self._not_charged(error, invoice, named=other is not None)
            raise translated(error, f"pay invoice {invoice.id}") from None
        return self._answer(self._whole(answer))

    def other_method(self, invoice: InvoiceSnapshot, without: Sequence[MethodRef]) -> PaymentMethod | None:
        return stripe_methods.other_method(self._api, self._read(invoice.id), without)

    def find_attempt(
        self, invoice: InvoiceSnapshot, since: datetime, fingerprint: str | None = None, key: str | None = None
    ) -> ChargeAnswer | None:
        """The charge of the invoice's default payment created at or after `since`, two seconds allowed for: the first
        one of the card or account, for later ones may be the customer's; where that is not known, the newest. `key`: of
        our request; a charge that Stripe's events give to another one is left out.

        An attempt that only asked the customer to authenticate leaves no charge and is not found; the same request
        under the same key answers it again.
        """
        current = self._read(invoice.id)
        intents = fields.intents(current)
        if not intents:
            return None
        # The default payment's intent comes first. A customer's part payment has another one.
        intent = intents[0]
        begun = {"gte": int((since - _CLOCK_GRAIN).timestamp())}
        what = f"list the charges of {intent['id']}"
        charges = list(self._api.every(what, "charges", payment_intent=intent["id"], created=begun))
        charge = fields.charge_since(charges, since, fingerprint)
        while charge and key and stripe_charges.is_of_another(self._api, charge, key):
            charges.remove(charge)
            charge = fields.charge_since(charges, since, fingerprint)
        if not charge:
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
            self._api.delete("subscriptions", subscription_id, key=key)
        except stripe.StripeError as error:
            if error.http_status not in (400, 404):
                raise translated(error, f"cancel subscription {subscription_id}") from None
            # Stripe answers "no such subscription" to the cancelling of a cancelled one, but still shows it.
            found = self._api.get(f"read subscription {subscription_id}", "subscriptions", subscription_id)
            if found.get("status") not in _ENDED_SUBSCRIPTION:
                raise translated(error, f"cancel subscription {subscription_id}") from None

    def mark_uncollectible(self, invoice_id: str, key: str) -> None:
        """Closes the invoice. One that is no longer open is success."""
        try:
            self._api.post("invoices", invoice_id, "mark_uncollectible", key=key)
        except stripe.StripeError as error:
            if error.http_status == 400:
                state = self.read_invoice(invoice_id).state
                if state not in (InvoiceState.OPEN, InvoiceState.DRAFT):
                    return
            raise translated(error, f"mark invoice {invoice_id} uncollectible") from None

    def record_payment(self, invoice: InvoiceSnapshot, amount: Money, at: datetime, key: str) -> InvoiceSnapshot:
        """Records money that came in outside Stripe: all of what remains as paid out of band, a part as a payment
        record. Nothing is charged. An invoice that is no longer open is answered as it is.

        (docs.stripe.com/api/payment-record/report-payment, docs.stripe.com/api/invoices/attach_payment)
        """
        return self._snapshot(self._whole(stripe_records.record(self._api, invoice, amount, at, key, EXPAND)))

    def retried_by_itself(self) -> list[str]:
        """Those of the newest hundred open invoices that Stripe plans to try again by itself. Raises as reading."""
        listed = self._api.get("list the open invoices", "invoices", status="open", limit=100).get("data")
        invoices = [fields.expanded(invoice) for invoice in listed] if isinstance(listed, list) else []
        planned = [invoice for invoice in invoices if (own := fields.own_tries(invoice)) and own.next_at]
        return [found for invoice in planned if (found := fields.object_id(invoice))]

    def bill_anew(self, invoice: InvoiceSnapshot, amount: Money, key: str) -> str:
        """An invoice of its own for a payment that was taken back; see gateways/stripe_bills.py."""
        return stripe_bills.bill_anew(self._api, invoice, amount, key)

    def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """The invoice that a payment intent belongs to: disputes and charges do not name it."""
        found = self._api.newest(
            f"find the invoice of {payment_intent_id}",
            "invoice_payments",
            payment={"type": "payment_intent", "payment_intent": payment_intent_id},
        )
        return fields.object_id(found.get("invoice"))

    def customer_of_charge(self, charge_id: str) -> str | None:
        """Whose charge it was: disputes of one-off payments name neither customer nor invoice."""
        return fields.object_id(self._charge(charge_id).get("customer"))

    def _read(self, invoice_id: str) -> Json:
        return self._whole(self._api.get(f"read invoice {invoice_id}", "invoices", invoice_id, expand=EXPAND))

    def _whole(self, invoice: Json) -> Json:
        """With all of its payments: an answer shows the newest handful, and the default payment is the oldest."""
        if fields.expanded(invoice.get("payments")).get("has_more") is not True:
            return invoice
        of = str(fields.object_id(invoice))
        found = self._api.every(f"read the payments of invoice {of}", "invoice_payments", invoice=of, expand=_PAYMENTS)
        return {**invoice, "payments": {"data": list(found)}}

    def _snapshot(self, invoice: Json, with_decline: bool = False) -> InvoiceSnapshot:
        """Adds what the invoice alone does not show: a source's card and, if wanted, its newest charge's codes."""
        charge = self._failed_charge(invoice) if with_decline else None
        snapshot = _parsed(invoice, charge)
        method = fields.default_method(invoice)
        if isinstance(method, str):
            # An old-style card or source; Stripe shows it as a payment method under the same id.
            return snapshot.model_copy(update={"payment_method": self._method(method)})
        return snapshot

    def _method(self, method_id: str) -> PaymentMethod | None:
        try:
            found = self._api.get(f"read payment method {method_id}", "payment_methods", method_id)
        except NotFound:
            return None  # still named as the default, and gone
        return fields.read_method(fields.chargeable(found))

    def _failed_charge(self, invoice: Json) -> Json | None:
        intent = fields.open_intent(invoice)
        error = fields.expanded(intent.get("last_payment_error"))
        charge_id = fields.object_id(error.get("charge")) or fields.object_id(intent.get("latest_charge"))
        return self._charge(charge_id) if error and charge_id else None

    def _charge(self, charge_id: str) -> Json:
        return self._api.get(f"read charge {charge_id}", "charges", charge_id)

    def _answer(self, invoice: Json) -> ChargeAnswer:
        """Reads what `pay` answered without an error."""
        snapshot = _parsed(invoice, None)
        if snapshot.state is InvoiceState.PAID:
            return ChargeAnswer(outcome=ChargeOutcome.PAID, provider_id=snapshot.paid_by, invoice=snapshot)
        if answer := _pending(invoice, snapshot):
            return answer
        raise ProviderTrouble(f"Stripe accepted the payment of invoice {snapshot.id} without a result.")

    def _not_charged(self, error: stripe.StripeError, invoice: InvoiceSnapshot, *, named: bool) -> ChargeAnswer:
        """Why nothing was charged. Stripe has no code for "already paid" and the like: only the invoice tells. `named`:
        another method than the invoice's own was to be charged."""
        current = self._read(invoice.id)
        snapshot = self._snapshot(current)
        if snapshot.state is not InvoiceState.OPEN:
            return ChargeAnswer(outcome=ChargeOutcome.NOT_OPEN, provider_id=snapshot.paid_by, invoice=snapshot)
        if answer := _pending(current, snapshot):
            return answer
        if is_spent(error):
            return ChargeAnswer(outcome=ChargeOutcome.KEY_SPENT, invoice=snapshot)
        if not named and snapshot.payment_method and snapshot.payment_method != invoice.payment_method:
            raise ProviderTrouble(f"The payment method of invoice {invoice.id} changed while it was being charged.")
        if stripe_refusals.is_of_customer(error):
            decline = stripe_refusals.refusal(error, invoice)
            return ChargeAnswer(outcome=ChargeOutcome.DECLINED, decline=decline, invoice=snapshot)
        raise translated(error, f"pay invoice {invoice.id}") from None

    def _declined(self, error: stripe.StripeError, invoice: InvoiceSnapshot) -> ChargeAnswer:
        details = fields.expanded(fields.expanded(error.json_body).get("error"))
        intent = fields.expanded(details.get("payment_intent"))
        last_error = fields.expanded(intent.get("last_payment_error"))
        merged = {**last_error} | {name: value for name, value in details.items() if value is not None}
        if intent.get("status") == "requires_action":
            merged |= {"code": fields.action_error(intent)["code"]}
        charge_id = fields.object_id(merged.get("charge"))
        charge = None
        if charge_id:
            try:
                charge = self._charge(charge_id)
            except (ProviderTrouble, ProviderMisuse):
                # The decline is certain and must be recorded; the network's status is a detail of it.
                charge = None
        decline = fields.raw_decline(merged, charge)
        if method := invoice.payment_method:
            known = {"network": decline.network or method.network, "method": decline.method or method.ref}
            decline = decline.model_copy(update=known)
        return ChargeAnswer(
            outcome=ChargeOutcome.DECLINED,
            provider_id=fields.object_id(intent) or fields.object_id((charge or {}).get("payment_intent")) or charge_id,
            decline=decline,
        )


def _parsed(invoice: Json, charge: Json | None) -> InvoiceSnapshot:
    try:
        return shapes.read_invoice(invoice, charge)
    except shapes.MalformedObject as error:
        raise NotUnderstood(f"Stripe's answer is not understood. {error}") from None


def _pending(invoice: Json, snapshot: InvoiceSnapshot) -> ChargeAnswer | None:
    """The answer for an open invoice whose payment waits: for the bank, or for the customer."""
    intent = fields.open_intent(invoice)
    match intent.get("status"):
        case "processing":
            outcome = ChargeOutcome.PROCESSING
        case "requires_action":
            outcome = ChargeOutcome.DECLINED
        case _:
            return None
    decline = fields.raw_decline(fields.action_error(intent)) if outcome is ChargeOutcome.DECLINED else None
    return ChargeAnswer(outcome=outcome, provider_id=fields.object_id(intent), decline=decline, invoice=snapshot)


def _error_of(intent: Json, charge: Json) -> Json:
    """The intent's error, if it is about this charge and not about a later one."""
    error = fields.expanded(intent.get("last_payment_error"))
    return error if fields.object_id(error.get("charge")) == charge["id"] else {}
