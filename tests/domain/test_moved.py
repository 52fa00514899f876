"""R33, R35: who has moved is contacted by the hours of the place where they are; the dates stay."""

from domain.case import Case, Circumstances, Whereabouts
from domain.decisions import Act, Wait
from domain.planner import next_step
from domain.situation import Situation
from tests.domain.builders import PLAIN, a_case, at, live

BANGKOK, NEW_YORK = "Asia/Bangkok", "America/New_York"
DAY_3 = at("04-04 10:00")
"""The friendly mail's moment in Bangkok: eleven in the evening in New York."""


def with_the_mail_to_be_sent() -> Case:
    """Day 3, after that day's try."""
    case = live(a_case(), until=DAY_3).case
    return case.but(steps={key: record for key, record in case.steps.items() if "remind" not in key})


def now_in(case: Case, zone: str | None) -> Situation:
    here = Whereabouts(country="US", time_zones=(zone,)) if zone else None
    return Situation(case, PLAIN, Circumstances(whereabouts=here), DAY_3)


def test_somebody_who_had_moved_was_written_to_at_eleven_in_the_evening() -> None:
    """The mail waits until nine in the morning there."""
    decision = next_step(now_in(with_the_mail_to_be_sent(), NEW_YORK))

    assert isinstance(decision, Wait)
    assert at("04-04 09:00", NEW_YORK) == decision.until


def test_who_has_not_moved_is_written_to_at_the_planned_time() -> None:
    assert isinstance(next_step(now_in(with_the_mail_to_be_sent(), BANGKOK)), Act)


def test_somebody_of_whom_nothing_was_known_has_hours_once_it_is_known_where_they_are() -> None:
    """Text messages wake somebody: they go out when the place is known."""
    case = a_case()
    unknown = case.but(facts=case.facts.but(place_known=False))

    assert now_in(unknown, None).closed_channels
    assert {} == now_in(unknown, BANGKOK).closed_channels
    assert BANGKOK == now_in(unknown, NEW_YORK).schedule.zone
