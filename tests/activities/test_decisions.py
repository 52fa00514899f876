"""A decision is on record: entries, row and state in one transaction, the same whatever runs twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from temporalio.exceptions import ApplicationError

from activities.decisions import DecisionActivities, DecisionTask
from activities.situations import Situations
from domain import life
from domain.case import Case, CaseStatus, Outcome
from domain.decisions import Act, Close, Wait
from domain.events import ContactReported, ContactResult, DisputeOpened, PaymentReceived, Settle, WriteOff
from domain.steps import Channel
from runtime import wiring
from runtime.settings import Settings
from service.customers import whereabouts
from tests.activities.builders import (
    AS_OF,
    LATER,
    OpenCase,
    Worker,
    a_decision,
    carried_out,
    open_case,
    row_of,
    told,
    usd,
)
from tests.cases import a_closure

LATEST = AS_OF + timedelta(minutes=20)
"""Still before the first step of the standard policy."""


def state_of(worker: Worker, case: OpenCase) -> Case:
    """The case as it could be started anew. The ledger has it until the case is closed."""
    states = dict(worker.ledger.case_states(None, 10_000))
    return Case.model_validate_json(states[case.invoice_id])


def record_of(worker: Worker, case: OpenCase) -> list[tuple[str, str]]:
    return [(entry.step, entry.what) for entry in worker.ledger.record(case.invoice_id)]


def a_payment(cents: int = 1999, event: str = "evt_paid") -> PaymentReceived:
    return PaymentReceived(event_id=event, amount=usd(cents), remaining=usd(1999 - cents))


def test_a_wait_leaves_entry_row_and_state(worker: Worker) -> None:
    """What the workflow is told, what lists show, what the record says and what could start the case anew agree."""
    case = open_case(worker)

    decided = worker.decide(a_decision(worker, case))

    wait = decided.decision
    assert isinstance(wait, Wait)
    assert wait.until is not None
    assert wait.step is not None
    row = row_of(worker, case)
    assert (CaseStatus.OPEN, wait.until, wait.step.title, wait.why, AS_OF) == (
        row.status,
        row.next_at,
        row.next_step,
        row.why,
        row.decided_at,
    )
    (entry,) = worker.ledger.record(case.invoice_id)
    assert (wait.step.key, f"waits until {wait.until:%Y-%m-%d %H:%M}", wait.why, AS_OF) == (
        entry.step,
        entry.what,
        entry.why,
        entry.at,
    )
    assert (case.invoice_id, ()) == (state_of(worker, case).facts.invoice_id, state_of(worker, case).unwritten)
    assert {"open", "standard@1", case.customer_id} <= set(decided.searchable.values())


def test_the_state_is_the_case_once_the_decision_is_taken(worker: Worker) -> None:
    """The workflow that carries the decision out holds the very same case."""
    case = open_case(worker)
    task = told(a_decision(worker, case), "payment_received", a_payment(500))

    decided = worker.decide(task)

    assert life.settled(task.case, task.case, decided) == state_of(worker, case)


@pytest.mark.parametrize("news", [None, ("payment_received", a_payment(500))], ids=["at rest", "told something"])
def test_a_decision_that_runs_twice_leaves_one_trace(worker: Worker, news: tuple[str, PaymentReceived] | None) -> None:
    """Its answer was lost, or its worker died: the next run answers, writes and keeps the same."""
    case = open_case(worker)
    task = a_decision(worker, case)
    task = told(task, *news) if news else task

    first = worker.decide(task)
    after_one = (row_of(worker, case), record_of(worker, case), state_of(worker, case))
    second = worker.decide(task)

    assert first == second
    assert after_one == (row_of(worker, case), record_of(worker, case), state_of(worker, case))


def test_what_the_case_was_told_is_in_the_record_once(worker: Worker) -> None:
    """It travels with the case until a decision writes it down; a run of that decision may be the second."""
    case = open_case(worker)
    task = told(a_decision(worker, case), "payment_received", a_payment(500))

    for _ in range(2):
        worker.decide(task)

    assert ("evt_paid", "payment received") in record_of(worker, case)
    assert len(set(record_of(worker, case))) == len(record_of(worker, case))
    assert usd(1499) == row_of(worker, case).remaining


def test_a_skipped_step_is_in_the_record_with_its_reason(worker: Worker) -> None:
    """A worker that was away for weeks drops what is history by now: no step vanishes silently."""
    case = open_case(worker)
    task = a_decision(worker, case, AS_OF + timedelta(days=9))

    decision = worker.decide(task).decision

    assert isinstance(decision, Act)
    assert decision.skips
    written = {(e.step, e.why) for e in worker.ledger.record(case.invoice_id) if e.what == "skipped"}
    assert {(skip.step.key, skip.why) for skip in decision.skips} == written


def test_an_outcome_closes_the_row_once(worker: Worker) -> None:
    """The second run changes nothing, not even the date; a closed case is not started anew."""
    case = open_case(worker)
    settled = told(a_decision(worker, case), "settle", Settle(amount=usd(500), reason="agreed"))
    task = carried_out(worker, settled)

    decisions = [worker.decide(task).decision for _ in range(2)]

    row = row_of(worker, case)
    assert [Outcome.SETTLED] * 2 == [decision.outcome for decision in decisions if isinstance(decision, Close)]
    assert (CaseStatus.CLOSED, Outcome.SETTLED, LATER, None) == (row.status, row.outcome, row.closed_at, row.next_at)
    assert 1 == record_of(worker, case).count(("end", "closed as settled"))
    assert case.invoice_id not in dict(worker.ledger.case_states(None, 10_000))


def test_a_closed_case_that_is_told_something_more_is_closed_as_it_was(worker: Worker) -> None:
    """The message came while the end was written down: it is in the record, and the end stands there once."""
    case = open_case(worker)
    task = told(a_decision(worker, case), "payment_received", a_payment())
    closed = life.settled(task.case, task.case, worker.decide(task))
    before = row_of(worker, case)

    report = ContactReported(event_id="evt_report", channel=Channel.SMS, result=ContactResult.OPTED_OUT)
    worker.decide(told(DecisionTask(case=closed, at=LATER), "contact_reported", report, LATEST))

    assert closed.closed
    assert before == row_of(worker, case)
    assert ("evt_report", "contact reported") in record_of(worker, case)
    assert 1 == record_of(worker, case).count(("end", "closed as recovered"))


def test_a_payment_that_arrived_while_the_case_was_closing_is_taken_over(worker: Worker) -> None:
    """A payment beats giving up: the row says recovered, and the record keeps both ends."""
    case = open_case(worker)
    written_off = told(a_decision(worker, case), "write_off", WriteOff(reason="bankrupt"))
    task = carried_out(worker, written_off)
    worker.decide(task)
    given_up = row_of(worker, case)

    for _ in range(2):
        worker.decide(told(task, "payment_received", a_payment(), LATEST))

    row = row_of(worker, case)
    assert (Outcome.WRITTEN_OFF, LATER) == (given_up.outcome, given_up.closed_at)
    assert (Outcome.RECOVERED, usd(0), LATEST) == (row.outcome, row.remaining, row.closed_at)
    ends = [what for step, what in record_of(worker, case) if what.startswith("closed as")]
    assert ["closed as written_off", "closed as recovered"] == ends


def test_a_late_run_of_an_older_decision_does_not_bring_the_row_back(worker: Worker) -> None:
    """A worker that was thought dead writes after the case has gone on."""
    case = open_case(worker)
    old = a_decision(worker, case)
    disputed = told(old, "dispute_opened", DisputeOpened(event_id="evt_dispute"))

    worker.decide(disputed)
    held = (row_of(worker, case), state_of(worker, case))
    worker.decide(old)

    assert CaseStatus.ON_HOLD == held[0].status
    assert held == (row_of(worker, case), state_of(worker, case))
    assert {("evt_dispute", "on hold (dispute)")} < set(record_of(worker, case))


def test_a_late_run_of_an_older_decision_does_not_open_a_closed_case(worker: Worker) -> None:
    """It is no error either: nobody is asked about a decision that nobody waits for."""
    case = open_case(worker)
    old = a_decision(worker, case)
    worker.decide(told(old, "payment_received", a_payment()))
    closed = row_of(worker, case)

    worker.decide(old)

    assert Outcome.RECOVERED == closed.outcome
    assert closed == row_of(worker, case)


def test_signals_in_any_order_around_a_repeated_decision_leave_consistent_rows(worker: Worker) -> None:
    """Each decision that was overtaken by news is written, and the newest one stands: row, state and record agree."""
    case = open_case(worker)
    first = a_decision(worker, case)
    paid = told(first, "payment_received", a_payment(500), LATER)
    disputed = told(paid, "dispute_opened", DisputeOpened(event_id="evt_dispute"), LATEST)

    for task in (first, paid, first, disputed, paid, disputed, first):
        worker.decide(task)

    row, state = row_of(worker, case), state_of(worker, case)
    assert (usd(1499), CaseStatus.ON_HOLD, LATEST) == (row.remaining, row.status, row.decided_at)
    assert (row.remaining, row.status) == (state.due, state.status)
    written = [(entry.at, entry.step, entry.what, entry.why) for entry in worker.ledger.record(case.invoice_id)]
    assert len(set(written)) == len(written)
    assert 1 == [what for _, _, what, _ in written].count("payment received")
    assert 1 == [what for _, _, what, _ in written].count("on hold (dispute)")


def test_a_channel_that_was_closed_is_seen_by_the_next_decision(worker: Worker) -> None:
    """Whoever told the ledger, and whichever case of the customer it was about."""
    case = open_case(worker)
    task = a_decision(worker, case)

    before = worker.decide(task)
    worker.ledger.close_channel(a_closure(case.customer_id, Channel.SMS, "opted out", f"evt_{case.invoice_id}", AS_OF))
    after = worker.decide(task)

    closed = [decided.closed_channels.get(Channel.SMS) for decided in (before, after)]
    assert [None, "opted out"] == closed


def test_holidays_are_asked_for_at_each_decision(worker: Worker) -> None:
    """A holiday that was decreed while the case slept moves the message that would have fallen on it."""
    case = open_case(worker)
    known: set[date] = set()
    asked: list[tuple[str, date]] = []

    def holidays(country: str, day: date) -> frozenset[date]:
        asked.append((country, day))
        return frozenset(known)

    deciding = DecisionActivities(
        worker.ledger,
        Situations(worker.ledger, whereabouts, holidays, wiring.minimum_charges(Settings()), worker.rules),
    )
    task = a_decision(worker, case)

    before = deciding.decide(task)
    message = next(step for step in before.ahead if "e-mail" in step.title)
    known.add(message.at.date())
    after = deciding.decide(task)

    moved = next(step for step in after.ahead if step.title == message.title)
    assert [("US", AS_OF.date())] * 2 == asked
    assert message.at.date() < moved.at.date()


def test_a_policy_that_the_ledger_does_not_know_is_asked_for_again(worker: Worker) -> None:
    """A ledger that was restored half-way: no operator can release a case that cannot decide, so it tries on."""
    case = open_case(worker)
    task = a_decision(worker, case)
    unknown = task.case.policy.model_copy(update={"digest": "0" * 16})
    lost = DecisionTask(case=task.case.model_copy(update={"policy": unknown}), at=AS_OF)

    with pytest.raises(ApplicationError, match="no policy 0000000000000000") as caught:
        worker.decide(lost)
    worker.ledger.keep_policy("0" * 16, "standard", 1, worker.ledger.policy(task.case.policy.digest))

    assert ("ProviderTrouble", False) == (caught.value.type, caught.value.non_retryable)
    assert isinstance(worker.decide(lost).decision, Wait)


def test_a_case_that_the_ledger_does_not_know_is_asked_for_again(worker: Worker) -> None:
    """Misuse anywhere else; here there is no hold that could wait for an operator."""
    case = open_case(worker).model_copy(update={"invoice_id": "in_of_another_ledger"})

    with pytest.raises(ApplicationError, match="in_of_another_ledger") as caught:
        worker.decide(a_decision(worker, case))

    assert ("ProviderTrouble", False) == (caught.value.type, caught.value.non_retryable)


@contextmanager
def seen_by(look: Callable[[str], None]) -> Iterator[None]:
    """Shows every statement before the database gets it."""

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        look(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)


@pytest.mark.parametrize("table", ["cases", "record"])
def test_a_decision_is_written_whole_or_not_at_all(worker: Worker, table: str) -> None:
    """A database that fails half-way keeps neither the row nor the entries; the next run writes both."""
    case = open_case(worker)
    task = told(a_decision(worker, case), "payment_received", a_payment(500))
    before = row_of(worker, case)

    def refuse(statement: str) -> None:
        if statement.startswith((f"INSERT INTO {table} ", f"UPDATE {table} ")):
            raise OSError("no space left on the disk")

    with seen_by(refuse), pytest.raises(ApplicationError) as caught:
        worker.decide(task)

    assert ("ProviderTrouble", False) == (caught.value.type, caught.value.non_retryable)
    assert (before, []) == (row_of(worker, case), record_of(worker, case))
    worker.decide(task)
    assert (LATER, usd(1499)) == (row_of(worker, case).decided_at, row_of(worker, case).remaining)
    assert ("evt_paid", "payment received") in record_of(worker, case)


def test_a_policy_is_read_once_per_worker(worker: Worker) -> None:
    """It never changes: what costs a statement and a parse a decision is remembered by its digest."""
    case = open_case(worker)
    task = a_decision(worker, case)
    deciding = DecisionActivities(
        worker.ledger,
        wiring.situations(worker.settings, worker.ledger),
    )
    statements: list[str] = []

    with seen_by(statements.append):
        for _ in range(3):
            deciding.decide(task)

    assert 1 == len([statement for statement in statements if "FROM policies" in statement])
