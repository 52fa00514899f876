"""What all parts of the Stripe account share: its objects, its rules, its events. The drivers build on it."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.providers.journal import Journal, Json
from sandbox.providers.stripe_billing import StripeBilling
from sandbox.providers.stripe_debits import Microdeposits
from sandbox.providers.stripe_disputes import StripeDisputes
from sandbox.providers.stripe_drafts import Drafts
from sandbox.providers.stripe_invoices import Invoices, RetrySchedule
from sandbox.providers.stripe_outcomes import Outcome
from sandbox.providers.stripe_payments import InvoiceCharging
from sandbox.providers.stripe_records import PaymentRecords
from sandbox.providers.stripe_shapes import EventShapes
from sandbox.providers.stripe_store import StripeStore
from sandbox.providers.stripe_subscriptions import StripeSubscriptions
from sandbox.providers.stripe_vouchers import BankTransfers, Vouchers
from sandbox.providers.stripe_webhooks import StripeWebhooks
from sandbox.providers.webhooks import Outbox


@dataclass
class BrokenCall:
    match: re.Pattern[str]
    times: int


class StripeAccount:
    """The state of one account. Every method may be called from any thread while the server answers requests."""

    def __init__(self, journal: Journal, outbox: Outbox) -> None:
        self.journal = journal
        self.api_key = "sk_test_sandbox"
        self.store = StripeStore(journal)
        self.invoices = Invoices(self.store)
        self.payments = InvoiceCharging(self.store, self.invoices, self._next_outcome)
        self.billing = StripeBilling(self.store, self.invoices)
        self.subscriptions = StripeSubscriptions(self.store, self.invoices, self.billing)
        self.disputes = StripeDisputes(self.store, self.payments.methods)
        self.records = PaymentRecords(self.store, self.invoices)
        self.drafts = Drafts(self.store, self.invoices)
        self.microdeposits = Microdeposits(self.store, self.invoices, self.payments)
        self.vouchers = Vouchers(self.store, self.invoices, self.payments)
        self.transfers = BankTransfers(self.store, self.invoices, self.payments)
        self.webhooks = StripeWebhooks(self.store, outbox)
        self.shapes = EventShapes(self.store, self.webhooks)
        self.forbidden: re.Pattern[str] | None = None
        self.behaviours: dict[str, deque[Outcome]] = {}
        self._broken: list[BrokenCall] = []

    @property
    def events(self) -> list[Json]:
        """Every event so far, the oldest first."""
        with self.journal.lock:
            return list(self.store.events)

    def get(self, id_: str) -> Json:
        """A copy of any object, for assertions."""
        with self.journal.lock:
            return self.store.view(self.store.objects[id_])

    def last_event(self, type_: str, object_id: str | None = None) -> Json:
        """The newest event of a type, optionally about one object. Raises LookupError if there is none."""
        for event in reversed(self.events):
            if event["type"] == type_ and object_id in (None, event["data"]["object"].get("id")):
                return event
        raise LookupError(f"There is no {type_} event" + (f" about {object_id}." if object_id else "."))

    def break_calls(self, match: str, times: int = 1) -> None:
        """Answer 500 to the next calls whose "METHOD /path" contains `match` (a regular expression), and do nothing.

        Unlike a fault of the way, the answer is stored under the call's idempotency key and replayed for it
        (docs.stripe.com/api/idempotent_requests: "including 500 errors").
        """
        with self.journal.lock:
            self._broken.append(BrokenCall(re.compile(match), times))

    def restrict(self, match: str | None) -> None:
        """The key is a restricted one, which may not make calls whose "METHOD /path?query" contains `match` (a
        regular expression); None: it may do everything again."""
        with self.journal.lock:
            self.forbidden = re.compile(match) if match else None

    def is_broken(self, request_line: str) -> bool:
        """Whether this call is one of those that `break_calls` named; it is used up by that."""
        with self.journal.lock:
            for broken in self._broken:
                if broken.times and broken.match.search(request_line):
                    broken.times -= 1
                    return True
        return False

    def go_live(self) -> None:
        """From now on everything that is made, and every event, has `livemode` true."""
        with self.journal.lock:
            self.store.livemode = True

    def give_to_account(self, customer: str, account: str = "acct_1Connected") -> None:
        """The customer and all that belongs to it is a connected account's (Connect): events about it name the account,
        and the API knows it only for requests with that `Stripe-Account` header."""
        with self.journal.lock:
            self.store.accounts[customer] = account

    def use_retries(self, *days: int, automations: bool = False) -> None:
        """Switch on Stripe's own retries: days from each failed automatic attempt to the next one; none switches them
        off. automations: by a rule of Billing automations."""
        with self.journal.lock:
            self.invoices.retries = RetrySchedule(days, automations)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Something happens in the account: nothing else does meanwhile, and its events are sent afterwards."""
        with self.journal.lock:
            yield
        self.webhooks.deliver()

    def _next_outcome(self, payment_method: str) -> Outcome:
        outcomes = self.behaviours[payment_method]
        return outcomes.popleft() if len(outcomes) > 1 else outcomes[0]
