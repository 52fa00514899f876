"""Orders about what comes next: what refuses them, and what the case does then."""

from datetime import timedelta

import pytest

from domain import changes, events, life, orders, step_orders
from domain.base import Message
from domain.case import Case, HoldReason, Outcome, StepState
from domain.decisions import Act, Wait
from domain.gates import Allow, Refuse
from domain.kinds.charge import ChargeStep
from domain.kinds.handoff import HandoffStep
from domain.kinds.recall import RecallStep
from domain.retries import RetryOwner
from domain.steps import Channel
from domain.telling import Ask
from tests.domain.builders import Event, a_case, a_decline, a_policy, at, disputed, live, paused, resumed, rule, usd

NOW = at("04-01 12:00")
OPEN = rule(a_case(), NOW).case
PAUSED = rule(paused()(OPEN, NOW), NOW).case
ENDING = orders.write_off(OPEN, events.WriteOff(), NOW)
HANDED_OVER = live(a_case(), until=at("04-30 00:00")).case
RECALLED = live(HANDED_OVER, start=at("04-30 00:00"), until=at("05-01 00:00")).case
ENDED = "The case has ended (written_off): nothing can be ordered any more."


def order(name: str, message: events.Order | None = None) -> Event:
    """The order, as the workflow takes it in."""
    forms = {"skip": events.Skip, "retry_now": events.RetryNow, "hand_off": events.HandOff, "recall": events.Recall}
    return lambda case, now: life.hear(case, name, message or forms[name](), now)


def refusal_of(ask: Ask, case: Case, message: Message) -> str | None:
    answer = ask(case, message, NOW)
    assert isinstance(answer, Allow | Refuse)
    return answer.why if isinstance(answer, Refuse) else None


def test_r60_an_operators_try_waits_as_long_as_the_network_asked_for() -> None:
    """Mastercard's advice 30 is ten days. An order bends no rule, and a bulk order none for thousands of cases."""
    wait = a_decline(
        "insufficient_funds", when=NOW, network="mastercard", network_advice_code="30", network_decline_code="51"
    )
    asked = life.hear(changes.declined(OPEN, wait, NOW), "retry_now", events.RetryNow(by="Olga"), NOW)

    decided = rule(asked, NOW)
    after = rule(decided.case, at("04-11 12:01"))

    assert not isinstance(decided.decided.decision, Act)
    [entry] = [entry for entry in decided.entries if entry.rule == wait.rule]
    assert "the network asked to wait (mastercard advice 30)" == entry.why
    assert isinstance(after.decided.decision, Act)
    assert [True] == [isinstance(effect.step, ChargeStep) for effect in after.decided.decision.effects]


def test_what_comes_next_is_skipped_and_the_rest_goes_on() -> None:
    step = OPEN.upcoming
    assert step
    told = life.hear(OPEN, "skip", events.Skip(step=step.key, by="Olga", note="asked by phone"), NOW)
    then = rule(told, NOW)

    assert (StepState.SKIPPED, "by Olga: asked by phone") == (told.steps[step.key].state, told.steps[step.key].note)
    assert isinstance(then.decided.decision, Wait)
    assert then.case.upcoming
    assert step.key != then.case.upcoming.key
    assert ["skipped"] == [entry.what for entry in then.entries if entry.step == step.key]


def test_an_order_to_skip_that_comes_late_skips_nothing_else() -> None:
    step = OPEN.upcoming
    assert step
    after = life.hear(OPEN, "skip", events.Skip(step=step.key), NOW)

    with pytest.raises(ValueError, match="No step waits"):
        life.hear(after, "skip", events.Skip(step=step.key), NOW)
    with pytest.raises(ValueError, match=f"What comes next is .*, not {step.key}"):
        life.hear(rule(after, NOW).case, "skip", events.Skip(step=step.key), NOW)


def test_neither_the_end_nor_what_may_have_happened_is_skipped() -> None:
    last = OPEN.but(upcoming=HandoffStep(key="d28-escalate", due=at("04-29 10:00"), day=28, ends=True))
    begun = changes.begun(OPEN, OPEN.upcoming) if OPEN.upcoming else OPEN

    assert "The end cannot be skipped" in str(refusal_of(step_orders.ask_skip, last, events.Skip()))
    assert "may have been done already" in str(refusal_of(step_orders.ask_skip, begun, events.Skip()))
    assert "on hold" in str(refusal_of(step_orders.ask_skip, PAUSED, events.Skip()))
    assert ENDED == refusal_of(step_orders.ask_skip, ENDING, events.Skip())


def test_a_retry_is_made_at_once_and_counts_as_the_policys_own() -> None:
    lived = live(a_case(), told=[(at("04-01 12:00"), order("retry_now"))], until=at("04-02 00:00"))

    assert ["04-01 12:00 r1-charge"] == lived.of(ChargeStep)
    assert ["r1-charge"] == [attempt.step for attempt in lived.case.counting_attempts]


def test_a_retry_on_a_day_whose_tries_are_made_waits_for_the_next_one() -> None:
    lived = live(a_case(), told=[(at("04-02 12:00"), order("retry_now"))], until=at("04-04 00:00"))
    days = [row[:5] for row in lived.of(ChargeStep)]

    assert "r1-charge" in lived.case.steps
    assert ["04-02", "04-03"] == days


def test_a_retry_beyond_the_policys_attempts_is_refused_by_its_rule() -> None:
    most = 6
    told = [(at(f"04-{day:02d} 12:00"), order("retry_now")) for day in range(1, 12)]
    lived = live(a_case(policy=a_policy(retries={"max_attempts": most})), told=told, until=at("04-13 00:00"))

    assert most == len(lived.case.counting_attempts)
    assert StepState.SKIPPED is lived.case.steps["r11-charge"].state
    assert "all 6 attempts" in lived.case.steps["r11-charge"].note


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (ENDING, ENDED),
        (PAUSED, "nothing is charged before that has ended"),
        (disputed()(OPEN, NOW), "nothing is charged before that has ended"),
        (HANDED_OVER, "handed off"),
        (a_case("expired_card"), "Only the customer can help (expired card)"),
        (OPEN.but(retry_owner=RetryOwner.STRIPE), "Stripe makes all tries"),
        (OPEN.but(facts=OPEN.facts.but(contested=True)), "won a dispute"),
        (step_orders.retry_now(OPEN, events.RetryNow(), NOW), "ordered already"),
    ],
)
def test_a_retry_is_refused_where_nothing_may_be_charged(case: Case, says: str) -> None:
    assert says in str(refusal_of(step_orders.ask_retry_now, case, events.RetryNow()))


def test_a_small_debt_goes_to_collections_by_order_and_no_sooner_than_announced() -> None:
    small = a_case(due=usd("20"))
    by_itself = live(small)
    ordered = live(small, told=[(at("04-02 12:00"), order("hand_off"))], until=at("05-01 00:00"))

    assert [] == by_itself.of(HandoffStep)
    [handed_over] = [row for row in ordered.table if "escalate" in row]
    assert handed_over.startswith("04-29 10:00")
    assert ordered.case.handoff


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (ENDING, ENDED),
        (HANDED_OVER, "handed off already"),
        (step_orders.hand_off(OPEN, events.HandOff(), NOW), "ordered already"),
        (disputed()(OPEN, NOW), "contests"),
    ],
)
def test_a_handoff_is_refused_where_no_agency_may_get_the_case(case: Case, says: str) -> None:
    assert says in str(refusal_of(step_orders.ask_hand_off, case, events.HandOff()))


def test_a_recalled_case_waits_for_an_operator_who_may_give_it_up() -> None:
    told = [(at("05-01 12:00"), order("recall"))]
    waits = live(HANDED_OVER, start=at("04-30 00:00"), told=told, until=at("05-30 00:00"))
    ended = live(waits.case, start=at("05-30 00:00"), told=[(at("05-30 12:00"), resumed())])

    assert ["05-01 12:00 recall"] == waits.table
    assert 1 == len(waits.of(RecallStep))
    assert [HoldReason.OPERATOR_NEEDED] == [hold.reason for hold in waits.case.holds]
    assert ended.case.closing
    assert Outcome.WRITTEN_OFF is ended.case.closing.outcome
    assert "recalled from the agency" in ended.case.closing.why
    assert [] == ended.of(RecallStep)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (ENDING, ENDED),
        (OPEN, "with no agency"),
        (step_orders.recall(HANDED_OVER, events.Recall(), NOW), "ordered already"),
    ],
)
def test_a_recall_is_refused_where_there_is_nothing_to_take_back(case: Case, says: str) -> None:
    assert says in str(refusal_of(step_orders.ask_recall, case, events.Recall()))


def test_a_channel_is_open_again_as_far_as_the_case_knows() -> None:
    closed = changes.close_channel(OPEN, Channel.SMS, "bounced")
    message = events.ReopenChannel(channel=Channel.SMS, by="Olga")

    assert {} == life.hear(closed, "reopen_channel", message, NOW).closed_channels
    assert ENDED == refusal_of(step_orders.ask_reopen_channel, ENDING, message)


def test_an_order_about_a_case_that_changed_since_it_was_read_is_refused() -> None:
    """Two operators order at once: the second one is told."""
    seen = OPEN.version
    first = life.hear(OPEN, "pause", events.Pause(expects=seen), NOW)
    second = life.refused(first, "write_off", events.WriteOff(expects=seen), NOW + timedelta(seconds=1))

    assert second
    assert orders.CHANGED == second.rule
    assert life.refused(first, "write_off", events.WriteOff(expects=first.version), NOW) is None
