"""The record: everything that a case decides is written once, with its reason; what it decides again is not."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import changes, events, life
from domain.case import Case, ChargeOutcome
from domain.decisions import Act, Close
from domain.record import Entry
from tests.domain.builders import a_case, a_policy, at, booked, paused, payment, rule, usd, usual

NOON = at("04-01 12:00")


def lived(case: Case, *, asked: int = 1, until: datetime | None = None) -> list[Entry]:
    """All entries that the ledger gets in a life whose every decision is asked for several times."""
    now, entries = case.facts.opened_at, list[Entry]()
    while True:
        for _ in range(asked):
            ruling = rule(case, now)
            entries += ruling.entries
            case, decision = ruling.case, ruling.decided.decision
        if isinstance(decision, Close):
            return entries
        if isinstance(decision, Act):
            now += timedelta(seconds=1)
            for effect in decision.effects:
                case = booked(case, effect, usual(case, effect, now), now)
        elif decision.until is None or (until and decision.until > until):
            return entries
        else:
            now = decision.until


def test_every_wait_of_a_life_is_written_once_with_its_reason() -> None:
    """And the end; what is done is written by who does it."""
    entries = lived(a_case())

    assert [
        ("d01-charge", "waits until 2030-04-02 03:00"),
        ("d03-charge", "waits until 2030-04-04 03:00"),
        ("d05-charge", "waits until 2030-04-06 03:00"),
        ("d07-charge", "waits until 2030-04-08 03:00"),
        ("d10-charge", "waits until 2030-04-11 03:00"),
        ("d14-charge", "waits until 2030-04-15 03:00"),
        ("d21-remind-email-final", "waits until 2030-04-22 03:00"),
        ("d28-cancel_subscription", "waits until 2030-04-29 03:00"),
        ("handoff-again", "waits until 2030-05-04 03:00"),
        ("hold", "waits until 2030-05-13 03:00"),
        ("end", "closed as collections"),
    ] == [(entry.step, entry.what) for entry in entries]
    assert all(entry.why.strip() for entry in entries)


@given(st.integers(2, 4))
def test_asked_again_a_case_writes_nothing_new(asked: int) -> None:
    """A worker that was restarted, a signal that changed nothing."""
    case = a_case("expired_card")

    assert lived(case) == lived(case, asked=asked)


def test_every_skip_is_written_once() -> None:
    """With the reason that the case keeps for it."""
    entries = [entry for entry in lived(a_case("expired_card")) if entry.what == "skipped"]

    assert [f"d{day:02d}-charge" for day in (1, 3, 5, 7, 10, 14)] == [entry.step for entry in entries]
    assert {"no charge until the payment method changes or the customer authenticates (expired card)"} == {
        entry.why for entry in entries
    }


def test_a_message_that_waits_for_the_morning_is_written_with_the_policys_hours() -> None:
    """The request is due at night: one postponement, with the rule."""
    entries = lived(a_case("expired_card", opened="04-02 22:15"), asked=3, until=at("04-03 08:00"))

    assert [
        (
            "ask-0",
            "action e-mail at once is postponed to 2030-04-03 02:00",
            "22:15 in Asia/Bangkok is outside 09:00–20:00",
            "hours@standard@1",
        )
    ] == [(entry.step, entry.what, entry.why, entry.rule) for entry in entries if entry.rule]


def test_a_postponement_is_written_once_however_much_is_recorded_in_between() -> None:
    """Sixty entries are shown; what was said before is known beyond them."""
    case = rule(a_case("expired_card", opened="04-02 22:15"), at("04-02 22:20")).case
    for number in range(70):
        case = changes.shown(case, Entry(at=NOON, step="x", what=f"{number}", why=""))

    assert [] == [entry for entry in rule(case, at("04-02 23:20")).entries if entry.rule]


def test_what_a_case_was_told_is_written_with_its_next_decision_and_not_again() -> None:
    """A part payment, a pause."""
    case = paused()(payment("p", usd("30"))(a_case(), NOON), NOON)
    first = rule(case, NOON)
    second = rule(first.case, NOON + timedelta(hours=1))

    assert ["payment received", "on hold (operator pause)", "waits until told otherwise"] == [
        entry.what for entry in first.entries
    ]
    assert () == second.entries == first.case.unwritten


def test_a_hold_that_ends_by_itself_is_written_with_the_decision_that_finds_it_over() -> None:
    """Once: the workflow that follows the decision does not tell it again."""
    case = rule(paused(at("04-05 12:00"))(a_case(), NOON), NOON).case
    later = at("04-05 12:00")
    ruling = rule(case, later)
    then = life.settled(case, case, ruling.decided)

    assert ["the hold ended"] == [entry.what for entry in ruling.entries if entry.step == "hold"]
    assert () == then.unwritten
    assert ruling.case == then


def test_what_comes_while_the_case_decides_is_written_with_the_next_decision() -> None:
    """The ledger has only what the case was when it was asked."""
    asked = payment("p1", usd("30"))(a_case(), NOON)
    ruling = rule(asked, NOON)
    meanwhile = payment("p2", usd("20"))(asked, NOON)
    then = life.settled(meanwhile, asked, ruling.decided)

    assert ["50.00 USD still due"] == [entry.why.removeprefix("part payment received, ") for entry in then.unwritten]
    assert {"p1", "p2"} == set(then.seen)


def test_an_order_and_a_message_that_nobody_understands_are_written() -> None:
    """Neither is lost between two decisions."""
    case = life.hear(a_case(), "pause", events.Pause(by="kim", note="on the phone"), NOON)
    case = life.not_understood(case, "signal dance not carried out", NOON)

    assert [
        ("order", "on hold (operator pause)", "on the phone"),
        ("signal", "malformed", "signal dance not carried out"),
    ] == [(entry.step, entry.what, entry.why) for entry in case.unwritten]


def test_a_provider_that_does_not_answer_is_written_by_the_case_itself() -> None:
    """The activity that did not answer could write nothing."""
    decision = rule(a_case(), at("04-02 10:00")).decided.decision
    assert isinstance(decision, Act)
    case = life.unanswered(a_case(), decision.effects[0], at("04-02 10:05"))
    [entry] = case.unwritten

    assert ("d01-charge", "postponed to 2030-04-02 04:05", None) == (entry.step, entry.what, entry.rule)
    assert ChargeOutcome.POSTPONED not in {attempt.outcome for attempt in case.attempts}


def test_a_policy_with_nothing_to_catch_up_writes_what_it_left_out() -> None:
    """Each step once, although they were missed together."""
    case = a_case(policy=a_policy(catch_up="none"))
    entries = rule(case, at("04-10 12:00")).entries
    skipped = [entry.step for entry in entries if entry.what == "skipped"]

    assert 8 == len(skipped) == len(set(skipped))
