"""Automatic calls in a world that skips time, where a case lives ahead of the machine's clock."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateways.ports.trouble import ProviderTrouble
from tests.activities.builders import Worker, a_decision
from tests.activities.test_calls import DAY, MONDAY
from tests.activities.voice_exchange import Exchange


@pytest.fixture
def exchange(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    found = Exchange(worker, monkeypatch)
    found.now = MONDAY - 365 * DAY
    yield found
    found.threads.close()


def test_a_case_is_called_by_its_own_time(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    exchange.look(exchange.automatic(case))

    assert [case.phone] == [made.to for made in exchange.twilio.calls]


def test_what_is_late_by_the_cases_own_time_is_not_made_any_more(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.worker.decide(a_decision(exchange.worker, case, MONDAY + 4 * DAY))

    assert [] == exchange.tasks(call)


def test_a_call_that_was_lost_there_is_looked_up_all_the_same(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.twilio.lost = 1
    with pytest.raises(ProviderTrouble):
        exchange.look(call)
    exchange.look(call)
    exchange.now += timedelta(minutes=2)
    exchange.look(call)

    [made] = exchange.twilio.calls
    assert [made.sid] == [taken.provider_id for taken in exchange.ledger.calls_of(call)]
