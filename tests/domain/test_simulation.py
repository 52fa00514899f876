"""A life lived ahead is the life that a worker lives: same steps, same moments, same end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import events
from domain.case import Case, Circumstances
from domain.decisions import Effect
from domain.gates import Postpone
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.simulation import Answered, Happening, News, What, live_ahead
from domain.steps import Channel
from tests.domain.builders import a_case, at, declines, live, policy_of, usual

_ANSWERS = {code: declines(code) for code in ("generic_decline", "insufficient_funds", "expired_card")}


@dataclass
class Usual:
    """Answers as the tests of the planner do; messages on `unheard` channels are refused."""

    code: str = "generic_decline"
    unheard: Channel | None = None
    until: datetime | None = None  # e-mails are put off until then

    def circumstances(self, case: Case, at: datetime) -> Circumstances:  # noqa: ARG002 - they stay the same
        return Circumstances()

    def answer(self, case: Case, effect: Effect, at: datetime) -> Answered:
        if isinstance(effect.step, MessageStep):
            if effect.step.channel is self.unheard:
                return Answered(ContactOutcome(state=ContactState.REFUSED, why="too often"), "cap@1")
            if self.until and at < self.until:
                later = Postpone(until=self.until, why="too often", rule="cap@1")
                return Answered(ContactOutcome(state=ContactState.POSTPONED, postponed=later))
        found: Any = _ANSWERS[self.code](case, effect, at) or usual(case, effect, at)
        return Answered(found)


def ahead(case: Case, world: Usual, *news: News) -> list[Happening]:
    return [*live_ahead(case, policy_of(case), world, case.facts.opened_at, news)]


@pytest.mark.parametrize("code", _ANSWERS)
def test_what_is_seen_ahead_is_what_happens(code: str) -> None:
    case = a_case(code)

    lived = live(case, answers=_ANSWERS[code])
    seen = ahead(case, Usual(code))

    done = [(one.at, one.key, one.why) for one in seen if one.what is What.DONE]
    assert [(moment, effect.step.key, effect.why) for moment, effect in lived.acts] == done
    assert lived.skips == [(one.key, one.why) for one in seen if one.what is What.LEFT_OUT]
    assert lived.close
    assert (What.CLOSED, lived.close.why, lived.ended_at) == (seen[-1].what, seen[-1].why, seen[-1].at)


def test_what_a_rule_refuses_is_left_out_by_that_rule() -> None:
    seen = ahead(a_case(), Usual(unheard=Channel.SMS))

    refused = [(one.title, one.why, one.rule) for one in seen if one.what is What.LEFT_OUT]
    assert ("reminder SMS on day 5", "too often", "cap@1") in refused


def test_what_a_rule_allows_later_is_seen_twice() -> None:
    """Once where it was meant to be, with the moment that it waits for, and once then."""
    later = at("04-05 12:00")
    seen = [one for one in ahead(a_case(), Usual(until=later)) if one.key == "d03-remind-email-friendly"]

    assert [(What.POSTPONED, later, "cap@1"), (What.DONE, None, None)] == [(o.what, o.until, o.rule) for o in seen]
    assert later == seen[1].at


def test_a_message_that_is_planned_for_a_sunday_names_the_day_that_it_moves_to() -> None:
    """Without a row of the law it is the policy's own hours that it minds."""
    seen = ahead(a_case(opened=at("04-02 12:00")), Usual())

    moved = next(one for one in seen if one.what is What.POSTPONED)
    assert ("hours@standard@1", "Sunday") == (moved.rule, f"{moved.at:%A}")
    assert moved.until in [one.at for one in seen if one.key == moved.key and one.what is What.DONE]


def test_what_the_case_hears_on_its_way_changes_it() -> None:
    case = a_case()
    when = case.facts.opened_at + timedelta(days=6)
    paid = News(when, "payment_received", events.PaymentReceived(event_id="e", amount=case.due), "the customer pays")

    seen = ahead(case, Usual(), paid)

    after = [one.what for one in seen if one.at >= when]
    assert (What.HEARD, What.CLOSED) == (after[0], after[-1])
    assert "closed as recovered" == seen[-1].title


def test_a_case_that_waits_for_a_human_ends_the_view() -> None:
    case = a_case("invalid_amount")

    assert [What.WAITS] == [one.what for one in ahead(case, Usual())]
