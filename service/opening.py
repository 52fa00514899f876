"""How a case is opened: ledger row, workflow, ledger row. After a crash between any two it is opened again."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain import reach
from domain.admission import admission
from domain.base import Frozen
from domain.case import NO_PAYMENT_METHOD, Case, ChargeOutcome, Facts, PolicyRef
from domain.declines import Decline, DeclineTable, RawDecline, classify
from domain.gates import Refuse
from domain.installation import Installation
from domain.invoice import InvoiceState
from domain.money import Money
from domain.opening import OPENING, begins, late, open_case
from domain.outgoing import CaseOpened
from domain.policy import Policy
from domain.reasons import cause
from domain.record import Entry
from domain.steps import AttemptKind
from gateways.customer_rows import merged, statement, without_old_news
from gateways.places import everywhere, place_of
from gateways.policy_files import PolicyError, PolicyStore, policy_digest
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import AttemptRow, CaseRow, CustomerRow
from service.starting import CaseStarter
from service.threads import Threads


class Taken(StrEnum):
    """What became of one record."""

    OPENED = "opened"  # a case runs now that did not run before
    EXISTS = "exists"  # the invoice has its case, or the event came before: nothing was done
    PAID = "paid"  # the invoice is paid, void or otherwise closed: no case
    PASSED_ON = "passed on"  # a case was told
    KEPT = "kept"  # it holds for the customer, or of the contact; no open case had to be told
    NOTICE = "notice planned"  # before a renewal, something is to be said
    TAKEN_BACK = "taken back"  # money of an invoice that has no case: an operator decides
    IGNORED = "ignored"  # the record concerns no open case


class Receipt(NamedTuple):
    """What became of one record, and what there is to say of it."""

    taken: Taken
    invoice_id: str | None = None  # what it was about, where one invoice is meant
    note: str = ""


class Failure(Frozen):
    """A failed payment as its source tells it. What is None is read from the payment provider."""

    invoice_id: str
    heard_at: datetime  # when the source told it
    failed_at: datetime | None = None
    decline: RawDecline | None = None
    customer: CustomerRow | None = None  # goes before what the provider knows of the customer
    known: CustomerRow | None = None  # comes after it
    amount: Money | None = None
    number: str | None = None
    subscription_id: str | None = None
    policy: str | None = None  # a policy's name; None: by the customer's segment, and whether the invoice was sent
    reopens: str | None = None  # the invoice whose payment was taken back, which this one bills anew
    contested: bool = False  # because the customer won a dispute over it
    due_only: bool = False  # what was told is its due date, not a failure: only a sent invoice has one


class NotAdmitted(Exception):
    """The invoice needs no case by its policy's rules of admission. One sentence."""


class WrongRecord(Exception):
    """A record contradicts what the payment provider has. One sentence."""


class CaseOpener:
    """Opens cases, at most one for an invoice, ever.

    Raises NotAdmitted, WrongRecord, PolicyError, ProviderMisuse, ProviderTrouble, or RPCError when Temporal does not
    answer; the same call may then be made again.
    """

    def __init__(
        self,
        starter: CaseStarter,
        ledger: Ledger,
        payments: Payments,
        policies: PolicyStore,
        declines: DeclineTable,
        clock: Callable[[], datetime],
        threads: Threads,
        installation: Installation,
    ) -> None:
        self._installation = installation
        self._starter = starter
        self._ledger = ledger
        self._payments = payments
        self._policies = policies
        self._declines = declines
        self._clock = clock
        self._threads = threads
        self._kept: set[str] = set()  # digests of policies that the ledger has

    async def open(self, failure: Failure) -> Receipt:
        """Opens the invoice's case unless it has or had one, or needs none."""
        reserved = await self._threads.run(self._reserve, failure)
        if isinstance(reserved, Receipt):
            return reserved
        case, policy, note = reserved
        started = await self._starter.start(case, policy)
        await self._threads.run(self._ledger.mark_open, failure.invoice_id)
        return Receipt(Taken.OPENED if started else Taken.EXISTS, failure.invoice_id, note)

    def _reserve(self, failure: Failure) -> tuple[Case, Policy, str] | Receipt:
        """Writes the case's row, by which the invoice never gets a second case, and builds the case."""
        standing = self._ledger.case(failure.invoice_id)
        if standing and standing.status != "opening":
            return _exists(standing)
        if standing and standing.reopens and not failure.reopens:
            failure = self._as_begun(failure, standing)
        invoice = self._payments.read_invoice(failure.invoice_id, with_decline=True)
        if standing is None and invoice.state is not InvoiceState.OPEN:
            return Receipt(Taken.PAID, failure.invoice_id, f"the invoice is {invoice.state.value}")
        _compare(failure, invoice)
        customer = _customer(failure, invoice)
        if known := self._ledger.customer(customer.customer_id):
            customer = without_old_news(known, customer, failure.customer)
        policy = self._policy(failure, customer, invoice, standing)
        if standing is None:
            _admit(failure, invoice, policy)
            self._require_a_channel(policy)
        failed_at = failure.failed_at or invoice.last_failed_at or failure.heard_at
        decline = self._decline(failure, invoice, policy, failed_at)
        row = standing or self._row(failure, invoice, customer, policy, decline, failed_at)
        disputes = self._ledger.open_disputes_of(customer.customer_id)
        # Without an answer only the source's own word, or the provider's, says that a charge was tried at all.
        tried = decline.code != NO_PAYMENT_METHOD if decline else bool(failure.failed_at or invoice.last_failed_at)
        facts = _facts(row, invoice, customer, policy, failure, tried)
        # Only what was sent can be known before its day 0. (A driver of the stand-ins makes failures of years ahead.)
        now = self._clock() if invoice.sent else facts.opened_at
        owner = policy.retries.owner
        case = open_case(facts, _ref(policy), decline, invoice.now, disputes, now, owner)
        self._keep(policy)
        if invoice.customer and not invoice.customer_deleted:
            self._ledger.customer_is(invoice.customer)  # what they no longer have is gone here too
        note = _note(failure, late(failed_at, row.opened_at))
        charged = decline is not None and decline.code != NO_PAYMENT_METHOD and not failure.reopens
        charge = foreign_attempt(invoice, AttemptKind.OTHER_ENGINE, decline, failed_at) if charged else None
        row = self._ledger.open_case(row, customer, case.model_dump_json(), _opened(case, decline, note, now), charge)
        return (case, policy, note) if row.status == "opening" else _exists(row)

    def _require_a_channel(self, policy: Policy) -> None:
        if why := reach.refusal(policy, self._installation.closed_channels):
            raise PolicyError(why)

    def _as_begun(self, failure: Failure, standing: CaseRow) -> Failure:
        """The failure by which the standing row was written: other news may be what opens its case in the end."""
        case = Case.model_validate_json(self._ledger.state_of(standing.invoice_id) or "")
        raw = case.decline.raw if case.decline else None
        opened = {"reopens": standing.reopens, "contested": case.facts.contested, "decline": raw}
        return failure.model_copy(update=opened | {"failed_at": standing.opened_at})

    def _keep(self, policy: Policy) -> None:
        """Keeps this version of the policy for as long as a case may follow it."""
        if (digest := policy_digest(policy)) not in self._kept:
            body = policy.model_dump_json()
            self._ledger.keep_policy(digest, policy.name, policy.version, body)
            self._kept.add(digest)

    def _policy(
        self, failure: Failure, customer: CustomerRow, invoice: InvoiceSnapshot, standing: CaseRow | None
    ) -> Policy:
        """The policy that the case has begun with, else the one for this failure."""
        if standing:
            return Policy.stored(self._ledger.policy(standing.policy_digest))
        if failure.policy:
            return self._policies.get(failure.policy)
        return self._policies.for_segment(customer.segment, sent=invoice.sent is True)

    def _decline(
        self, failure: Failure, invoice: InvoiceSnapshot, policy: Policy, failed_at: datetime
    ) -> Decline | None:
        if failure.contested:
            return None  # the customer's own bank has decided: there is no answer of it that a try could change
        if invoice.sent:
            return None  # it is the customer's to pay: what they tried themselves stands in the way of nothing
        raw = failure.decline or invoice.last_decline
        if raw is None and invoice.payment_method is None:
            raw = RawDecline(error_code=NO_PAYMENT_METHOD, network_status="not_sent_to_network")
        if raw is None:
            return None
        return classify(raw, self._declines, at=failed_at, do_not_honor=policy.retries.do_not_honor)

    def _row(
        self,
        failure: Failure,
        invoice: InvoiceSnapshot,
        customer: CustomerRow,
        policy: Policy,
        decline: Decline | None,
        failed_at: datetime,
    ) -> CaseRow:
        return CaseRow(
            invoice_id=invoice.id,
            invoice_number=invoice.number or failure.number,
            customer_id=customer.customer_id,
            subscription_id=invoice.subscription_id or failure.subscription_id,
            segment=customer.segment,
            policy=f"{policy.name}@{policy.version}",
            policy_digest=policy_digest(policy),
            amount=invoice.amount,
            remaining=invoice.remaining,
            opened_at=begins(invoice.now, failed_at, self._clock()),
            status="opening",
            decline_code=decline.code if decline else None,
            decline_class=decline.decline_class.value if decline else None,
            reopens=failure.reopens,
        )


def _customer(failure: Failure, invoice: InvoiceSnapshot) -> CustomerRow:
    sources = (CustomerRow(customer_id=invoice.customer_id), failure.known, invoice.customer, failure.customer)
    customer = merged(*(source for source in sources if source))
    return customer.model_copy(update={"stated": statement(invoice.customer)}) if invoice.customer else customer


def foreign_attempt(invoice: InvoiceSnapshot, kind: AttemptKind, decline: Decline | None, at: datetime) -> AttemptRow:
    """The ledger's row of a declined charge that this system did not make."""
    method = invoice.payment_method
    if decline and method and not decline.is_about(method.ref):
        method = None  # it was made on another one, of which only the decline tells
    tried = decline.raw.method if decline else None
    return AttemptRow(
        invoice_id=invoice.id,
        attempt=0,
        kind=kind,
        key="",
        step="",
        state="finished",
        as_of=at,
        started_at=at,
        amount=invoice.remaining,
        network=(decline.raw.network if decline else None) or (method.network if method else None),
        fingerprint=method.fingerprint if method else (tried.fingerprint if tried else None),
        outcome=ChargeOutcome.DECLINED,
        decline=decline,
    )


def _admit(failure: Failure, invoice: InvoiceSnapshot, policy: Policy) -> None:
    if failure.due_only and not invoice.sent:
        raise NotAdmitted(f"Invoice {invoice.id} becomes no case: it was not sent to be paid by a date.")
    of_subscription = invoice.subscription_id is not None
    answer = admission(invoice.now, invoice.remaining, policy, of_subscription=of_subscription)
    if isinstance(answer, Refuse):
        raise NotAdmitted(f"Invoice {invoice.id} becomes no case: {answer.why} ({answer.rule}).")


def _compare(failure: Failure, invoice: InvoiceSnapshot) -> None:
    """Refuses a record that is about another invoice than its id says."""
    if failure.customer and failure.customer.customer_id != invoice.customer_id:
        raise WrongRecord(
            f"Invoice {invoice.id} belongs to customer {invoice.customer_id} in Stripe, not to "
            f"{failure.customer.customer_id}: check which of the two ids is wrong."
        )
    if failure.amount and failure.amount not in (invoice.amount, invoice.remaining):
        raise WrongRecord(
            f"Invoice {invoice.id} is over {invoice.amount} in Stripe ({invoice.remaining} still due), not over "
            f"{failure.amount}: check which of the two is wrong."
        )


def _note(failure: Failure, late: str) -> str:
    """What there is to say of the opening beyond the failure itself."""
    again = f"bills anew what was taken back of {failure.reopens}" if failure.reopens else ""
    return "; ".join(filter(None, (again, late)))


def _facts(
    row: CaseRow, invoice: InvoiceSnapshot, customer: CustomerRow, policy: Policy, failure: Failure, tried: bool
) -> Facts:
    """What the workflow gets to know: no names, no addresses."""
    card = invoice.payment_method.country if invoice.payment_method else None
    start = row.opened_at.date()
    place = place_of(customer.time_zone, customer.country, customer.phone, card, start)
    return Facts(
        invoice_id=row.invoice_id,
        customer_id=row.customer_id,
        subscription_id=row.subscription_id,
        country=place.country,
        time_zones=place.zones or everywhere(policy.default_time_zone, policy.sells_in, start),
        place_known=bool(place.zones),
        segment=customer.segment,
        amount=row.remaining,
        opened_at=row.opened_at,
        tried_before=tried and not invoice.sent and not failure.reopens,
        reopens=failure.reopens,
        contested=failure.contested,
    )


def _ref(policy: Policy) -> PolicyRef:
    return PolicyRef(name=policy.name, version=policy.version, digest=policy_digest(policy))


def _exists(row: CaseRow) -> Receipt:
    how = f"closed as {row.outcome.value}" if row.outcome else row.status.replace("_", " ")
    return Receipt(Taken.EXISTS, row.invoice_id, f"its case is {how}")


def _opened(case: Case, decline: Decline | None, note: str, now: datetime) -> Entry:
    facts = case.facts
    why = f"{facts.amount} due, {cause(case)}; policy {case.policy}{f'; {note}' if note else ''}"
    rule = decline.rule if decline else None
    event = CaseOpened(amount=facts.amount)
    return Entry(at=min(facts.opened_at, now), step=OPENING, what="case opened", why=why, rule=rule, event=event)
