"""The invoice as the payment provider has it: all of it by which it is judged whether an effect is right."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator

from domain.base import Message
from domain.codes import one_of
from domain.moments import Moment
from domain.money import Money
from domain.retries import OwnTries


class InvoiceState(StrEnum):
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"
    DRAFT = "draft"


class SubscriptionState(StrEnum):
    """How the subscription stands that an invoice is for, as far as it decides."""

    NOT_BEGUN = "not_begun"  # its first payment was never made: nobody has become a customer
    RUNS = "runs"
    ENDED = "ended"


class Rail(StrEnum):
    """How money is taken from a bank account: it takes days, and comes back by rules of its own."""

    ACH = "ach"  # United States
    SEPA = "sepa"  # the euro area and its neighbours
    BACS = "bacs"  # United Kingdom
    AU_BECS = "au_becs"  # Australia
    NZ_BECS = "nz_becs"  # New Zealand
    PAD = "pad"  # Canada
    UPI = "upi"  # India


RAILS = frozenset(rail.value for rail in Rail)

BRANDS = frozenset(
    {
        "amex",
        "cartes_bancaires",
        "diners",
        "discover",
        "eftpos_au",
        "jcb",
        "link",
        "mastercard",
        "unionpay",
        "visa",
    }
)
"""Card brands as the payment provider names them (`brand` of a card, in Stripe's API reference)."""


def _known_network(name: str) -> str:
    return one_of(name, BRANDS | RAILS, f"card brand or rail; use {', '.join(sorted(BRANDS | RAILS))}")


Network = Annotated[str, AfterValidator(_known_network)]
"""Whose rules a row of a table has: a card brand in lower case, or a rail."""


class MethodRef(Message):
    """Which payment method, without a word of what is on it."""

    id: str
    fingerprint: str | None = None  # the same for the same number, whichever id it was saved under
    expiry: str | None = None  # of a card: "12/2031"
    network: str | None = None  # card brand in lower case, or a `Rail`; None: not known, or neither
    country: str | None = None  # ISO 3166-1 alpha-2, where it was issued

    def is_same(self, other: "MethodRef") -> bool:
        """Whether a bank would see no difference: a new address or a note changes nothing."""
        if self.fingerprint and other.fingerprint:
            return (self.fingerprint, self.expiry) == (other.fingerprint, other.expiry)
        return self.id == other.id


NO_METHOD = MethodRef(id="")
"""There is nothing on file to charge."""


class InvoiceNow(Message):
    """What was read of the invoice. None: that part was not to be seen, and stays as it was known before."""

    state: InvoiceState = InvoiceState.OPEN
    remaining: Money | None = None
    paid: Money | None = None  # all that has come in for it; a credit note is no money
    paying: bool | None = None  # a payment of it is on its way, whoever began it
    verifying: bool | None = None  # the customer gave a bank account for it, and has to confirm small deposits first
    voucher: bool | None = None  # the customer took one for it, to be paid in cash, and may have paid it
    transfer: bool | None = None  # the customer chose to pay it by bank transfer, and still has to send the money
    sent: bool | None = None  # the customer pays it on demand: never charged off session
    due_at: Moment | None = None  # of one that was sent
    subscription: SubscriptionState | None = None  # None as well where it is for none
    customer_deleted: bool | None = None  # at the provider: nobody is written to any more
    method: MethodRef | None = None  # what the next charge would be made on; NO_METHOD: seen that there is none
    tries: OwnTries | None = None  # the provider's own, by its plan

    @property
    def has_no_method(self) -> bool:
        """Whether it was seen that nothing is on file, where something would have to be."""
        return self.method is not None and self.method == NO_METHOD and not self.sent

    @property
    def next_try_at(self) -> Moment | None:
        """When the provider tries again by itself, as far as is known (UTC)."""
        return self.tries.next_at if self.tries else None

    def says_otherwise(self, newer: "InvoiceNow") -> bool:
        """Whether a newer reading shows another invoice than a message was written about."""
        method = newer.method
        changed = method is not None and not (self.method and self.method.is_same(method))
        planned = newer.tries is not None and newer.next_try_at != self.next_try_at
        return (
            changed
            or planned
            or (newer.transfer is not None and newer.transfer is not bool(self.transfer))
            or any(
                seen is not None and seen is not known
                for known, seen in ((self.subscription, newer.subscription), (self.sent, newer.sent))
            )
        )

    def known_with(self, newer: "InvoiceNow") -> Self:
        """This, with all that a newer reading shows."""
        known = vars(self)
        seen = {name: value for name, value in vars(newer).items() if value is not None and name in known}
        if newer.method and self.method and newer.method == MethodRef(id=self.method.id):
            del seen["method"]  # an event names only its id: what is on it is known
        return self.but(**seen) if any(known[name] != value for name, value in seen.items()) else self
