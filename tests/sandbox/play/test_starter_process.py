"""Whether a case has taken an order whose answer was lost, as the case itself says it."""

import pytest

from domain import events, life
from domain.money import Money
from domain.steps import Channel
from sandbox.play.starter_process import is_done
from tests.domain.builders import a_case, at
from workflows.messages import CaseView
from workflows.view import view

NOW = at("04-01 10:00")


def after(*orders: tuple[str, events.Order]) -> CaseView:
    case = a_case()
    for name, order in orders:
        case = life.carry_out(case, name, order, NOW)
    return view(case, None)


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("pause", events.Pause(note="call back")),
        ("settle", events.Settle(amount=Money(amount=500, currency="USD"))),
        ("write_off", events.WriteOff()),
        ("retry_now", events.RetryNow()),
        ("hand_off", events.HandOff()),
    ],
)
def test_an_order_is_done_once_the_case_has_taken_it(name: str, order: events.Order) -> None:
    assert not is_done(order, after())
    assert is_done(order, after((name, order)))


def test_a_case_goes_on_when_neither_a_pause_nor_a_question_holds_it() -> None:
    pause, resume = ("pause", events.Pause()), ("resume", events.Resume())

    assert not is_done(resume[1], after(pause))
    assert is_done(resume[1], after(pause, resume))


def test_a_channel_is_open_again_when_nothing_closes_it() -> None:
    assert is_done(events.ReopenChannel(channel=Channel.SMS), after())
