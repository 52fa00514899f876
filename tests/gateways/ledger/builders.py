"""Rows of an example case, with what a test does not care about filled in."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import sqlalchemy as sa

from domain.case import CaseStatus, ChargeOutcome, Outcome
from domain.declines import Decline, DeclineClass, RawDecline, Reason
from domain.gates import ALLOW, Answer
from domain.money import Money
from domain.projection import Projection
from domain.record import Entry
from domain.rules.contacts import ContactRules
from domain.rules.networks import Ceiling, CeilingTable
from domain.rules.origin import Origin
from domain.rules.uses import MethodUse, NextCharge
from domain.steps import AttemptKind, Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.messages import Address
from gateways.ports.rows import AttemptRow, CaseRow, ContactRow, CustomerRow, Reserved

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DAY = timedelta(days=1)
RACERS = 8


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def at_most(limit: int) -> CeilingTable:
    ceiling = Ceiling(
        id=f"test-{limit}",
        limit=limit,
        window_hours=720,
        same_amount=False,
        approval_resets=False,
        origin=Origin(source="test", edition=NOW.date(), conf="M", verified=False),
    )
    return CeilingTable(edition=NOW.date(), networks={}, other=(ceiling,))


FREE = at_most(1_000)


class Rules:
    """Rules that allow everything."""

    def window(self, charge: NextCharge) -> timedelta:  # noqa: ARG002
        return 31 * DAY

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:  # noqa: ARG002
        return ALLOW


class Seen(Rules):
    """They remember what they were asked."""

    def __init__(self) -> None:
        self.uses: list[MethodUse] = []

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:  # noqa: ARG002
        self.uses = list(uses)
        return ALLOW


def a_customer(**fields: Any) -> CustomerRow:
    return CustomerRow(**{"customer_id": "cus_1", "name": "Ada", "email": "ada@example.com", "language": "en"} | fields)


def a_case(invoice_id: str = "in_1", **fields: Any) -> CaseRow:
    given = {
        "invoice_id": invoice_id,
        "customer_id": "cus_1",
        "policy": "standard@1",
        "policy_digest": "0123456789abcdef",
        "amount": usd(1999),
        "remaining": usd(1999),
        "opened_at": NOW,
        "status": "opening",
    }
    return CaseRow(**given | fields)


def an_attempt(attempt: int = 1, invoice_id: str = "in_1", **fields: Any) -> AttemptRow:
    given = {
        "invoice_id": invoice_id,
        "attempt": attempt,
        "kind": AttemptKind.TIMELINE,
        "key": f"dun:{invoice_id}:{attempt}",
        "step": f"try-{attempt}",
        "state": "started",
        "as_of": NOW,
        "started_at": NOW,
        "amount": usd(1999),
        "network": "visa",
        "fingerprint": "card_a",
    }
    return AttemptRow(**given | fields)


def a_foreign_attempt(**fields: Any) -> AttemptRow:
    given = {"kind": AttemptKind.CUSTOMER, "state": "finished", "outcome": ChargeOutcome.DECLINED}
    return an_attempt(0, **given | fields)


def a_contact(**fields: Any) -> ContactRow:
    given = {
        "invoice_id": "in_1",
        "step": "day-3",
        "channel": Channel.EMAIL,
        "stage": "friendly",
        "key": "dun:in_1:day-3:email",
        "state": "sending",
        "as_of": NOW,
        "started_at": NOW,
        "subject": "Your payment",
        "text": "It did not work.",
    }
    return ContactRow(**given | fields)


def rules(invoice_id: str = "in_1", channel: Channel = Channel.EMAIL, **fields: Any) -> ContactRules:
    """What a friendly message asks; without caps unless told."""
    facts = MessageFacts(stage=Stage.FRIENDLY, reason=Reason.DECLINED)
    return ContactRules(**{"invoice_id": invoice_id, "channel": channel, "facts": facts} | fields)


def reserve(ledger: SqlLedger, row: ContactRow, customer_id: str = "cus_1") -> Reserved:
    """The reservation of a contact that nothing stands in the way of."""
    reserved = ledger.begin_contact(row, Address(customer_id=customer_id), rules(row.invoice_id, row.channel))
    assert isinstance(reserved, Reserved)
    return reserved


def an_entry(what: str = "charged", **fields: Any) -> Entry:
    return Entry(**{"at": NOW, "step": "try-1", "what": what, "why": "day 1"} | fields)


def a_projection(outcome: Outcome | None = None, **fields: Any) -> Projection:
    given = {
        "status": CaseStatus.CLOSED if outcome else CaseStatus.OPEN,
        "stage": "friendly",
        "remaining": usd(0 if outcome is Outcome.RECOVERED else 1999),
        "why": "the next retry is on a payday",
        "outcome": outcome,
    }
    return Projection(**given | fields)


def a_decline(**fields: Any) -> Decline:
    given = {
        "decline_class": DeclineClass.RETRY_LATER,
        "code": "insufficient_funds",
        "reason": Reason.INSUFFICIENT_FUNDS,
        "rule": "code-insufficient_funds@2026-11-23",
        "raw": RawDecline(decline_code="insufficient_funds", network_decline_code="51", network="visa"),
    }
    return Decline(**given | fields)


def open_case(ledger: SqlLedger, invoice_id: str = "in_1", **fields: Any) -> CaseRow:
    """Opens a case, of customer cus_1 unless told."""
    row = a_case(invoice_id, **fields)
    return ledger.open_case(row, a_customer(customer_id=row.customer_id), "{}")


def close(ledger: SqlLedger, outcome: Outcome, at: datetime = NOW, **fields: Any) -> None:
    ledger.decided("in_1", at, [an_entry(f"closed: {outcome}", at=at)], a_projection(outcome, **fields), "{}")


def finish(ledger: SqlLedger, row: AttemptRow, outcome: ChargeOutcome, decline: Decline | None = None) -> None:
    ledger.finish_attempt(row.invoice_id, row.attempt, outcome, "ch_1", decline, an_entry(step=row.step))


def race(act: Callable[[int], T], racers: int = RACERS) -> list[T]:
    """Runs `act` in so many threads that start together."""
    ready = Barrier(racers)

    def start(number: int) -> T:
        ready.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(start, range(racers)))


def with_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def run_alone(url: str, *statements: str) -> None:
    """Runs statements that PostgreSQL refuses inside a transaction."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
