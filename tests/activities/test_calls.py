"""A call waits in the queue for one person, and is made only while it is right at that very moment."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from domain import events
from domain.agency import Handoff
from domain.calls import LEASE, CallResult, CallWindow, TaskState, call_id
from domain.case import Unfinished
from domain.kinds.handoff import HandoffStep
from domain.money import Money
from domain.outgoing import TYPES
from domain.protection import Protected, Protection, SetBy
from domain.rules.contacts import ContactCaps
from domain.steps import Channel
from service.requests import Refused, Unknown, WrongRequest
from tests.activities.builders import (
    STANDARD,
    Worker,
    a_contact,
    a_decision,
    another_invoice,
    told,
)
from tests.activities.call_office import DAY, FACTS, HOUR, MONDAY, NUMBER, STEP, UNTIL, Office, a_call, close


@pytest.fixture
def office(worker: Worker) -> Iterator[Office]:
    return Office(worker)


def test_it_is_put_into_the_queue_once(office: Office) -> None:
    case = office.case()
    first, again = office.worker.queue_call(a_call(case)), office.worker.queue_call(a_call(case))
    row = office.ledger.call_task(call_id(case.invoice_id, STEP))

    assert first == again
    assert first.stopped is first.refused is None
    assert row is not None
    assert (TaskState.OPEN, MONDAY, UNTIL, case.phone) == (row.state, row.call_from, row.until, row.address)
    assert ["call due"] == [entry.what for entry in office.ledger.record(case.invoice_id) if entry.step == STEP]


def test_without_a_number_nobody_is_called(office: Office) -> None:
    case = office.case(phone=False)
    answer = office.worker.queue_call(a_call(case))

    assert answer.refused is not None
    assert "no phone number is known" in answer.refused.why
    assert office.ledger.call_task(call_id(case.invoice_id, STEP)) is None


def test_what_was_said_or_paid_since_the_decision_stops_it(office: Office) -> None:
    paid, protected, closed = office.case(), office.case(), office.case()
    office.worker.world.stripe.pay_out_of_band(paid.invoice_id)
    said = Protected(protection=Protection.DECEASED, event_id="1", since=MONDAY - DAY, source=SetBy.OPERATOR, by="pat")
    office.ledger.protect(protected.customer_id, said)
    close(office, closed, Channel.PHONE)
    answers = [office.worker.queue_call(a_call(case)) for case in (paid, protected, closed)]

    assert [True, True, False] == [answer.stopped is not None for answer in answers]
    assert answers[2].refused is not None
    assert "opted out" in answers[2].refused.why


def test_who_wants_no_texts_may_be_called(office: Office) -> None:
    case = office.case()
    close(office, case, Channel.SMS)

    assert TaskState.OPEN is office.state(office.queue(case))


def test_a_cap_puts_it_off_or_leaves_it_out(office: Office) -> None:
    """Messages count: it waits until there is room, and is not made where that comes too late."""
    later, never = office.case(), office.case()
    for case, before in ((later, 6 * DAY), (never, HOUR)):
        office.worker.contact(a_contact(case, as_of=MONDAY - before))
    caps = ContactCaps(per_week=1, distance=timedelta(0), policy="standard@1", patient_until=UNTIL)
    days = (MONDAY, MONDAY + DAY)
    first = office.queue(later, caps=caps, windows=tuple(CallWindow(start=day, end=day + 6 * HOUR) for day in days))
    second = office.worker.queue_call(a_call(never, caps=caps))

    row = office.ledger.call_task(first)
    assert row is not None
    assert MONDAY + DAY == row.call_from
    assert second.refused is not None
    assert "late for this one" in second.refused.why


def test_one_person_takes_it_and_sees_what_to_say(office: Office) -> None:
    call = office.queue(office.case())
    sheet = office.calls.take(call, "Ana")

    assert sheet.may_call
    assert ("Ana", MONDAY + LEASE) == (sheet.line.taken_by, sheet.line.taken_until)
    assert Money(amount=1999, currency="USD") == sheet.due
    assert "2026-11-30 12:00" == sheet.local_time
    assert sheet.pay_link
    with pytest.raises(Refused, match=r"Ana has taken .* until 2026-11-30 17:30 UTC"):
        office.calls.take(call, "Bo")
    assert sheet.line == office.calls.take(call, "Ana").line
    assert 1 == len(office.ledger.calls_of(call))


def test_what_comes_next_is_said_as_it_is_when_somebody_calls(office: Office) -> None:
    """Queued on Monday and called on Wednesday: the try of Tuesday is over, and the next one is named."""
    then = FACTS.but(next_charge_on=(MONDAY + DAY).date())
    call = office.queue(office.case(), facts=then)
    office.now += 2 * DAY
    [said] = [line for line in office.calls.take(call, "Ana").script.lines if "We will" in line]

    assert "December 1," not in said
    assert "on December" in said


def test_nothing_of_the_debt_is_said_before_it_is_certain_who_is_there(office: Office) -> None:
    script = office.calls.sheet(office.queue(office.case())).script

    for text in (script.ask, script.check, script.stranger, script.machine):
        assert not re.search(r"19|invoice|unpaid|pay|due|owe", text, re.IGNORECASE)
    assert NUMBER in script.machine
    assert any("$19.99" in line for line in script.lines)


def test_whose_lease_is_over_has_it_no_more(office: Office) -> None:
    """That call may have been made: it counts, and what came of it is heard also late."""
    call = office.queue(office.case())
    office.calls.take(call, "Ana")
    office.now += LEASE

    assert "Bo" == office.calls.take(call, "Bo").line.taken_by
    assert ["Ana", "Bo"] == [one.by for one in office.ledger.calls_of(call)]
    assert (1, CallResult.REACHED) == office.result(call, CallResult.REACHED)
    assert TaskState.TAKEN is office.state(call)


def test_it_is_nobodys_beyond_the_hours_in_which_it_may_be_made(office: Office) -> None:
    """Who takes it ten minutes before they are over has ten minutes."""
    call = office.queue(office.case())
    closes = office.calls.sheet(call).windows[0].end
    office.now = closes - HOUR / 6

    assert closes == office.calls.take(call, "Ana").line.taken_until


def test_what_is_given_back_does_not_count(office: Office) -> None:
    case = office.case()
    call = office.queue(case)
    office.calls.take(call, "Ana")
    line = office.calls.give_back(call, "Ana")

    assert (TaskState.OPEN, "") == (line.state, line.taken_by)
    assert [True] == [one.given_back for one in office.ledger.calls_of(call)]
    assert office.calls.take(call, "Bo").may_call
    with pytest.raises(Refused, match="has not taken"):
        office.calls.give_back(call, "Ana")


def test_calls_of_all_cases_count_for_the_person(office: Office) -> None:
    """The standard policy's contacts in a week are used up by calls about one invoice: none is made about another."""
    case = office.case()
    other = another_invoice(office.worker, case)
    office.worker.decide(a_decision(office.worker, other, MONDAY))
    most = STANDARD.contacts.per_week
    calls = [office.queue(case, step=f"d{number:02d}-call") for number in range(most)]
    last = office.queue(other)
    for call in calls:
        office.calls.take(call, "Ana")
        office.result(call, CallResult.NO_ANSWER)

    with pytest.raises(Refused, match=f"as often as the policy allows \\({most} in a week"):
        office.calls.take(last, "Ana")


def test_after_a_conversation_the_law_keeps_the_next_call_waiting(office: Office) -> None:
    case = office.case()
    first, second = office.queue(case), office.queue(case, step="d05-call", until=MONDAY + 9 * DAY)
    office.calls.take(first, "Ana")
    office.result(first, CallResult.REACHED)
    office.now += DAY

    with pytest.raises(
        Refused, match=r"nobody is called within 7 days of a conversation .*2026-12-07 12:00 in America/New"
    ):
        office.calls.take(second, "Ana")


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (MONDAY + 12 * HOUR, r"No call yet: .*It may be made from 2026-12-01 0\d:\d\d in America/New_York"),
        (MONDAY - 4 * DAY, r"(?s)No call yet: .*"),
        (UNTIL, "it was to be made until"),
    ],
)
def test_outside_its_hours_it_is_refused_with_the_next_ones(office: Office, when: datetime, why: str) -> None:
    call = office.queue(office.case())
    office.now = when
    if when < MONDAY:
        # The case lives ahead of this clock: its own time counts.
        assert office.calls.take(call, "Ana").may_call
        return
    with pytest.raises(Refused, match=why):
        office.calls.take(call, "Ana")


def test_paid_meanwhile_on_hold_or_protected_it_is_refused(office: Office) -> None:
    paid, held, protected, closed = (office.case() for _ in range(4))
    calls = [office.queue(case) for case in (paid, held, protected, closed)]
    office.worker.world.stripe.pay_out_of_band(paid.invoice_id)
    pause = told(a_decision(office.worker, held, MONDAY), "dispute_opened", events.DisputeOpened(event_id="dp"), MONDAY)
    office.worker.decide(pause)
    said = Protected(
        protection=Protection.BANKRUPTCY, event_id="1", since=MONDAY - DAY, source=SetBy.OPERATOR, by="pat"
    )
    office.ledger.protect(protected.customer_id, said)
    close(office, closed, Channel.PHONE)

    for call, why in zip(calls, ("the invoice is paid", "stands still", "bankruptcy", "opted out"), strict=True):
        with pytest.raises(Refused, match=why):
            office.calls.take(call, "Ana")


def test_a_case_that_stands_still_or_ends_withdraws_its_calls(office: Office) -> None:
    case = office.case()
    call = office.queue(case)
    task = told(a_decision(office.worker, case, MONDAY), "dispute_opened", events.DisputeOpened(event_id="dp"), MONDAY)
    office.worker.decide(task)
    entries = [(entry.what, entry.why) for entry in office.ledger.record(case.invoice_id) if entry.step == STEP]

    assert TaskState.WITHDRAWN is office.state(call)
    assert ("call withdrawn", "the case stands still") == entries[-1]


def test_a_case_that_an_agency_gets_withdraws_its_calls(office: Office) -> None:
    case = office.case()
    call = office.queue(case)
    task = a_decision(office.worker, case, MONDAY)
    with_agency = Handoff(at=MONDAY, references=("a-1",))
    office.worker.decide(task.but(case=task.case.but(handoff=with_agency)))

    assert TaskState.WITHDRAWN is office.state(call)
    with pytest.raises(Refused, match="the case is with an agency"):
        office.calls.take(call, "Ana")


def test_a_handoff_whose_answer_was_lost_withdraws_the_calls_and_lets_nobody_take_one(office: Office) -> None:
    """The agency may have the case: neither what waits nor what Ana has taken is hers to call."""
    case, other = office.case(), office.case()
    call, taken = office.queue(case), office.queue(other)
    office.calls.take(taken, "Ana")
    for each in (case, other):
        task = a_decision(office.worker, each, MONDAY)
        step = HandoffStep(key="d28-escalate", due=MONDAY, day=28, ends=True)
        lost = Unfinished(step=step, begun=True, not_before=MONDAY + HOUR)
        office.worker.decide(task.but(case=task.case.but(unfinished={step.key: lost})))

    assert [TaskState.WITHDRAWN] * 2 == [office.state(each) for each in (call, taken)]
    for each in (call, taken):
        assert not office.calls.sheet(each).may_call
        with pytest.raises(Refused, match="the case comes to its end"):
            office.calls.take(each, "Ana")


def test_a_call_that_nobody_took_is_over(office: Office) -> None:
    case = office.case()
    call = office.queue(case)
    assert call in [line.call for line in office.calls.page(limit=500).calls]
    office.now = UNTIL
    waiting, over = office.calls.page(limit=500), office.calls.page(over=True, limit=500)

    assert call not in [line.call for line in waiting.calls]
    assert ["nobody made the call in time"] == [line.end_why for line in over.calls if line.call == call]
    assert "call expired" == office.ledger.record(case.invoice_id)[-1].what


def test_a_result_is_taken_once_and_another_one_is_not(office: Office) -> None:
    call = office.queue(office.case())
    office.calls.take(call, "Ana")
    kept = [office.result(call, result) for result in (CallResult.VOICEMAIL, CallResult.VOICEMAIL, CallResult.REACHED)]

    assert [(1, CallResult.VOICEMAIL)] * 3 == kept
    assert TaskState.DONE is office.state(call)


def test_who_is_to_be_called_back_is_in_the_queue_again(office: Office) -> None:
    case = office.case()
    call = office.queue(case)
    office.calls.take(call, "Ana")
    again = CallWindow(start=UNTIL + HOUR, end=UNTIL + 2 * HOUR)
    office.result(call, CallResult.CALL_BACK, again=again)
    row = office.ledger.call_task(call)

    assert row is not None
    assert (TaskState.OPEN, again.start, again.end, "") == (row.state, row.call_from, row.until, row.taken_by)
    [line] = [one for one in office.calls.page(limit=500).calls if one.call == call]
    assert not line.now


def test_what_a_call_centres_tool_is_told(office: Office) -> None:
    """Ids and times, and nothing of the person."""
    assert {"type", "call", "until"} == set(TYPES["call.due"].model_fields)
    assert {"type", "call", "result"} == set(TYPES["call.done"].model_fields)


def test_the_list_has_those_for_now_first_and_pages(office: Office) -> None:
    now, later = (
        office.queue(office.case()),
        office.queue(office.case(), windows=(CallWindow(start=MONDAY + HOUR, end=UNTIL),)),
    )
    page = office.calls.page(limit=500)
    order = [line.call for line in page.calls]
    one = office.calls.page(limit=1)

    assert order.index(now) < order.index(later)
    assert now in [line.call for line in office.calls.page(now=True, limit=500).calls]
    assert later not in [line.call for line in office.calls.page(now=True, limit=500).calls]
    assert one.after is not None
    assert one.after != office.calls.page(after=one.after, limit=1).calls[0].call


def test_what_makes_no_sense_is_said_in_a_sentence(office: Office) -> None:
    with pytest.raises(Unknown, match="There is no call call_x"):
        office.calls.sheet("call_x")
    with pytest.raises(WrongRequest, match="1 to 500"):
        office.calls.page(limit=0)
    with pytest.raises(WrongRequest, match="no page after"):
        office.calls.page(after="call_x")
    with pytest.raises(WrongRequest, match="who calls"):
        office.calls.take(office.queue(office.case()), " ")
