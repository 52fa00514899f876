"""What went wrong elsewhere and must not go wrong here: the field's failures by their number."""

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from domain import events, news
from domain.case import NO_PAYMENT_METHOD, Attempt, ChargeOutcome, Circumstances, Outcome
from domain.decisions import Act, Close, Wait
from domain.declines import Reason
from domain.gates import Stopped
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.access import AccessStep, standing_access
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.message import ContactOutcome, ContactState, ContactTask, MessageStep, stage_of
from domain.kinds.write_off import WriteOffStep
from domain.planner import next_step
from domain.situation import Situation
from domain.steps import Access, AttemptKind
from tests.domain.builders import (
    PLAIN,
    STANDARD,
    Event,
    a_case,
    a_decline,
    a_policy,
    at,
    decide,
    declines,
    key_of,
    live,
    new_method,
    paid,
    payment,
    pays_on,
    usd,
)
from tests.domain.test_planner_life import WHOLE_LIFE


def test_failure_01_after_an_outage_the_reminders_go_on() -> None:
    """Down from day 2 to day 9: the newest missed message is sent at once, the later ones on their days."""
    life = live(a_case(), down=(at("04-03 00:00"), at("04-10 12:00")))

    expected = [
        "04-10 12:00 d07-remind-email-reminder",
        "04-11 10:00 d10-remind-email-firm",
        "04-22 10:00 d21-remind-email-final",
        "04-22 10:00 d21-remind-sms-final",
    ]
    assert expected == life.messages
    assert "04-10 12:00 d07-charge" in life.charges


def test_failure_02_the_same_reminder_goes_out_once_however_often_the_case_is_asked() -> None:
    """Woken every fifteen minutes for three days, from before the first message on: seven messages in all."""
    nudges = [(at("04-04 06:00") + timedelta(minutes=15 * n), lambda case, _now: case) for n in range(3 * 96)]
    life = live(a_case(), until=at("04-29 12:00"), told=nudges)

    assert [line for line in WHOLE_LIFE if "remind" in line] == life.messages


def test_failure_02_a_message_that_may_have_been_sent_is_not_sent_again() -> None:
    """An unknown outcome counts as sent; but a human is asked before an end of which no notice certainly went out."""
    unknown = ContactOutcome(state=ContactState.UNKNOWN)
    life = live(a_case(), answers=lambda _c, act, _n: unknown if isinstance(act.step, MessageStep) else None)

    assert [line for line in WHOLE_LIFE if "remind" in line] == life.messages
    assert "04-29 10:00 d28-escalate" in life.table
    assert 1 == len(life.asked)


@pytest.mark.parametrize("day", range(29))
def test_failure_03_a_part_payment_moves_no_date(day: int) -> None:
    """Whenever it comes: the same steps on the same days, and less is due."""
    life = live(a_case(), told=[(at("04-01 10:00:30") + timedelta(days=day), payment("p1", usd("30")))])

    assert WHOLE_LIFE == life.table[: len(WHOLE_LIFE)]
    assert usd("70") == life.case.due


def test_failure_03_a_part_payment_below_the_minimum_ends_in_a_write_off() -> None:
    """The end is decided by what is due then."""
    life = live(a_case(), told=[(at("04-20 12:00"), payment("p1", usd("60")))])

    assert Outcome.WRITTEN_OFF is life.outcome
    assert isinstance(life.acts[-1][1].step, WriteOffStep)


def test_failure_04_charges_messages_service_and_end_come_from_one_timeline() -> None:
    """Moving one day of the policy moves all that happens on it."""
    raw = [entry.model_dump(mode="json") for entry in PLAIN.timeline]
    moved = a_policy(*({**entry, "day": 11} if entry["day"] == 10 else entry for entry in raw))
    life = live(a_case(policy=moved))

    assert [line.replace("04-11", "04-12").replace("d10", "d11") for line in WHOLE_LIFE] == life.table[:16]


def test_failure_05_an_exhausted_ladder_ends() -> None:
    """After the last try there is an end with a date, and nothing is scheduled after it."""
    life = live(a_case(due=usd("20")))

    assert Outcome.WRITTEN_OFF is life.outcome
    assert isinstance(life.last, Close)
    assert life.case.closed


def test_failure_06_a_refusal_by_the_networks_rule_is_recorded_and_the_case_goes_on() -> None:
    """Refused tries are no attempts, use up no budget and stop neither the messages nor the end."""
    refusal = ChargeResult(outcome=ChargeOutcome.REFUSED, why="15 tries in 30 days are used")
    life = live(a_case(), answers=lambda _c, act, _n: refusal if isinstance(act.step, ChargeStep) else None)

    assert WHOLE_LIFE == life.table[: len(WHOLE_LIFE)]
    assert () == life.case.our_attempts
    assert "refused" == life.case.steps["d01-charge"].state
    assert "15 tries in 30 days are used" == life.case.steps["d01-charge"].note


def test_failure_06_a_hard_decline_of_one_card_does_not_stop_the_next_card() -> None:
    """After a new card the tries go on."""
    life = live(a_case("stolen_card"), answers=pays_on("d07-charge"), told=[(at("04-05 11:00"), new_method("m"))])

    assert "04-05 11:00 m1-charge" == life.charges[0]

    soft = live(a_case("stolen_card"), answers=declines("generic_decline"), told=[(at("04-05 11:00"), new_method("m"))])

    assert ["04-06 10:00 d05-charge", "04-08 10:00 d07-charge"] == soft.charges[1:3]


def test_failure_06_a_new_card_that_a_rule_refuses_leaves_the_timeline_to_try_it() -> None:
    """The old answer was about the old card."""
    refusal = ChargeResult(outcome=ChargeOutcome.REFUSED, why="too many tries")
    life = live(
        a_case("stolen_card"),
        answers=lambda _c, act, _n: (
            refusal if act.step.key == "m1-charge" else paid() if "charge" in act.step.key else None
        ),
        told=[(at("04-05 11:00"), new_method("m"))],
    )

    assert ["04-05 11:00 m1-charge", "04-06 10:00 d05-charge"] == life.charges
    assert Outcome.RECOVERED is life.outcome


@pytest.mark.parametrize("most", range(7))
def test_failure_07_the_policys_number_of_attempts_is_enforced(most: int) -> None:
    """With the budget used up, the planner leaves out the try and says why; one try below it, it charges."""
    retries = PLAIN.retries.model_copy(update={"max_attempts": most})
    case = a_case()
    for number in range(most):
        when = at("04-01 12:00") + timedelta(days=number)
        tried = Attempt(number=number + 1, kind=AttemptKind.TIMELINE, at=when, outcome=ChargeOutcome.DECLINED)
        case = case.model_copy(update={"attempts": (*case.attempts, tried)})
    tight = Situation(case, PLAIN.model_copy(update={"retries": retries}), Circumstances(), at("04-08 10:00"))
    decision = next_step(tight)

    assert "d07-charge" == key_of(decide(case, at("04-08 10:00")))
    assert not isinstance(decision, Act) or not isinstance(decision.step, ChargeStep)
    assert f"all {most} attempts of the policy are used" in {skip.why for skip in decision.skips}


def test_failure_07_a_timeline_with_more_tries_than_its_own_budget_is_refused() -> None:
    """The two numbers cannot contradict each other."""
    with pytest.raises(ValidationError, match=r"6 charges, but retries\.max_attempts is 5"):
        a_policy(retries={"max_attempts": 5})


@pytest.mark.parametrize("per_day", [1, 2])
def test_failure_07_the_policys_tries_per_day_are_enforced_by_the_local_day(per_day: int) -> None:
    """Two tries on one local day, late and early, in a zone far from UTC."""
    entries = [
        {"day": 1, "at": "09:00", "do": ["charge"]},
        {"day": 2, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 20, "do": ["escalate"]},
    ]
    policy = a_policy(*entries, catch_up="all", retries={"max_per_day": per_day})
    case = a_case(zone="Pacific/Kiritimati", policy=policy)
    first = live(case, until=at("04-02 09:30", "Pacific/Kiritimati"))
    again = first.case.model_copy(update={"steps": {}})
    decision = decide(again, at("04-02 23:30", "Pacific/Kiritimati"))

    if per_day == 1:
        assert isinstance(decision, Wait)
        assert at("04-03 09:00", "Pacific/Kiritimati") == decision.until
    else:
        assert isinstance(decision, Act)


def test_failure_09_there_are_exactly_six_tries_and_the_end_is_on_day_28() -> None:
    """Not five, not seven, not day 23."""
    life = live(a_case())

    assert 6 == len(life.charges)
    assert "04-29 10:00 d28-escalate" == life.table[15]


def test_failure_10_the_customers_own_tries_use_up_no_budget() -> None:
    """Ten declines on the customer's side, and the six tries of the timeline are all made."""
    told = [(at("04-03 10:00") + timedelta(hours=n), reported(f"e{n}", AttemptKind.CUSTOMER)) for n in range(10)]
    told += [(at("04-06 09:00"), reported("other", AttemptKind.OTHER_ENGINE))]
    life = live(a_case(), told=told)

    assert WHOLE_LIFE == life.table[: len(WHOLE_LIFE)]
    assert 7 == len(life.case.counting_attempts)  # another program's is the merchant's own
    assert 17 == len(life.case.attempts)


def reported(event_id: str, kind: AttemptKind) -> Event:
    attempt = events.ReportedAttempt(at=at("04-03 10:00"), kind=kind, decline=a_decline())
    fact = events.InvoiceChanged(event_id=event_id, attempt=attempt)
    return lambda case, now: news.invoice_changed(case, fact, now)


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_failure_11_no_message_follows_the_payment(hour: int) -> None:
    """A payment that arrives in the same second as the reminder's hour: nothing is sent any more."""
    when = at("04-08 10:00") - timedelta(hours=hour)
    life = live(a_case(), told=[(when, payment("p1", usd("100")))])

    assert when == life.ended_at
    assert Outcome.RECOVERED is life.outcome
    assert all(moment < when for moment, _ in life.acts)


def test_failure_11_a_payment_found_while_sending_stops_the_message() -> None:
    """The activity read that the invoice is paid: nothing was sent, and the case ends as recovered."""
    found = ContactOutcome(
        state=ContactState.STOPPED,
        invoice=InvoiceNow(state=InvoiceState.PAID),
        stopped=Stopped(why="the invoice is paid"),
    )
    life = live(a_case(), answers=lambda _c, act, _n: found if isinstance(act.step, MessageStep) else None)

    # The e-mail and the notice of that moment go side by side: each of their activities reads the invoice itself.
    both = ["04-04 10:00 d03-remind-email-friendly", "04-04 10:00 d03-remind-notice-friendly"]
    assert [*both, "04-04 10:00 recovered"] == life.table[-3:]
    turns = [act.task.before for _, act in life.acts[-2:] if isinstance(act.task, ContactTask)]
    assert [(), ("email",)] == turns, "where there is room for one, the timeline's first one goes"
    assert "skipped" == life.case.steps["d03-remind-email-friendly"].state
    assert usd("0") == life.case.due
    assert "silent" == stage_of(life.case)


def test_failure_12_without_a_card_and_without_a_try_nothing_is_said_to_have_failed() -> None:
    """Opened without a payment method: the message asks for one, and says nothing of a failed payment."""
    none = a_decline(code=None, error_code=NO_PAYMENT_METHOD, network_status="not_sent_to_network")
    life = live(a_case(none, tried_before=False), until=at("04-12 00:00"))

    assert [] == life.charges
    assert life.messages[0].endswith("ask-0")
    for _, act in life.acts:
        if isinstance(act.task, ContactTask):
            facts = act.task.facts

            assert (False, Reason.NO_PAYMENT_METHOD, None) == (facts.tried, facts.reason, facts.next_charge_on)


def test_failure_12_a_try_that_found_no_card_is_no_try() -> None:
    """Opened without an answer; on day 1 there was nothing to charge."""
    life = live(
        a_case(None, tried_before=False),
        answers=lambda _c, act, now: nothing_to_charge(now) if isinstance(act.step, ChargeStep) else None,
    )

    assert ["04-02 10:00 d01-charge"] == life.charges
    assert "04-02 10:00 ask-1" == life.messages[0]
    assert not life.case.tried


def nothing_to_charge(now: datetime) -> ChargeResult:
    raw = {"error_code": NO_PAYMENT_METHOD, "network_status": "not_sent_to_network"}
    return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline(code=None, when=now, **raw))


@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE, InvoiceState.PAID])
def test_failure_13_nothing_is_charged_and_nobody_is_written_to_after_the_invoice_ended(state: InvoiceState) -> None:
    """Cancelled, given up or paid elsewhere on day 4: the case ends in that wake-up."""
    fact = events.InvoiceChanged(event_id="e", state=state)
    life = live(a_case(), told=[(at("04-05 12:00"), lambda case, now: news.invoice_changed(case, fact, now))])
    outcomes = {
        InvoiceState.VOID: Outcome.CANCELLED,
        InvoiceState.UNCOLLECTIBLE: Outcome.WRITTEN_OFF,
        InvoiceState.PAID: Outcome.RECOVERED,
    }

    assert outcomes[state] is life.outcome
    after = [act.step for moment, act in life.acts if moment >= at("04-05 12:00")]
    assert [] == [step for step in after if isinstance(step, ChargeStep | MessageStep | AccessStep)]


def test_failure_14_no_message_promises_a_try_that_will_not_be_made() -> None:
    """Every date that a message names is the date on which it then happens."""
    for decline in ("generic_decline", "insufficient_funds", "processing_error", "expired_card", "unknown_code"):
        life = live(a_case(decline, policy=STANDARD), answers=declines(decline))
        charges = [moment for moment, act in life.acts if isinstance(act.step, ChargeStep)]
        restricted = [life.local(moment).date() for moment, act in life.acts if isinstance(act.step, AccessStep)]
        ended = [life.local(moment).date() for moment, act in life.acts if act.step.key == "d28-escalate"]
        for (moment, act), case in zip(life.acts, life.before, strict=True):
            if not isinstance(act.task, ContactTask):
                continue
            facts = act.task.facts
            made = [life.local(charge).date() for charge in charges if charge > moment][:1]

            assert made == [facts.next_charge_on] or (made, facts.next_charge_on) == ([], None)
            assert ended == [facts.ends_on]
            assert (restricted == [facts.restricts_on]) == (standing_access(case) is Access.FULL)


def test_failure_14_after_the_last_try_no_message_speaks_of_another() -> None:
    """The final notice follows the last try."""
    life = live(a_case())
    finals = [e.task.facts for _, e in life.acts if isinstance(e.task, ContactTask) and e.step.warns]

    assert [None, None] == [facts.next_charge_on for facts in finals]
    assert [at("04-29 10:00").date()] * 2 == [facts.ends_on for facts in finals]


def test_failure_15_service_is_never_restricted_before_a_message_went_out() -> None:
    """The message of the day waits for Monday; so does the restriction."""
    life = live(a_case(opened="03-28 10:00"))  # day 10 is Sunday, 7 April

    assert "04-07 10:00 d10-charge" in life.table
    assert "04-08 09:00 d10-remind-email-firm" in life.table
    assert "04-08 09:00 d10-restrict-read_only" in life.table


@pytest.mark.parametrize("catch_up", ["latest", "all", "none"])
@pytest.mark.parametrize("hour", [2, 12, 23])
def test_failure_15_after_an_outage_from_the_first_day_the_message_still_goes_first(catch_up: str, hour: int) -> None:
    """No message was ever sent; at night nothing is restricted, in the morning the message goes out first."""
    policy = a_policy(catch_up=catch_up)
    life = live(a_case(policy=policy), down=(at("04-01 10:00"), at(f"04-23 {hour:02d}:00")))
    kinds = [type(act.step) for _, act in life.acts if isinstance(act.step, MessageStep | AccessStep)]

    assert MessageStep is kinds[0]
    assert (AccessStep in kinds) == (catch_up != "none")


def test_failure_15_a_message_that_holidays_delay_delays_the_restriction_of_another_day() -> None:
    """A restriction counts its notice from when the message of an earlier day goes out, not from when it was due."""
    policy = a_policy(
        {"day": 1, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 2, "do": [{"restrict": "blocked"}]},
        {"day": 20, "do": ["escalate"]},
    )
    free = [at(f"04-{day:02d} 10:00").date() for day in range(2, 6)]
    life = live(a_case(policy=policy, holidays=free))

    assert ["04-06 09:00 d01-remind-email-final", "04-08 10:00 d02-restrict-blocked"] == life.table[:2]


def test_failure_16_a_declined_try_is_not_repeated_before_its_next_day() -> None:
    """One charge on each day of the timeline, whatever wakes the case in between."""
    nudges = [(at("04-01 10:00") + timedelta(minutes=17 * n), lambda case, _now: case) for n in range(400)]
    life = live(a_case(), told=nudges, until=at("04-06 00:00"))

    assert ["04-02 10:00 d01-charge", "04-04 10:00 d03-charge"] == life.charges
