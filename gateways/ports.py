"""What the activities expect of the outside world. One Protocol per system; the modules beside this one fulfil them.

Trouble has exactly two shapes. `ProviderTrouble` passes: Temporal retries the activity under the same key.
`ProviderMisuse` does not: a human has to change something, and the case waits for that human.
A declined charge is neither: it is a result.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import Field

from domain.base import Frozen
from domain.case import ChargeOutcome, Outcome
from domain.declines import Decline, RawDecline
from domain.effects import MessageFacts, Note
from domain.events import InvoiceState
from domain.money import Money
from domain.steps import Access, AttemptKind, Channel


class ProviderTrouble(Exception):
    """The provider cannot be reached, is overloaded or failed (429, 5xx, time-out). The call's outcome may be unknown.

    `retry_after` is the provider's own wish, when it stated one. `not_executed` is True only when the provider
    certainly did nothing (it was never reached, or said 429): then there is no unknown outcome to look up.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None, not_executed: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.not_executed = not_executed


class ProviderMisuse(Exception):
    """The provider refuses the request for good: wrong key, unknown id, bad parameter. One sentence for an operator."""


class NotFound(ProviderMisuse):
    """The provider does not know this id."""


class PaymentMethod(Frozen):
    """A payment method as far as the rules need it."""

    id: str
    network: str | None = None  # card brand in lower case; None for bank debits
    fingerprint: str | None = None  # the same card has the same fingerprint, whichever customer saved it
    country: str | None = None


class InvoiceSnapshot(Frozen):
    """An invoice as the provider has it now."""

    id: str
    number: str | None
    state: InvoiceState
    currency: str
    amount: Money  # the original total to be paid
    remaining: Money
    customer_id: str
    subscription_id: str | None = None
    pay_url: str | None = None  # the provider's hosted page, fresh at the time of reading
    payment_method: PaymentMethod | None = None  # what the next charge would be made on
    # Of the invoice's newest payment, if that failed: some codes, and all with the time if read `with_decline`.
    last_decline: RawDecline | None = None
    last_failed_at: datetime | None = None
    paid_by: str | None = None  # id of the payment that paid it, if it is paid
    # As the provider states them now; of a deleted one only the id. None where the invoice shows no more than that.
    customer: "CustomerRow | None" = Field(default=None, repr=False)


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

    def pay(self, invoice: InvoiceSnapshot, key: str) -> ChargeAnswer:
        """Charges what remains, off session, on the invoice's payment method, under idempotency key `key`."""

    def find_attempt(self, invoice: InvoiceSnapshot, since: datetime) -> ChargeAnswer | None:
        """The newest finished or pending charge of the invoice made at or after `since` (provider's clock), if any."""

    def cancel_subscription(self, subscription_id: str, key: str) -> None:
        """Cancels at once. Already cancelled is success."""

    def mark_uncollectible(self, invoice_id: str, key: str) -> None:
        """Closes the invoice as not to be collected any more. Already closed is success."""

    def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """The invoice that a payment belongs to, if to any."""


class Address(Frozen):
    """Whom a message goes to. Lives in the ledger and in the activity that sends, nowhere else."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None  # E.164
    language: str = "en"


class Rendered(Frozen):
    """A message ready to be sent. `html` is for e-mail, `subject` for e-mail and notice."""

    text: str
    subject: str = ""
    html: str = ""


class Messages(Protocol):
    """Templates by language, channel and stage."""

    def render(
        self, channel: Channel, facts: MessageFacts, address: Address, invoice: InvoiceSnapshot, language: str
    ) -> Rendered:
        """Renders one message. An unknown language falls back to English."""


class Sent(Frozen):
    provider_id: str | None = None


class Unreachable(Exception):
    """The provider will not deliver to this address (opted out, not a mobile number, no such number). One sentence."""


class Sender(Protocol):
    """One channel: SendGrid, Twilio, the merchant's application."""

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Sends one message; `key` travels with it. Raises Unreachable, ProviderTrouble or ProviderMisuse."""

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:
        """Looks up whether the message with this key was accepted. None: certainly not.

        Raises ProviderTrouble when that cannot be known yet (with retry_after), LookupImpossible when never.
        """


class LookupImpossible(Exception):
    """The provider (or this account) cannot tell whether a message was accepted."""


class ServiceAccess(Protocol):
    """The merchant's application, told by a signed webhook."""

    def set_access(
        self, customer_id: str, subscription_id: str | None, invoice_id: str, access: Access, key: str
    ) -> None: ...


class Agency(Protocol):
    """A collections agency: an HTTP endpoint or a folder."""

    def hand_off(self, handoff_id: str, bundle: "EvidenceBundle") -> str:
        """Delivers the bundle once per `handoff_id` and returns the agency's reference."""

    def recall(self, reference: str, why: str, key: str) -> None: ...


class EvidenceBundle(Frozen):
    """What the agency (or a court) gets to see, as JSON and as a page to print."""

    json_text: str
    html: str


class CustomerRow(Frozen):
    """The customer as the ledger keeps it. The only place for personal data."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str = ""
    language: str = "en"
    time_zone: str | None = None
    segment: str = "any"


class CaseRow(Frozen):
    """The ledger's projection of a case, for lists and reports."""

    invoice_id: str
    invoice_number: str | None = None
    customer_id: str
    subscription_id: str | None = None
    policy: str
    policy_digest: str
    amount: Money
    remaining: Money
    opened_at: datetime
    status: str  # opening | open | closed
    decline_code: str | None = None
    decline_class: str | None = None
    outcome: Outcome | None = None
    closed_at: datetime | None = None


class AttemptRow(Frozen):
    """One charge attempt. `state`: started (outcome unknown until finished), finished, refused."""

    invoice_id: str
    attempt: int
    kind: AttemptKind
    key: str
    step: str
    state: str
    as_of: datetime
    started_at: datetime  # the worker's clock: what the provider's records are compared with
    amount: Money
    network: str | None = None
    fingerprint: str | None = None
    outcome: ChargeOutcome | None = None
    provider_id: str | None = None
    decline: Decline | None = None
    rule: str | None = None


class ContactRow(Frozen):
    """One contact on one channel. `state`: sending (outcome unknown), failed (certainly not sent), sent, unknown,
    unreachable."""

    invoice_id: str
    step: str
    channel: Channel
    stage: str
    key: str
    state: str
    as_of: datetime
    started_at: datetime
    provider_id: str | None = None
    subject: str = ""
    text: str = ""


class TimelineRow(Frozen):
    """One line of the append-only record."""

    at: datetime
    invoice_id: str
    step: str
    what: str
    why: str
    rule: str | None = None


class CardUse(Frozen):
    """One charge on a card that reached the network, across all invoices."""

    at: datetime
    amount: Money
    outcome: ChargeOutcome


class Refusal(Frozen):
    """A rule's no: which rule, why, and until when."""

    rule: str
    why: str
    not_before: datetime | None = None


class NetworkRules(Protocol):
    """The dated ceilings of the card networks (policies/rules/networks.yaml)."""

    def refuse(self, network: str | None, uses: Sequence[CardUse], amount: Money, at: datetime) -> Refusal | None:
        """Whether one more charge now would break a ceiling. `uses` are the card's charges of the last 31 days."""


class Ledger(Protocol):
    """The SQL record of what was said and charged."""

    def open_case(self, case: CaseRow, customer: CustomerRow) -> CaseRow:
        """Inserts case and customer unless the invoice has a case already; returns the row that stands now."""

    def mark_open(self, invoice_id: str) -> None:
        """The workflow runs: status `opening` becomes `open`."""

    def case(self, invoice_id: str) -> CaseRow | None: ...

    def cases(self, status: str | None = None, customer_id: str | None = None) -> list[CaseRow]: ...

    def close_case(self, invoice_id: str, outcome: Outcome, remaining: Money, at: datetime, line: TimelineRow) -> None:
        """Closes the case's row. A second call with the same outcome changes nothing; a payment that arrived while
        the case was being given up still turns it into a recovered one."""

    def address(self, customer_id: str) -> Address: ...

    def begin_attempt(self, row: AttemptRow, rules: NetworkRules) -> AttemptRow | Refusal:
        """Reserves the attempt. In one transaction: an existing (invoice, attempt) is returned as it stands; else the
        card's uses of the last 31 days are counted across invoices and `rules` asked; a refusal is recorded on the
        row (state refused) and in the timeline, and returned; otherwise the row is inserted as `started`."""

    def finish_attempt(
        self,
        invoice_id: str,
        attempt: int,
        outcome: ChargeOutcome,
        provider_id: str | None,
        decline: Decline | None,
        line: TimelineRow,
    ) -> None:
        """started → finished, with its timeline line. Finished already: nothing happens."""

    def record_foreign_attempt(self, row: AttemptRow, event_id: str) -> None:
        """An attempt that was not ours (customer, other engine). Counted for the card. Once per event id."""

    def unfinished_attempts(self, invoice_id: str) -> list[AttemptRow]: ...

    def attempts(self, invoice_id: str) -> list[AttemptRow]: ...

    def begin_contact(self, row: ContactRow) -> tuple[ContactRow, bool]:
        """Reserves (invoice, step, channel). Returns the row that stands and whether it is this call's to send: it was
        inserted, or it had `failed` and is `sending` again with the new `started_at`."""

    def finish_contact(
        self,
        invoice_id: str,
        step: str,
        channel: Channel,
        state: str,
        provider_id: str | None,
        line: TimelineRow,
    ) -> None: ...

    def contacts(self, invoice_id: str) -> list[ContactRow]: ...

    def close_channel(self, customer_id: str, channel: Channel, why: str, event_id: str, at: datetime) -> None:
        """The customer opted out of a channel or it bounced. Once per event id."""

    def closed_channels(self, customer_id: str) -> dict[Channel, str]: ...

    def append(self, invoice_id: str, notes: Sequence[Note]) -> None:
        """Writes decisions to the timeline. The same (step, what) of a case at the same moment is written once."""

    def record_effect(self, invoice_id: str, line: TimelineRow) -> None:
        """Writes one line, once per (invoice, step, what)."""

    def timeline(self, invoice_id: str) -> list[TimelineRow]: ...

    def provider_event(self, provider: str, event_id: str, kind: str, invoice_id: str | None, at: datetime) -> bool:
        """Records that an event came in. False: it had come before."""

    def knows_event(self, provider: str, event_id: str) -> bool:
        """Whether `provider_event` has recorded it."""

    def record_handoff(self, invoice_id: str, handoff_id: str, reference: str, at: datetime) -> None: ...
