"""What an order would bring about, before it is given: the words of the decision that the case would take."""

import pytest

from domain import events, life
from domain.case import Case
from domain.foresight import foresee
from tests.domain.builders import a_case, a_policy, at, live, paused, rule, situation, usd

NOW = at("04-02 12:00")
OPEN = live(a_case(), until=NOW).case
PAUSED = rule(paused()(OPEN, NOW), NOW).case


@pytest.mark.parametrize(
    ("case", "name", "order", "then"),
    [
        (
            OPEN,
            "pause",
            events.Pause(note="storm"),
            "on hold (operator pause); waits until told otherwise: on hold (op",
        ),
        (
            OPEN,
            "pause",
            events.Pause(until=at("04-09 12:00")),
            "on hold (operator pause) until 2030-04-09; waits until 2",
        ),
        (PAUSED, "resume", events.Resume(by="Olga"), "resumed by Olga; waits until 2030-04-04"),
        (OPEN, "retry_now", events.RetryNow(by="Olga"), "a try at once, ordered by Olga; waits until 2030-04-03"),
        (OPEN, "skip", events.Skip(), "d03-charge skipped; waits until 2030-04-04"),
        (OPEN, "write_off", events.WriteOff(by="Olga"), "to be closed as written_off; at once: "),
        (OPEN, "settle", events.Settle(amount=usd("15")), "settlement in Stripe; to be closed as settled; at once: "),
        (OPEN, "hand_off", events.HandOff(), "to go to collections at its announced end, ordered by operator; waits"),
    ],
)
def test_what_a_case_would_do_next_is_said(case: Case, name: str, order: events.Order, then: str) -> None:
    seen = foresee(situation(case, NOW), name, order)

    assert ("", then) == (seen.refusal, seen.then[: len(then)])


@pytest.mark.parametrize(
    ("case", "name", "order", "says"),
    [
        (PAUSED, "pause", events.Pause(), "paused already"),
        (OPEN, "resume", events.Resume(), "nothing to resume"),
        (OPEN, "settle", events.Settle(amount=usd("999")), "more than what is due"),
        (OPEN, "recall", events.Recall(), "with no agency"),
        (a_case(policy=a_policy(endgame={"collections": None})), "hand_off", events.HandOff(), "without an agency"),
    ],
)
def test_what_would_refuse_it_is_said(case: Case, name: str, order: events.Order, says: str) -> None:
    seen = foresee(situation(case, NOW), name, order)

    assert ("", True) == (seen.then, says in seen.refusal)


def test_what_is_foreseen_is_what_the_case_then_decides() -> None:
    """Nothing was changed by looking."""
    before = OPEN.version
    seen = foresee(situation(OPEN, NOW), "pause", events.Pause(note="storm"))
    decision = rule(life.hear(OPEN, "pause", events.Pause(note="storm"), NOW), NOW).decided.decision

    assert seen.then.endswith(decision.why)
    assert before == OPEN.version
