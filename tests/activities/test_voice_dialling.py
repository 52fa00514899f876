"""The automatic service dials once, though answers get lost, and not where Twilio refuses."""

from datetime import timedelta

import pytest

from domain.calls import CallResult, CallWindow, MadeBy, TaskState
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from service.requests import Refused
from tests.activities.call_office import DAY, HOUR, MONDAY
from tests.activities.voice_exchange import CALLER, Exchange, exchange

__all__ = ["exchange"]


def test_it_dials_once_though_the_answer_was_lost(exchange: Exchange) -> None:
    call = exchange.automatic(exchange.agreed(exchange.case()))
    exchange.twilio.lost = 1
    with pytest.raises(ProviderTrouble):
        exchange.look(call)
    exchange.look(call)
    exchange.now += timedelta(minutes=3)
    exchange.look(call)

    [made] = exchange.twilio.calls
    [taken] = exchange.ledger.calls_of(call)
    assert made.sid == taken.provider_id


@pytest.mark.parametrize(("changes", "heard"), [(1, None), (2, CallResult.NO_ANSWER)])
def test_a_number_that_changed_while_the_answer_was_lost_is_not_dialled_twice(
    exchange: Exchange, changes: int, heard: CallResult | None
) -> None:
    """It is looked up by the number that was called; where that one is not known any more, it counts as made."""
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    if changes == 2:
        exchange.ledger.customer_set(case.customer_id, {"phone": "+12025550191"})
        exchange.agreed(case, event_id="again", at=MONDAY - DAY)
    exchange.twilio.lost = 1
    with pytest.raises(ProviderTrouble):
        exchange.look(call)
    exchange.ledger.customer_set(case.customer_id, {"phone": "+12025550192"})
    exchange.now += timedelta(minutes=3)
    exchange.look(call)

    [made] = exchange.twilio.calls
    [taken] = exchange.ledger.calls_of(call)
    assert (heard, made.sid if heard is None else None) == (taken.heard, taken.provider_id)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=4), timedelta(minutes=2)])
def test_it_dials_once_though_this_machines_clock_is_ahead(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    call = exchange.automatic(exchange.agreed(exchange.case()))
    monkeypatch.setattr(exchange.worker.world.journal, "clock", lambda: exchange.now - ahead)
    exchange.twilio.lost = 1
    with pytest.raises(ProviderTrouble):
        exchange.look(call)
    exchange.now += timedelta(minutes=3)
    exchange.look(call)
    exchange.look(call)

    assert 1 == len(exchange.twilio.calls)


def test_a_call_of_somebody_else_with_the_same_number_is_not_taken_for_the_lost_one(exchange: Exchange) -> None:
    one, other = exchange.case(), exchange.case()
    for case in (one, other):
        exchange.ledger.customer_set(case.customer_id, {"phone": "+12025550193"})
    hours = tuple(CallWindow(start=MONDAY + n * DAY, end=MONDAY + n * DAY + 6 * HOUR) for n in range(3))
    lost, made = (exchange.automatic(exchange.agreed(case), windows=hours) for case in (one, other))
    [row] = exchange.tasks(lost)
    exchange.calls.take_automatically(row)  # and the process dies
    exchange.now += DAY
    exchange.look(made)
    exchange.now += timedelta(minutes=3)
    exchange.look(lost)

    assert 1 == len(exchange.twilio.calls)
    assert [True] == [taken.given_back for taken in exchange.ledger.calls_of(lost)]


def test_what_was_certainly_not_dialled_is_given_back_and_judged_anew(exchange: Exchange) -> None:
    """The process died between taking it and dialling; another one waits, as it may be dialling still."""
    call = exchange.automatic(exchange.agreed(exchange.case()))
    row = exchange.ledger.call_task(call)
    assert row is not None
    exchange.calls.take_automatically(row)
    with pytest.raises(Refused, match="has taken"):
        exchange.calls.take_automatically(row)
    exchange.look(call)
    assert [False] == [one.given_back for one in exchange.ledger.calls_of(call)]
    exchange.now += timedelta(minutes=3)
    exchange.look(call)
    assert [True] == [one.given_back for one in exchange.ledger.calls_of(call)]
    exchange.look(call)

    assert 1 == len(exchange.twilio.calls)


async def test_a_call_of_which_nothing_was_told_is_asked_about(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.look(call)
    exchange.twilio.calls[-1].status = "completed"
    assert exchange.look(call) is None
    exchange.now += timedelta(minutes=11)

    assert CallResult.NO_ANSWER is exchange.look(call)


@pytest.mark.parametrize(("by", "state"), [(MadeBy.MACHINE, "withdrawn"), (MadeBy.MACHINE_OR_PERSON, "open")])
def test_a_country_without_permission_is_not_called(exchange: Exchange, by: MadeBy, state: str) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case, by=by)
    exchange.twilio.forbidden.add((case.phone or "")[:2])
    try:
        exchange.look(call)
    finally:
        exchange.twilio.forbidden.clear()

    assert state == exchange.state(call)
    assert [True] == [one.given_back for one in exchange.ledger.calls_of(call)]


def test_a_caller_that_the_account_does_not_have_is_an_operators_to_mend(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = exchange.automatic(exchange.agreed(exchange.case()))
    monkeypatch.delitem(exchange.worker.world.twilio.numbers, CALLER)
    with pytest.raises(ProviderMisuse, match="TWILIO_VOICE_FROM"):
        exchange.look(call)

    assert TaskState.OPEN is exchange.state(call)
