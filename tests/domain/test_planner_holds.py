"""Holds: the timeline stands still, and goes on as many local days later as the holds lasted."""

from datetime import datetime, timedelta

import pytest

from domain import changes, events, news, orders
from domain.case import Case, ChargeOutcome, HoldReason, Outcome, Unfinished
from domain.decisions import Act, Wait
from domain.events import DisputeOutcome
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.steps import AttemptKind
from tests.domain.builders import (
    Event,
    a_case,
    a_decline,
    at,
    decide,
    disputed,
    live,
    new_method,
    paused,
    payment,
    resumed,
    usd,
)
from tests.domain.test_planner_life import WHOLE_LIFE


def moved(days: int, after: str) -> list[str]:
    """The whole life with everything after a moment `days` later; Sundays stay free of contacts."""
    lines = []
    for line in WHOLE_LIFE:
        moment, key = line[:11], line[12:]
        when = at(moment) + (timedelta(days=days) if moment > after else timedelta(0))
        lines.append(f"{when + timedelta(hours=7):%m-%d %H:%M} {key}")
    return lines


def dispute_ends(outcome: DisputeOutcome) -> Event:
    fact = events.DisputeClosed(event_id="d", outcome=outcome)
    return lambda case, now: news.dispute_closed(case, fact, now)


def test_a_pause_of_seven_days_moves_the_rest_by_seven_days() -> None:
    """Nothing happens meanwhile, and nothing is caught up at once."""
    life = live(a_case(), told=[(at("04-05 12:00"), paused()), (at("04-12 09:00"), resumed())])

    assert moved(7, "04-05 12:00") == life.table[:16]


def test_a_pause_until_a_date_ends_by_itself() -> None:
    """The same without anybody resuming."""
    life = live(a_case(), told=[(at("04-05 12:00"), paused(at("04-12 09:00")))])

    assert moved(7, "04-05 12:00") == life.table[:16]


def test_a_pause_within_one_day_moves_nothing() -> None:
    """Paused in the morning and resumed in the evening: the day's steps are done that evening."""
    life = live(a_case(), told=[(at("04-04 08:00"), paused()), (at("04-04 18:00"), resumed())])

    assert "04-04 18:00 d03-charge" in life.table
    assert "04-06 10:00 d05-charge" in life.table
    assert 0 == life.case.shift_days


def test_holds_count_by_the_customers_days() -> None:
    """From before midnight to after it is one day, in the customer's zone."""
    zone = "America/New_York"
    told = [(at("04-04 23:30", zone), paused()), (at("04-05 00:30", zone), resumed())]
    life = live(a_case(zone=zone), told=told)

    assert 1 == life.case.shift_days


def test_overlapping_holds_count_once() -> None:
    """Paused from day 4 to 8, in dispute from day 6 to 11: seven days, not nine."""
    told = [
        (at("04-05 12:00"), paused()),
        (at("04-07 12:00"), disputed()),
        (at("04-09 12:00"), resumed()),
        (at("04-12 12:00"), dispute_ends(DisputeOutcome.WON)),
    ]
    life = live(a_case(), told=told)

    assert moved(7, "04-05 12:00") == life.table[:16]


def test_two_holds_one_after_the_other_add_up() -> None:
    """Three days and four days."""
    told = [
        (at("04-05 12:00"), paused()),
        (at("04-08 12:00"), resumed()),
        (at("04-08 12:00"), paused()),
        (at("04-12 12:00"), resumed()),
    ]
    life = live(a_case(), told=told)

    assert moved(7, "04-05 12:00") == life.table[:16]


def test_on_hold_nothing_is_done_even_with_a_new_card() -> None:
    """The new card waits for the end of the hold, and is then tried at once."""
    told = [(at("04-02 12:00"), paused()), (at("04-03 12:00"), new_method("m")), (at("04-09 12:00"), resumed())]
    life = live(a_case("expired_card"), told=told)
    during = [line for line in life.table if "04-02 12:00" < line < "04-09 12:00"]

    assert [] == during
    assert "04-09 12:00 m1-charge" == life.charges[0]


def test_the_end_is_never_sooner_than_the_final_notice_promised() -> None:
    """Announced for 29 April, held for three days after the notice: ended on 2 May."""
    told = [(at("04-24 12:00"), paused()), (at("04-27 12:00"), resumed())]
    life = live(a_case(), told=told)

    assert "05-02 10:00 d28-escalate" in life.table


@pytest.mark.parametrize("outcome", [DisputeOutcome.WON, DisputeOutcome.WITHDRAWN])
def test_a_dispute_that_ends_for_the_merchant_lets_the_case_go_on(outcome: DisputeOutcome) -> None:
    """Seven days later than planned."""
    told = [(at("04-05 12:00"), disputed()), (at("04-12 12:00"), dispute_ends(outcome))]

    assert moved(7, "04-05 12:00") == live(a_case(), told=told).table[:16]


def test_a_dispute_that_the_customer_wins_ends_the_case() -> None:
    """Restricted meanwhile: the service comes back, and nothing more is asked."""
    told = [(at("04-12 12:00"), disputed()), (at("04-20 12:00"), dispute_ends(DisputeOutcome.LOST))]
    life = live(a_case(), told=told)

    assert ["04-20 12:00 end-restore", "04-20 12:00 cancelled"] == life.table[-2:]


def test_a_dispute_told_twice_is_one_hold() -> None:
    """And it began when it was told first."""
    case = disputed("one")(a_case(), at("04-05 12:00"))
    again = disputed("other")(case, at("04-07 12:00"))

    assert [HoldReason.DISPUTE] == [h.reason for h in again.holds]
    assert at("04-05 12:00") == again.held_from


PROCESSING = ChargeResult(outcome=ChargeOutcome.PROCESSING)


def debit_fails(code: str = "debit_not_authorized") -> Event:
    """The news of it names our attempt, whose charge at the provider has failed."""

    def told(case: Case, now: datetime) -> Case:
        ours = next(attempt for attempt in case.attempts if attempt.outcome is ChargeOutcome.PROCESSING)
        seen = events.ReportedAttempt(
            at=ours.at, kind=ours.kind, decline=a_decline(code), number=ours.number, step=ours.step
        )
        return news.invoice_changed(case, events.InvoiceChanged(event_id=f"f{ours.number}", attempt=seen), now)

    return told


def test_a_bank_debit_on_its_way_stops_everything_until_it_is_paid() -> None:
    """No second charge and no reminder while the money travels."""
    life = live(
        a_case(),
        answers=lambda _c, act, _n: PROCESSING if isinstance(act.step, ChargeStep) else None,
        told=[(at("04-05 12:00"), payment("p", usd("100"), usd("0")))],
    )

    assert ["04-02 10:00 d01-charge", "04-05 12:00 recovered"] == life.table


def test_a_bank_debit_that_fails_is_our_attempt_and_the_case_goes_on_from_there() -> None:
    """Three days on its way: the rest of the timeline is three days later, and the attempt is booked once."""
    life = live(
        a_case(),
        answers=lambda _c, act, _n: PROCESSING if act.step.key == "d01-charge" else None,
        told=[(at("04-05 09:00"), debit_fails("insufficient_funds"))],
        until=at("04-09 00:00"),
    )
    first = life.case.attempts[0]

    assert (AttemptKind.TIMELINE, ChargeOutcome.DECLINED, "insufficient_funds") == (
        first.kind,
        first.outcome,
        first.code,
    )
    assert 3 == life.case.shift_days
    assert [1, 2] == [attempt.number for attempt in life.case.attempts]


def test_a_debit_that_fails_for_an_unknown_reason_uses_up_that_codes_tries() -> None:
    """Two tries with a code that nobody knows, on a rail that answers days later."""
    fails = [(at("04-05 09:00"), debit_fails("mystery")), (at("04-12 09:00"), debit_fails("mystery"))]
    life = live(
        a_case(), answers=lambda _c, act, _n: PROCESSING if isinstance(act.step, ChargeStep) else None, told=fails
    )

    assert 2 == len(life.charges)


def test_a_new_mandate_that_fails_is_asked_about_again() -> None:
    """The request for another method goes out for the new decline too, although the debit answered days later."""
    life = live(
        a_case("expired_card"),
        answers=lambda _c, act, _n: PROCESSING if act.step.key == "m1-charge" else None,
        told=[(at("04-02 12:00"), new_method("m")), (at("04-05 09:00"), debit_fails("expired_card"))],
    )

    assert ["04-01 10:00 ask-0", "04-05 09:00 ask-1"] == [line for line in life.messages if "ask" in line]


@pytest.mark.parametrize("network", ["visa", None])
def test_what_the_customer_tries_meanwhile_is_not_the_debits_answer(network: str | None) -> None:
    """The debit is still on its way, and only news that names it is its answer."""
    case = live(
        a_case(),
        answers=lambda _c, act, _n: PROCESSING if isinstance(act.step, ChargeStep) else None,
        until=at("04-03 00:00"),
    ).case
    theirs = a_decline("generic_decline", **({"network": network} if network else {}))
    fact = events.InvoiceChanged(event_id="f", attempt=events.ReportedAttempt(at=at("04-03 09:00"), decline=theirs))
    after = news.invoice_changed(case, fact, at("04-03 09:00"))

    assert [HoldReason.PAYMENT_PROCESSING] == [h.reason for h in after.holds]
    assert 2 == len(after.attempts)


def test_a_bank_debit_that_is_never_answered_does_not_hold_the_case_for_ever() -> None:
    """After two weeks the case goes on."""
    life = live(a_case(), answers=lambda _c, act, _n: PROCESSING if act.step.key == "d01-charge" else None)

    assert "04-18 10:00 d03-charge" == life.charges[1]
    assert Outcome.COLLECTIONS is life.outcome


@pytest.mark.parametrize("held_by", ["pause", "dispute", "both"])
@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        (lambda c, n: orders.settle(c, events.Settle(amount=usd("40")), n), Outcome.SETTLED),
        (lambda c, n: orders.write_off(c, events.WriteOff(), n), Outcome.WRITTEN_OFF),
        (payment("p", usd("100")), Outcome.RECOVERED),
    ],
)
def test_the_end_does_not_wait_for_a_hold(held_by: str, order: Event, outcome: Outcome) -> None:
    """Settled, written off or paid while on hold: over in the same wake-up."""
    told = [(at("04-05 12:00"), paused() if held_by != "dispute" else disputed())]
    if held_by == "both":
        told.append((at("04-05 13:00"), disputed()))
    life = live(a_case(), told=[*told, (at("04-06 12:00"), order)])

    assert outcome is life.outcome
    assert at("04-06 12:00") <= life.ended_at < at("04-06 12:01")


def test_an_effect_that_needs_an_operator_holds_even_the_end() -> None:
    """The write-off was refused by the provider: the case waits, and goes on when resumed."""
    case = orders.write_off(a_case(), events.WriteOff(), at("04-05 12:00"))
    stuck = changes.needs_operator(case, "the API key may not do this", at("04-05 12:01"))
    waiting = decide(stuck, at("04-05 12:02"))

    assert isinstance(waiting, Wait)
    assert waiting.until is None
    assert "the API key may not do this" in waiting.why

    life = live(stuck, start=at("04-05 12:02"), told=[(at("04-06 09:00"), resumed())])

    assert ["04-06 09:00 end-write_off", "04-06 09:00 written_off"] == life.table


def test_a_payment_at_a_stuck_end_still_counts_as_recovered() -> None:
    """The customer paid while an operator was to look at the write-off."""
    case = orders.write_off(a_case(), events.WriteOff(), at("04-05 12:00"))
    stuck = changes.needs_operator(case, "the API key may not do this", at("04-05 12:01"))
    life = live(stuck, start=at("04-05 12:02"), told=[(at("04-06 09:00"), payment("p", usd("100")))])

    assert ["04-06 09:00 recovered"] == life.table


def test_a_provider_that_does_not_answer_puts_its_step_off_longer_each_time() -> None:
    """One hour, two, four, eight, twelve, twelve; the other steps go on, and the step is done in the end."""
    case, step = a_case(), None
    pauses = []
    now = at("04-02 10:00")
    for _ in range(6):
        decision = decide(case, now)
        step = decision.step if isinstance(decision, Act) else None
        assert step is not None
        case = changes.unanswered(case, step, "no answer", now)
        waiting = decide(case, now)
        assert isinstance(waiting, Wait)
        assert waiting.until is not None
        pauses.append((waiting.until - now) // timedelta(hours=1))
        now = waiting.until

    assert [1, 2, 4, 8, 12, 12] == pauses


def test_a_provider_that_does_not_answer_for_months_is_asked_again() -> None:
    """The hundredth pause is as long as the fifth."""
    case, now = a_case(), at("04-02 10:00")
    step = decide(case, now)
    assert isinstance(step, Act)
    for _ in range(100):
        case = changes.unanswered(case, step.step, "no answer", now)

    assert now + timedelta(hours=12) == case.unfinished[step.step.key].not_before


def test_an_end_whose_provider_does_not_answer_waits_with_its_last_effects() -> None:
    """Asked again at once it would be asked without end: the service comes back after an hour, then the case ends."""
    restricted = live(a_case(), until=at("04-12 12:00")).case
    noon = at("04-12 12:00")
    paid = payment("p", usd("100"))(restricted, noon)
    restore = decide(paid, noon)
    assert isinstance(restore, Act)

    life = live(changes.unanswered(paid, restore.step, "no answer", noon), start=noon)

    assert ["04-12 13:00 end-restore", "04-12 13:00 recovered"] == life.table


def test_a_message_that_its_provider_does_not_take_does_not_hold_up_the_end() -> None:
    """The customer was warned by e-mail; the SMS of the same day waits for its provider until after the end."""
    case = live(a_case(subscription=None), until=at("04-28 00:00")).case
    sms = {key: record for key, record in case.steps.items() if key != "d21-remind-sms-final"}
    step = case.steps["d21-remind-sms-final"].step
    until = Unfinished(step=step, not_before=at("04-29 16:00"), times=9)
    stuck = case.model_copy(update={"steps": sms, "unfinished": {"d21-remind-sms-final": until}})

    life = live(stuck, start=at("04-29 09:00"))

    assert "04-29 10:00" == next(line for line in life.table if "d28-escalate" in line)[:11]
    assert ("d21-remind-sms-final", "the case ended before it could be done") in life.skips
