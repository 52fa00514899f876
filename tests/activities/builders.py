"""Cases at the stand-ins, what a worker has for them, and the tasks it gets."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from activities.decisions import DecisionTask
from domain import life, opening
from domain.base import Frozen, Message
from domain.case import Facts, PolicyRef
from domain.closing_messages import ClosingOutcome, ClosingTask
from domain.decisions import Act
from domain.declines import Reason
from domain.kinds.access import AccessTask
from domain.kinds.call import CallQueued, CallTask
from domain.kinds.cancellation import CancelTask
from domain.kinds.charge import ChargeResult, ChargeTask
from domain.kinds.handoff import HandoffResult, HandoffTask
from domain.kinds.message import ContactOutcome, ContactTask
from domain.kinds.outside_payment import RecordPaymentResult, RecordPaymentTask
from domain.kinds.recall import RecallTask
from domain.kinds.write_off import WriteOffTask
from domain.life import Decided
from domain.money import Money
from domain.renewal import NoticeOutcome, NoticeTask
from domain.steps import Access, AttemptKind, Channel, Stage
from domain.tasks import Done
from domain.truth import Ending, MessageFacts
from gateways.policy_files import policy_digest
from gateways.ports.rows import AttemptRow, CaseRow, CustomerRow
from runtime import wiring
from runtime.settings import Settings
from sandbox.machine.environment import letter_environment, line_environment, stand_in_environment
from sandbox.providers.journal import CHARGES, CONTACTS
from sandbox.providers.sendgrid import Email
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.stripe_outcomes import Outcome as CardAnswer
from sandbox.providers.twilio import TextMessage
from sandbox.providers.world import ProviderWorld
from tests.letters import AUSTIN, policies_with_a_sender

AS_OF = datetime(2026, 11, 26, 10, tzinfo=UTC)
"""The case's own time. The stand-ins live in the real time, as providers do."""
LATER = AS_OF + timedelta(minutes=10)
"""Before the first step of the standard policy."""
BROKE = Decline("insufficient_funds", advice_code="try_again_later", network_decline_code="51")
NAME = "Zelda Canary"

STANDARD = wiring.policy_store(Settings()).get("standard")
STANDARD_DIGEST = policy_digest(STANDARD)

_customers = count(1)


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def worker_environment(world: ProviderWorld, data_dir: Path, **overrides: str) -> dict[str, str]:
    """What a worker process finds in its environment."""
    environment = stand_in_environment("127.0.0.1:7233", world, data_dir) | line_environment(world)
    environment |= letter_environment(world) | {"DUNNING_POLICIES": policies_with_a_sender(data_dir / "policies")}
    return environment | overrides


class Worker:
    """The activities, wired as in production, over the ledger in `data_dir`. Overrides are environment variables."""

    def __init__(self, world: ProviderWorld, data_dir: Path, **overrides: str) -> None:
        self.world = world
        self._data_dir = data_dir
        self._others: dict[frozenset[tuple[str, str]], Worker] = {}
        environment = worker_environment(world, data_dir, **overrides)
        settings = Settings.model_validate({name.lower(): value for name, value in environment.items()})
        self.settings = settings
        self.ledger = wiring.open_ledger(settings)
        self.payments = wiring.stripe_payments(settings)
        self.rules = wiring.network_rules(settings)
        found = {activity.__name__: activity for activity in wiring.activities(settings)}
        self.charge: Callable[[ChargeTask], ChargeResult] = found["charge"]
        self.cancel_subscription: Callable[[CancelTask], Done] = found["cancel_subscription"]
        self.mark_uncollectible: Callable[[WriteOffTask], Done] = found["mark_uncollectible"]
        self.contact: Callable[[ContactTask], ContactOutcome] = found["contact"]
        self.set_access: Callable[[AccessTask], Done] = found["set_access"]
        self.hand_off: Callable[[HandoffTask], HandoffResult] = found["hand_off"]
        self.record_payment: Callable[[RecordPaymentTask], RecordPaymentResult] = found["record_payment"]
        self.recall: Callable[[RecallTask], Done] = found["recall"]
        self.notice: Callable[[NoticeTask], NoticeOutcome] = found["notice"]
        self.queue_call: Callable[[CallTask], CallQueued] = found["queue_call"]
        self.conclude: Callable[[ClosingTask], ClosingOutcome] = found["conclude"]
        self.decide: Callable[[DecisionTask], Decided] = found["decide"]

    def restarted(self, **overrides: str) -> "Worker":
        """Another worker on the same ledger, with other settings."""
        settings = frozenset(overrides.items())
        if settings not in self._others:
            self._others[settings] = Worker(self.world, self._data_dir, **overrides)
        return self._others[settings]

    def close(self) -> None:
        """Gives back the connections of this worker and of those that it was restarted as."""
        for worker in (self, *self._others.values()):
            worker.ledger.close()


class OpenCase(Frozen):
    """One invoice with its case and its customer, shared with no other test."""

    invoice_id: str
    customer_id: str
    subscription_id: str
    card: str | None
    email: str | None
    phone: str | None


def open_case(
    worker: Worker,
    *answers: CardAnswer,
    card: str | None = "visa",
    fingerprint: str | None = None,
    email: bool = True,
    phone: bool = True,
    segment: str = "any",
) -> OpenCase:
    """A case over 19.99 dollars whose card answers as told, or else approves. `card` is its brand; None: no card."""
    number = next(_customers)
    mail = f"canary{number}@example.com" if email else None
    mobile = f"+1555010{number:04d}" if phone else None
    stripe = worker.world.stripe
    customer = stripe.add_customer(NAME, email=mail, phone=mobile)
    method = None
    if card:
        method = stripe.add_card(customer, brand=card, fingerprint=fingerprint, behaviour=answers or APPROVE)
    return case_of(worker, customer, method, mail, mobile, segment=segment)


def open_debit_case(worker: Worker, *answers: CardAnswer) -> OpenCase:
    """A case whose payment method is a bank account."""
    customer = worker.world.stripe.add_customer(NAME)
    account = worker.world.stripe.add_bank_debit(customer, behaviour=list(answers))
    return case_of(worker, customer, account, None, None)


def case_of(
    worker: Worker,
    customer: str,
    method: str | None,
    email: str | None,
    phone: str | None,
    subscription: str | None = None,
    segment: str = "any",
    **invoice_fields: Any,
) -> OpenCase:
    subscription = subscription or worker.world.stripe.add_subscription(customer, amount=1999, currency="usd")
    invoice = worker.world.stripe.add_invoice(customer, amount=1999, subscription=subscription, **invoice_fields)
    row = CaseRow(
        invoice_id=invoice,
        customer_id=customer,
        subscription_id=subscription,
        segment=segment,
        policy="standard@1",
        policy_digest=STANDARD_DIGEST,
        amount=usd(1999),
        remaining=usd(1999),
        opened_at=AS_OF,
        status="opening",
    )
    line = f"U{customer.encode().hex():0>32}"[:33]
    person = CustomerRow(customer_id=customer, name=NAME, email=email, phone=phone, line_user_id=line, country="US")
    person = person.model_copy(update={"postal_address": AUSTIN.text})
    worker.ledger.open_case(row, person, "{}")
    return OpenCase(
        invoice_id=invoice,
        customer_id=customer,
        subscription_id=subscription,
        card=method,
        email=email,
        phone=phone,
    )


def another_invoice(worker: Worker, case: OpenCase, *, same_subscription: bool = True) -> OpenCase:
    """One more unpaid invoice of the customer, with a case of its own."""
    subscription = case.subscription_id if same_subscription else None
    return case_of(worker, case.customer_id, case.card, case.email, case.phone, subscription)


def a_charge(case: OpenCase, attempt: int = 1, **fields: Any) -> ChargeTask:
    given = {"attempt": attempt, "kind": AttemptKind.TIMELINE, "method": 0}
    return ChargeTask(**_common(case, f"day{attempt}-charge", "retry on day 3") | given | fields)


def a_contact(case: OpenCase, channel: Channel = Channel.EMAIL, **fields: Any) -> ContactTask:
    facts = MessageFacts(stage=Stage.FRIENDLY, reason=Reason.INSUFFICIENT_FUNDS, next_charge_on=date(2026, 11, 28))
    given = {"channel": channel, "facts": facts}
    return ContactTask(**_common(case, f"day3-{channel.value}", "friendly message on day 3") | given | fields)


def a_final_notice(case: OpenCase, channel: Channel = Channel.EMAIL) -> ContactTask:
    facts = MessageFacts(
        stage=Stage.FINAL,
        reason=Reason.EXPIRED_CARD,
        ends_on=date(2026, 12, 20),
        ending=Ending.COLLECTIONS,
    )
    return a_contact(case, channel, step=f"day21-{channel.value}", facts=facts)


def an_access(case: OpenCase, access: Access, step: str = "day10-restrict") -> AccessTask:
    common = _common(case, step, "unpaid on day 10")
    return AccessTask(**common, access=access, subscription_id=case.subscription_id)


def a_cancellation(case: OpenCase) -> CancelTask:
    return CancelTask(**_common(case, "day28-cancel", "unpaid on day 28"), subscription_id=case.subscription_id)


def a_write_off(case: OpenCase) -> WriteOffTask:
    return WriteOffTask(**_common(case, "end-write-off", "too small for an agency"))


def a_handoff(case: OpenCase, **fields: Any) -> HandoffTask:
    return HandoffTask(**_common(case, "day28-handoff", "unpaid on day 28") | fields)


def a_recall(case: OpenCase, reference: str) -> RecallTask:
    return RecallTask(**_common(case, "recall", "the customer paid"), reference=reference)


def a_decision(worker: Worker, case: OpenCase, at: datetime = AS_OF) -> DecisionTask:
    """The first decision of the case, by the shipped policy, which the ledger then has."""
    worker.ledger.keep_policy(STANDARD_DIGEST, STANDARD.name, STANDARD.version, STANDARD.model_dump_json())
    facts = Facts(
        invoice_id=case.invoice_id,
        customer_id=case.customer_id,
        subscription_id=case.subscription_id,
        country="US",
        time_zones=("America/New_York",),
        amount=usd(1999),
        opened_at=AS_OF,
    )
    policy = PolicyRef(name=STANDARD.name, version=STANDARD.version, digest=STANDARD_DIGEST)
    return DecisionTask(case=opening.open_case(facts, policy, None), at=at)


def told(task: DecisionTask, name: str, message: Message, at: datetime = LATER) -> DecisionTask:
    """The same case, decided about after it was told something."""
    return DecisionTask(case=life.hear(task.case, name, message, at), at=at)


def carried_out(worker: Worker, task: DecisionTask) -> DecisionTask:
    """The same case after the effects of its decision: the next decision is its end."""
    decided = worker.decide(task)
    assert isinstance(decided.decision, Act)
    case = life.settled(task.case, task.case, decided)
    for effect in decided.decision.effects:
        case = life.book(case, effect, Done(), task.at)
    return DecisionTask(case=case, at=task.at)


def row_of(worker: Worker, case: OpenCase) -> CaseRow:
    row = worker.ledger.case(case.invoice_id)
    assert row is not None
    return row


def an_attempt_row(case: OpenCase, attempt: int = 1, **fields: Any) -> AttemptRow:
    """The reservation that `charge` would make, for tests that stop half-way."""
    given = {
        "invoice_id": case.invoice_id,
        "attempt": attempt,
        "kind": AttemptKind.TIMELINE,
        "key": f"dun:{case.invoice_id}:{attempt}",
        "step": f"day{attempt}-charge",
        "state": "started",
        "as_of": AS_OF,
        "started_at": wiring.utc_now(),
        "amount": usd(1999),
        "network": "visa",
        "fingerprint": None,
    }
    return AttemptRow(**given | fields)


def charges(world: ProviderWorld, case: OpenCase) -> list[tuple[str, str | None]]:
    """What the stand-in charged for the invoice, by its own journal: how it went, and under which key."""
    mine = [entry for entry in world.log if entry.kind in CHARGES and entry.subjects["invoice"] == case.invoice_id]
    return [(entry.kind.removeprefix("charge."), entry.key) for entry in mine]


def contacts(world: ProviderWorld, case: OpenCase) -> list[str]:
    """The keys of the messages about the invoice that the stand-ins took, by their own journal."""
    ours = f"dun:{case.invoice_id}:"
    return [entry.key for entry in world.log if entry.kind in CONTACTS and entry.key and entry.key.startswith(ours)]


def mails(world: ProviderWorld, case: OpenCase) -> list[Email]:
    return [mail for mail in world.sendgrid.sent if mail.to == case.email]


def texts(world: ProviderWorld, case: OpenCase) -> list[TextMessage]:
    return [text for text in world.twilio.sent if text.to == case.phone]


def _common(case: OpenCase, step: str, why: str) -> dict[str, Any]:
    return {
        "invoice_id": case.invoice_id,
        "customer_id": case.customer_id,
        "step": step,
        "as_of": AS_OF,
        "why": why,
    }
