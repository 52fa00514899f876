"""The queue of calls under people who press twice, come late, or press at once."""

from datetime import timedelta

import pytest

from domain.calls import LEASE, CallResult, MadeBy, TaskState
from domain.rules.contacts import ContactCaps
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger import automatic_calls
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.calls import CallTaskRow, Taken
from gateways.ports.messages import Address
from tests.gateways.ledger.builders import DAY, NOW, RACERS, a_case, a_customer, a_projection, an_entry, race

CAPS = ContactCaps(per_week=99, distance=timedelta(0), policy="standard@1")
CALL, HOUR = "call_1", timedelta(hours=1)
TO = Address(customer_id="cus_1", phone="+66812345678")


def a_task(ledger: SqlLedger, by: MadeBy = MadeBy.PERSON, call: str = CALL) -> None:
    invoice = call.replace("call", "in")
    ledger.open_case(a_case(invoice, customer_id="cus_1"), a_customer(customer_id="cus_1"), "{}")
    task = CallTaskRow(
        call_id=call,
        invoice_id=invoice,
        customer_id="cus_1",
        step="d05-call",
        state=TaskState.OPEN,
        as_of=NOW,
        call_from=NOW,
        until=NOW + timedelta(days=3),
        zones=("Asia/Bangkok",),
        windows=(),
        offers=(),
        said=MessageFacts(stage=Stage.REMINDER),
        why="call on day 5",
        address=TO.phone,
        made_by=by,
    )
    ledger.queue_call(task, TO, CAPS)


def state(ledger: SqlLedger) -> TaskState:
    row = ledger.call_task(CALL)
    assert row is not None
    return row.state


def test_of_many_who_take_it_at_once_one_has_it_also_while_the_number_changes(ledger: SqlLedger) -> None:
    """Each has read another number: what makes the caps wait for each other is no longer the same."""
    a_task(ledger)
    numbers = [Address(customer_id=f"cus_{each}", phone=f"+6681234567{each}") for each in range(RACERS)]
    answers = race(lambda each: ledger.take_call(CALL, numbers[each], CAPS, f"caller {each}", NOW))

    assert 1 == len([one for one in answers if isinstance(one, Taken)])
    assert 1 == len(ledger.calls_of(CALL))


def test_of_two_results_at_once_one_stands_and_both_are_told_which(ledger: SqlLedger) -> None:
    a_task(ledger)
    ledger.take_call(CALL, TO, CAPS, "Ana", NOW)
    said = [CallResult.REACHED, CallResult.NO_ANSWER] * RACERS
    answers = race(lambda each: ledger.call_result(CALL, "Ana", said[each], NOW, ""))
    [one] = ledger.calls_of(CALL)

    assert {(1, one.result)} == set(answers)
    assert 1 == len([entry for entry in ledger.record("in_1") if entry.what.startswith("call: ")])


def test_who_reports_after_the_lease_is_heard_although_somebody_else_has_it(ledger: SqlLedger) -> None:
    """The customer said to Ana that they want no calls. Bo has the task meanwhile, and says what came of his own."""
    a_task(ledger)
    ledger.take_call(CALL, TO, CAPS, "Ana", NOW)
    ledger.take_call(CALL, Address(customer_id="cus_1", phone="+66800000000"), CAPS, "Bo", NOW + LEASE)
    late = ledger.call_result(CALL, "Ana", CallResult.OPTED_OUT, NOW + LEASE, "")

    assert (1, CallResult.OPTED_OUT) == late
    assert TaskState.TAKEN is state(ledger)
    assert ledger.call_place(CALL, 1) == TO.key(Channel.PHONE)
    assert (2, CallResult.NO_ANSWER) == ledger.call_result(CALL, "Bo", CallResult.NO_ANSWER, NOW + HOUR, "")
    assert TaskState.DONE is state(ledger)
    assert [CallResult.OPTED_OUT, CallResult.NO_ANSWER] == [one.result for one in ledger.calls_of(CALL)]


def test_it_is_nobodys_longer_than_it_may_be_made(ledger: SqlLedger) -> None:
    """Taken ten minutes before the hours are over."""
    a_task(ledger)
    closes = NOW + timedelta(minutes=10)
    taken = ledger.take_call(CALL, TO, CAPS, "Ana", NOW, closes)

    assert isinstance(taken, Taken)
    assert closes == taken.row.taken_until


def test_the_automatic_service_sees_a_task_in_its_time_and_in_its_cases(ledger: SqlLedger) -> None:
    """A case may live ahead of the machine's clock."""

    def seen(after: timedelta) -> list[str]:
        return [row.call_id for row in ledger.automatic_calls(NOW + after)]

    a_task(ledger, MadeBy.MACHINE)
    assert ([], [CALL], [CALL], []) == (seen(-HOUR), seen(0 * DAY), seen(2 * DAY), seen(3 * DAY))

    ledger.decided("in_1", NOW, [an_entry()], a_projection(), "{}")
    assert ([CALL], [CALL], []) == (seen(-365 * DAY), seen(2 * DAY), seen(3 * DAY))

    ledger.decided("in_1", NOW + 3 * DAY, [an_entry(at=NOW + 3 * DAY)], a_projection(), "{}")
    assert ([], []) == (seen(-365 * DAY), seen(2 * DAY))


def test_the_automatic_service_sees_all_tasks_page_by_page(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that cannot be made now hold no other up."""
    monkeypatch.setattr(automatic_calls, "_MOST", 1)
    for call in (CALL, "call_2"):
        a_task(ledger, MadeBy.MACHINE, call)
    pages = [ledger.automatic_calls(NOW, after) for after in ("", CALL, "call_2")]

    assert [[CALL], ["call_2"], []] == [[row.call_id for row in page] for page in pages]
