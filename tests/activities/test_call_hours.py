"""Hours that a customer has stated bind whoever calls: when a call is queued, taken, dialled, and called back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cli.calls import _in_full
from domain.calls import LEASE, CallResult, CallWindow, MadeBy, Offer, TaskState, call_id
from domain.rules.calls import STATED_HOURS
from gateways.ledger.schema import cases
from gateways.ports.calls import CallTaskRow
from sandbox.providers.faults import Mode
from service.call_results import CallResults
from service.calls import Calls
from service.requests import Refused
from tests.activities.builders import OpenCase, Worker, a_decision, another_invoice
from tests.activities.call_office import DAY, HOUR, MONDAY, STEP, UNTIL, Office, a_call
from tests.activities.voice_exchange import Exchange

EVENINGS = "mon-fri 17:00-19:00"
FIVE = MONDAY + 5 * HOUR
"""Five o'clock on Monday, in New York."""
WINDOWS = tuple(
    CallWindow(start=MONDAY + days * DAY - (3 * HOUR if days else 0 * HOUR), end=MONDAY + days * DAY + 8 * HOUR)
    for days in range(3)
)
"""Monday from noon on, Tuesday and Wednesday from nine, until eight."""


@pytest.fixture
def office(worker: Worker) -> Iterator[Office]:
    return Office(worker)


def says(office: Office, case: OpenCase, hours: str | None) -> None:
    office.ledger.customer_set(case.customer_id, {"call_hours": hours})


def row_of(office: Office, call: str) -> CallTaskRow:
    found = office.ledger.call_task(call)
    assert found
    return found


def test_it_waits_in_the_queue_for_the_hours_that_the_customer_wants(office: Office) -> None:
    case = office.case()
    says(office, case, EVENINGS)
    call = office.queue(case, windows=WINDOWS)
    row = row_of(office, call)

    [line] = [line for line in office.calls.page(limit=500).calls if line.call == call]
    assert (MONDAY, FIVE) == (row.call_from, line.call_from)
    assert [FIVE + days * DAY for days in range(3)] == [window.start for window in row.windows]
    assert [2 * HOUR] * 3 == [window.end - window.start for window in row.windows]
    assert call not in [line.call for line in office.calls.page(now=True, limit=500).calls]
    with pytest.raises(Refused, match=r"stated-hours.*2026-11-30 17:00 in America/New_York"):
        office.calls.take(call, "Ana")
    office.now = FIVE + HOUR * 7 / 4
    assert call in [line.call for line in office.calls.page(now=True, limit=500).calls]
    assert FIVE + 2 * HOUR == office.calls.take(call, "Ana").line.taken_until


def test_what_was_stated_since_it_was_queued_counts_too(office: Office) -> None:
    case = office.case()
    call = office.queue(case, windows=WINDOWS)
    assert office.calls.sheet(call).may_call

    says(office, case, EVENINGS)
    sheet = office.calls.sheet(call)

    assert not sheet.may_call
    assert (FIVE, EVENINGS) == (sheet.windows[0].start, sheet.call_hours[0].text)
    with pytest.raises(Refused, match=STATED_HOURS):
        office.calls.take(call, "Ana")
    says(office, case, None)
    assert MONDAY + LEASE == office.calls.take(call, "Ana").line.taken_until


@pytest.mark.parametrize("hours", ["sat 10:00-12:00", "mon-sun 03:00-05:00"])
def test_where_none_of_them_is_left_it_is_refused_and_the_record_says_so(office: Office, hours: str) -> None:
    """Stated between the decision and its activity; the day of the case goes on."""
    case = office.case()
    says(office, case, hours)
    answer = office.worker.queue_call(a_call(case, windows=WINDOWS))

    assert answer.refused
    assert STATED_HOURS == answer.refused.rule
    assert "within 3 days in the hours in which the customer wants to be called" in answer.refused.why
    assert office.ledger.call_task(call_id(case.invoice_id, STEP)) is None
    assert [(STATED_HOURS, answer.refused.why)] == [
        (entry.rule, entry.why) for entry in office.ledger.record(case.invoice_id) if entry.step == STEP
    ]


def test_a_cap_that_leaves_none_of_its_hours_leaves_it_out(office: Office) -> None:
    """A task without an hour would wait for nobody."""
    case = office.case()
    says(office, case, "mon 17:00-19:00")
    caps = a_call(case).caps.model_copy(update={"distance": timedelta(days=1)})
    other = another_invoice(office.worker, case)
    office.worker.decide(a_decision(office.worker, other, MONDAY))
    office.queue(other, step="d02-call")
    office.now = FIVE
    office.calls.take(call_id(other.invoice_id, "d02-call"), "Ana")

    answer = office.worker.queue_call(a_call(case, windows=WINDOWS, caps=caps))

    assert answer.refused
    assert "late for this one" in answer.refused.why


def test_hours_that_changed_since_the_decision_take_the_place_of_the_old_ones(office: Office) -> None:
    case = office.case()
    says(office, case, EVENINGS)
    task = a_call(case, windows=WINDOWS)
    says(office, case, "mon-sun 09:00-12:00")

    assert office.worker.queue_call(task).refused is None
    assert MONDAY + DAY - 3 * HOUR == row_of(office, call_of(case)).windows[0].start


def test_hours_that_are_stated_since_it_was_queued_may_be_sooner(office: Office) -> None:
    case = office.case()
    says(office, case, EVENINGS)
    call = office.queue(case, windows=WINDOWS)
    says(office, case, "mon-fri 12:00-19:00")

    assert office.calls.take(call, "Ana").line.taken_by == "Ana"


def test_a_call_whose_answer_was_lost_stands_whatever_was_said_since(office: Office) -> None:
    """Who takes it asks anew."""
    case = office.case()
    call = office.queue(case, windows=WINDOWS)
    says(office, case, "sat 10:00-12:00")

    assert office.worker.queue_call(a_call(case, windows=WINDOWS)).refused is None
    assert TaskState.OPEN is office.state(call)
    assert ["call due"] == [entry.what for entry in office.ledger.record(case.invoice_id) if entry.step == STEP]


def keep(office: Office, call: str, at: datetime) -> CallTaskRow:
    """Ana notes that the customer wants to be called back then."""
    results = CallResults(office.ledger, office.calls, running=_NOT_ASKED)
    return results._keep(call, "Ana", CallResult.CALL_BACK, None, None, at)[0]


_NOT_ASKED: Any = None
"""Telling the case of it needs Temporal, and is another test's."""


def test_who_named_the_moment_is_called_back_then_if_it_is_lawful(office: Office) -> None:
    """Tuesday at ten, although evenings were stated: for an hour, and in the evenings as before. Of a place whose law
    asks for no pause after a conversation."""
    case = office.case()
    call = office.queue(case, windows=WINDOWS)
    office.calls.take(call, "Ana")
    office.ledger.customer_set(case.customer_id, {"country": "NZ", "region": ""})
    says(office, case, EVENINGS)
    ten = MONDAY + DAY - 2 * HOUR
    row = keep(office, call, ten)

    assert (ten, UNTIL, TaskState.OPEN) == (row.call_from, row.until, row.state)
    for when, may in ((ten - HOUR, False), (ten, True), (ten + HOUR, False), (FIVE + DAY, True)):
        office.now = when
        assert may is office.calls.sheet(call).may_call, when
        assert may is (call in [line.call for line in office.calls.page(now=True, limit=500).calls]) or when != ten
    office.now = ten + HOUR * 3 / 4
    assert ten + HOUR == office.calls.take(call, "Ana").line.taken_until


def in_new_zealand(office: Office) -> tuple[OpenCase, str]:
    """Whose law asks for no pause after a conversation. Ana has the call."""
    case = office.case()
    call = office.queue(case, windows=WINDOWS)
    office.calls.take(call, "Ana")
    office.ledger.customer_set(case.customer_id, {"country": "NZ", "region": ""})
    return case, call


def test_hours_that_are_stated_after_a_moment_was_named_bind(office: Office) -> None:
    case, call = in_new_zealand(office)
    ten = MONDAY + DAY - 2 * HOUR
    keep(office, call, ten)
    office.ledger.customer_set(case.customer_id, {"call_hours": EVENINGS, "call_hours_at": MONDAY + HOUR})
    office.now = ten

    assert not office.calls.sheet(call).may_call


def test_a_moment_that_somebody_named_to_who_had_the_call_no_more_is_none(office: Office) -> None:
    """Ana's time is over, Ben has it and gives it back: no moment was kept."""
    case, call = in_new_zealand(office)
    office.now = MONDAY + LEASE + HOUR / 60
    office.calls.take(call, "Ben")
    keep(office, call, MONDAY + DAY)
    office.calls.give_back(call, "Ben")
    says(office, case, EVENINGS)
    office.now += HOUR / 6

    assert not office.calls.sheet(call).may_call


def test_a_call_back_after_the_tasks_days_may_be_made_in_the_evening_of_its_day(office: Office) -> None:
    case, call = in_new_zealand(office)
    says(office, case, EVENINGS)
    ten = MONDAY + 4 * DAY - 2 * HOUR
    keep(office, call, ten)
    office.now = ten + 7 * HOUR + HOUR / 4

    assert office.calls.sheet(call).may_call


def test_a_refusal_speaks_by_the_clock_of_where_the_customer_is_now(office: Office) -> None:
    case = office.case()
    call = office.queue(case, windows=WINDOWS)
    office.ledger.customer_set(case.customer_id, {"time_zone": "Asia/Tokyo", "country": "JP", "region": ""})

    assert "in Asia/Tokyo (" in office.calls.sheet(call).why_not


def test_a_person_who_is_erased_leaves_no_hours(office: Office) -> None:
    case = office.case()
    says(office, case, EVENINGS)
    call = office.queue(case, windows=WINDOWS)
    engine = sa.create_engine(office.worker.settings.dunning_database_url)
    with engine.begin() as connection:
        connection.execute(sa.update(cases).where(cases.c.invoice_id == case.invoice_id).values(status="closed"))
    assert office.ledger.erase_person(case.customer_id, MONDAY + DAY)

    assert () == row_of(office, call).windows


def test_a_call_back_at_an_unlawful_hour_is_refused_as_before(office: Office) -> None:
    case = office.case()
    says(office, case, EVENINGS)
    call = office.queue(case, windows=WINDOWS)
    office.now = FIVE
    office.calls.take(call, "Ana")

    with pytest.raises(Refused, match="Nobody may be called then"):
        keep(office, call, MONDAY + DAY - 7 * HOUR)
    assert FIVE + DAY + 2 * HOUR == keep(office, call, FIVE + DAY).windows[-2].end


def test_the_automatic_service_dials_and_has_called_back_in_those_hours(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = Exchange(worker, monkeypatch)
    case = exchange.agreed(exchange.case())
    says(exchange, case, EVENINGS)
    call = exchange.automatic(case, windows=WINDOWS)

    assert exchange.look(call) is None
    assert [] == exchange.twilio.calls
    exchange.now = FIVE + HOUR
    assert FIVE + DAY == exchange.voice.call_back_at(row_of(exchange, call))
    assert exchange.look(call) is None
    assert 1 == len(exchange.twilio.calls)
    exchange.threads.close()


def test_the_automatic_service_does_not_dial_whoever_stated_other_hours_since(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = Exchange(worker, monkeypatch)
    case = exchange.agreed(exchange.case())
    call = exchange.queue(case, by=MadeBy.MACHINE, offers=(Offer.PAY_LINK,), windows=WINDOWS)
    says(exchange, case, "mon-sun 03:00-05:00")

    fault = exchange.worker.world.faults.add("stripe", "GET", Mode.ERROR)
    assert exchange.look(call) is None
    assert ([], 1) == (exchange.twilio.calls, fault.times)  # nor is Stripe asked, round by round
    fault.times = 0
    assert exchange.voice.call_back_at(row_of(exchange, call)) is None
    exchange.threads.close()


def test_the_automatic_service_dials_in_hours_that_were_stated_since(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of which is among those that it was queued with."""
    exchange = Exchange(worker, monkeypatch)
    case = exchange.agreed(exchange.case())
    says(exchange, case, EVENINGS)
    call = exchange.automatic(case, windows=WINDOWS)
    says(exchange, case, "mon-sun 09:00-12:00")
    exchange.now = MONDAY + DAY - 2 * HOUR
    exchange.look(call)

    assert 1 == len(exchange.twilio.calls)
    exchange.threads.close()


def spoken_to(office: Office, case: OpenCase, at: datetime, result: CallResult) -> None:
    """A call of an earlier invoice of the same customer."""
    before = another_invoice(office.worker, case)
    office.worker.decide(a_decision(office.worker, before, at))
    office.now = at
    calls: Calls = office.calls
    call = office.queue(before, as_of=at, until=at + DAY, windows=(CallWindow(start=at, end=at + DAY),))
    calls.take(call, "Ana")
    office.result(call, result)


def test_the_sheet_names_the_hour_at_which_they_answered_before(office: Office) -> None:
    """It binds nobody: the windows stay as they are."""
    case = office.case()
    assert office.calls.sheet(office.queue(case, windows=WINDOWS)).best == office.calls.sheet(call_of(case)).windows[0]
    spoken_to(office, case, MONDAY + 2 * HOUR - 14 * DAY, CallResult.NO_ANSWER)
    spoken_to(office, case, FIVE + HOUR / 6 - 10 * DAY, CallResult.REACHED)
    office.now = MONDAY
    sheet = office.calls.sheet(call_of(case))

    assert ("Fri 17:10",) == sheet.answered_before
    assert "2026-11-30 16:10 to 18:10" == sheet.local_best
    assert MONDAY == sheet.windows[0].start
    assert sheet.may_call
    says(office, case, EVENINGS)
    bound = office.calls.sheet(call_of(case))
    assert "2026-11-30 17:00 to 18:10" == bound.local_best
    for line in ("wants to be called mon-fri 17:00-19:00", "best: 2026-11-30 17:00 to 18:10", "answered before: Fri"):
        assert line in _in_full(bound)


def call_of(case: OpenCase) -> str:
    return call_id(case.invoice_id, STEP)
