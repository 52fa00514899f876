"""What the activities expect of the payment provider."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import Field

from domain.base import Frozen
from domain.case import ChargeOutcome
from domain.declines import RawDecline
from domain.invoice import NO_METHOD, InvoiceNow, InvoiceState, MethodRef, SubscriptionState
from domain.money import Money
from domain.retries import OwnTries
from gateways.ports.rows import CustomerRow


class PaymentMethod(Frozen):
    """A payment method as far as the rules need it."""

    id: str
    network: str | None = None  # card brand in lower case, or a `Rail`; None where it is neither
    fingerprint: str | None = None  # the same card or account has the same one, whichever customer saved it
    country: str | None = None  # ISO 3166-1 alpha-2, where it was issued
    expiry: str | None = None  # of a card: "12/2031"
    last4: str | None = None  # the end of the card's or the account's number

    @property
    def ref(self) -> MethodRef:
        """What the case knows of it."""
        return MethodRef(
            id=self.id,
            fingerprint=self.fingerprint,
            expiry=self.expiry,
            network=self.network,
            country=self.country,
        )


class Line(Frozen):
    """One thing that the invoice bills, in the merchant's words."""

    description: str
    start: datetime | None = None  # of what it is for, UTC
    end: datetime | None = None


class InvoiceSnapshot(Frozen):
    """An invoice as the provider has it now."""

    id: str
    number: str | None
    state: InvoiceState
    currency: str
    amount: Money  # what was to be paid at first: the total, less or more by the customer's balance
    remaining: Money
    paid: Money | None = None  # all that has come in, here and elsewhere; None: not to be seen
    total: Money | None = None  # what the invoice says, before any balance; None: as `amount`
    lines: tuple[Line, ...] = ()  # what costs something; credits are left out
    tax: Money | None = None  # in the total, if the invoice states any
    customer_id: str
    subscription_id: str | None = None
    verifying: bool | None = None  # its payment waits until the customer has confirmed small deposits
    transfer: bool | None = None  # its payment waits for a bank transfer that the customer chose to send
    voucher: bool | None = None  # its payment waits until one that the customer took is paid in cash, or expires
    verify_url: str | None = None  # the provider's page for that, if it has one
    pay_url: str | None = None  # the provider's hosted page, fresh at the time of reading
    payment_method: PaymentMethod | None = None  # what the next charge would be made on
    without_method: bool = False  # it was to be seen that there is none, or that it was detached
    # Of the invoice's newest payment, if that failed: some codes, and all with the time if read `with_decline`.
    last_decline: RawDecline | None = None
    last_failed_at: datetime | None = None
    paid_by: str | None = None  # id of the payment that paid it, if it is paid
    outside: Money | None = None  # of one that is paid: what of it came in outside the provider
    overpaid: Money | None = None  # what came in beyond what was due
    sent: bool | None = None  # to be paid by the customer on demand, by `due_at`; None: not to be seen, as below
    due_at: datetime | None = None  # UTC
    subscription: SubscriptionState | None = None
    paying: bool | None = None  # a payment of it is on its way, whoever began it
    tries: OwnTries | None = None  # the provider's own, by its plan
    replaced: bool = False  # a corrected invoice has taken its place, which is owed instead
    # As the provider states them now; of a deleted one only the id. None where the invoice shows no more than that.
    customer: CustomerRow | None = Field(default=None, repr=False)
    customer_deleted: bool | None = None

    @property
    def now(self) -> InvoiceNow:
        """What of it decides about every effect."""
        return InvoiceNow(
            state=self.state,
            remaining=self.remaining,
            paid=self.paid,
            paying=self.paying,
            verifying=self.verifying,
            voucher=self.voucher,
            transfer=self.transfer,
            sent=self.sent,
            due_at=self.due_at,
            subscription=self.subscription,
            customer_deleted=self.customer_deleted,
            tries=self.tries,
            method=NO_METHOD if self.without_method else self.payment_method.ref if self.payment_method else None,
        )


class ChargeAnswer(Frozen):
    """The provider's answer to one charge attempt."""

    outcome: ChargeOutcome
    provider_id: str | None = None  # payment or charge id
    decline: RawDecline | None = None
    invoice: InvoiceSnapshot | None = None  # as the answer shows it, when it does


class Payments(Protocol):
    """Stripe."""

    def read_invoice(self, invoice_id: str, *, with_decline: bool = False) -> InvoiceSnapshot:
        """The invoice as it is now. `with_decline`: with all that is known of its newest payment's failure, which
        costs one more request."""

    def pay(self, invoice: InvoiceSnapshot, key: str, other: PaymentMethod | None = None) -> ChargeAnswer:
        """Charges what remains, off session, on the invoice's payment method or on `other`, under idempotency key
        `key`."""

    def other_method(self, invoice: InvoiceSnapshot, without: Sequence[MethodRef]) -> PaymentMethod | None:
        """Another card of the customer's that was saved for payments without them, for any invoice, and is none of
        `without`; None: there is none."""

    def find_attempt(
        self, invoice: InvoiceSnapshot, since: datetime, fingerprint: str | None = None, key: str | None = None
    ) -> ChargeAnswer | None:
        """The finished or pending charge of the invoice that was begun at `since` (provider's clock) on the card or
        account with this fingerprint, if any. `key`: none that certainly somebody else's request began."""

    def cancel_subscription(self, subscription_id: str, key: str) -> None:
        """Cancels at once. Already cancelled is success."""

    def mark_uncollectible(self, invoice_id: str, key: str) -> None:
        """Closes the invoice as not to be collected any more. Already closed is success."""

    def record_payment(self, invoice: InvoiceSnapshot, amount: Money, at: datetime, key: str) -> InvoiceSnapshot:
        """Records money that came in another way, at most what remains, and answers the invoice as it is then."""

    def bill_anew(self, invoice: InvoiceSnapshot, amount: Money, key: str) -> str:
        """The id of an open invoice over what was taken back of a paid one, the same one for the same key. It is of the
        same customer and subscription, and the provider neither charges it nor sends it by itself."""

    def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """The invoice that a payment belongs to, if to any."""

    def customer_of_charge(self, charge_id: str) -> str | None:
        """Whose charge it was, if a customer's."""
