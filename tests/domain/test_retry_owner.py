"""R19: who tries again, we or Stripe by itself. One of them owns the tries, and those of the other are known."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain import events, life
from domain.case import Case
from domain.changes import invoice_is
from domain.declines import DeclineClass
from domain.events import MethodChange
from domain.gates import Postpone, stop
from domain.invoice import InvoiceNow
from domain.kinds.access import AccessStep
from domain.kinds.charge import ChargeStep
from domain.kinds.handoff import HandoffStep
from domain.policy import Policy
from domain.retries import OwnTries as Tries
from domain.retries import RetryOwner
from domain.rules.invoice import Aim, judge_now
from domain.steps import AttemptKind, Stage
from domain.tasks import Done
from gateways.policy_files import load_policy
from tests.domain.builders import (
    PLAIN,
    POLICIES,
    Answer,
    Event,
    a_case,
    a_decline,
    a_policy,
    at,
    facts_of,
    live,
    new_method,
    rule,
)

HOUR = timedelta(hours=1)
THEIRS = load_policy(POLICIES / "stripe-retries.yaml").model_copy(update={"jitter": timedelta(0)})
TAKES_AWAY = [Aim.LIMIT, Aim.END, Aim.HAND_OVER, Aim.GIVE_UP]


def planned(moment: datetime | None, made: int = 0) -> InvoiceNow:
    """The invoice, on which Stripe plans its next try for a moment."""
    return InvoiceNow(tries=Tries(made=made, next_at=moment))


def told_of(moment: datetime | None, event_id: str = "plan") -> Event:
    """Stripe plans another time: `invoice.updated`."""
    fact = events.InvoiceChanged(event_id=event_id, tries=Tries(next_at=moment))
    return lambda case, now: life.hear(case, "invoice_changed", fact, now)


def declined_elsewhere(event_id: str, moment: datetime) -> Event:
    """A try of Stripe's own was declined."""
    attempt = events.ReportedAttempt(at=moment, kind=AttemptKind.OTHER_ENGINE, decline=a_decline())
    fact = events.InvoiceChanged(event_id=event_id, attempt=attempt)
    return lambda case, now: life.hear(case, "invoice_changed", fact, now)


def retried(moment: datetime | None, policy: Policy = PLAIN, code: str | None = "generic_decline") -> Case:
    """A case that opens while Stripe plans a try of its own."""
    return invoice_is(a_case(code, policy=policy), planned(moment), at("04-01 10:00"), "opening")


@pytest.mark.parametrize("minutes", [-59, -30, 0, 30, 60])
def test_r19_nothing_of_ours_is_tried_within_an_hour_of_stripes_own_try(minutes: int) -> None:
    """The retry of day 1 would be made at ten."""
    theirs = at("04-02 10:00") + timedelta(minutes=minutes)

    lived = live(retried(theirs), until=at("04-03 00:00"))

    [ours] = [moment for moment, effect in lived.acts if isinstance(effect.step, ChargeStep)]
    assert theirs + HOUR == ours
    assert ["invoice-own-try"] == [e.rule for e in lived.case.record if "postponed" in e.what]


@pytest.mark.parametrize("minutes", [-121, -60, 61])
def test_r19_a_try_that_is_clear_of_stripes_is_made_at_its_time(minutes: int) -> None:
    lived = live(retried(at("04-02 10:00") + timedelta(minutes=minutes)), until=at("04-03 00:00"))

    assert ["04-02 10:00 d01-charge"] == lived.charges


def test_r19_a_new_card_is_not_tried_beside_stripes_own_try_either() -> None:
    """Stripe is about to charge the new card itself."""
    theirs = at("04-04 12:20")
    lived = live(
        retried(theirs, code="lost_card"), told=[(at("04-04 12:00"), new_method("m1"))], until=at("04-04 20:00")
    )

    assert ["04-04 13:20 m1-charge"] == lived.charges


def test_r19_stripes_tries_use_up_the_policys_budget_and_its_day() -> None:
    """Two systems, one card: eight tries in all, and none of ours on a day on which Stripe has tried."""
    told = [
        (at(f"04-{day:02d} 08:00"), declined_elsewhere(f"s{day}", at(f"04-{day:02d} 08:00"))) for day in range(2, 8)
    ]

    lived = live(retried(None), told=told)

    assert "04-08 10:00 d07-charge" == lived.charges[0]
    assert PLAIN.retries.max_attempts == len(lived.case.counting_attempts)


def test_r19_the_record_names_the_setting_that_is_to_be_switched_off() -> None:
    """Once for each plan of Stripe's; the ledger gets it as well."""
    case = retried(at("04-04 09:00"))

    [entry] = [entry for entry in case.record if "own try" in entry.what]

    assert "Stripe's own try is planned for 2030-04-04 02:00 UTC" == entry.what
    assert "Billing > Revenue recovery > Retries" in entry.why
    assert entry in rule(case, at("04-01 10:00")).entries
    assert case == invoice_is(case, planned(at("04-04 09:00")), at("04-02 10:00"), "again")
    assert rule(case, at("04-01 10:00")).projection.why.endswith("Stripe tries it by itself as well")


def test_r19_where_stripe_owns_the_tries_nobody_is_warned() -> None:
    case = retried(at("04-04 09:00"), THEIRS)

    assert "by the policy all tries are Stripe's" == case.record[-1].why
    assert "as well" not in rule(case, at("04-01 10:00")).projection.why


def test_r19_where_stripe_owns_the_tries_the_case_charges_nothing() -> None:
    """From the first day to the end, whatever the bank says, and also when the customer gives another card."""
    told = [(at("04-05 12:00"), new_method("m1")), (at("04-08 12:00"), new_method("a1", MethodChange.AUTHENTICATED))]

    for code in ("generic_decline", "processing_error", "lost_card", "authentication_required"):
        lived = live(retried(at("04-04 09:00"), THEIRS, code), told=told)

        assert [] == lived.charges
        assert ["m1-charge", "m2-charge"] == [key for key, _ in lived.skips if "charge" in key]
        assert lived.outcome


def test_r19_messages_name_stripes_next_try() -> None:
    """As it stands when the message goes out, and not one that is over."""
    case = retried(at("04-05 09:00"), THEIRS)
    moved = told_of(at("04-06 09:00"))(case, at("04-02 10:00"))
    none = told_of(None)(case, at("04-02 10:00"))

    facts = [
        facts_of(case, Stage.FRIENDLY, at(day))
        for case in (case, moved, none)
        for day in ("04-04 10:00", "04-05 12:00")
    ]

    days = [fact.next_charge_on and fact.next_charge_on.day for fact in facts]
    assert [5, None, 6, 6, None, None] == days


def test_r19_a_message_names_the_first_try_of_both() -> None:
    """Stripe's comes before ours: the customer is charged on that day."""
    case = retried(at("04-03 09:00"))

    said = facts_of(case, Stage.FRIENDLY, at("04-02 12:00")).next_charge_on

    assert said
    assert 3 == said.day


def test_r19_a_try_that_stripe_only_counts_is_not_announced() -> None:
    """After a hard decline its plan goes on, and nothing is charged before there is another card."""
    for policy in (PLAIN, THEIRS):
        facts = facts_of(retried(at("04-05 09:00"), policy, "lost_card"), Stage.FRIENDLY, at("04-04 10:00"))

        assert (None, DeclineClass.NEVER) == (facts.next_charge_on, facts.action)


def test_r19_a_message_is_written_anew_when_stripe_has_changed_its_plan() -> None:
    """Between decision and sending: the date would not be true."""
    known = planned(at("04-05 09:00"))

    assert known.says_otherwise(planned(at("04-06 09:00")))
    assert known.says_otherwise(planned(None))
    assert not known.says_otherwise(planned(at("04-05 09:00"), made=1))
    assert not known.says_otherwise(InvoiceNow())
    assert not InvoiceNow().says_otherwise(planned(None))


@pytest.mark.parametrize("aim", TAKES_AWAY)
def test_r19_nothing_is_taken_away_before_stripes_next_try(aim: Aim) -> None:
    """An hour after it is early enough. Where we own the tries, Stripe's stand in the way of nothing else."""
    noon = at("04-05 12:00")
    read = planned(noon + 5 * HOUR)

    answer = judge_now(read, aim, noon, waits=True)

    assert isinstance(answer, Postpone)
    assert (noon + 6 * HOUR, "invoice-own-try") == (answer.until, answer.rule)
    assert stop(judge_now(read, aim, noon)) is None
    assert stop(judge_now(read, aim, noon + 6 * HOUR, waits=True)) is None


def test_r19_the_restriction_waits_for_the_try_that_was_announced() -> None:
    """Day 10 is the policy's; Stripe tries on day 14."""
    plain = live(retried(None, THEIRS))
    lived = live(retried(None, THEIRS), told=[(at("04-10 12:00"), told_of(at("04-15 03:00")))])

    assert ["04-11 10:00 d10-restrict-read_only"] == plain.of(AccessStep)
    assert ["04-15 04:00 d10-restrict-read_only"] == lived.of(AccessStep)
    firm = next(e.task.facts for _, e in lived.acts if e.step.key == "d10-remind-email-firm")  # type: ignore[attr-defined]
    assert (15, 15) == (firm.next_charge_on.day, firm.restricts_on.day)


def test_r19_the_end_waits_for_the_try_that_was_announced_and_the_notice_says_so() -> None:
    """Stripe tries on the evening before what would have been the end, and on the morning after."""
    for theirs, end in (("04-28 18:00", "04-29 10:00"), ("04-29 09:30", "04-30 10:00"), ("05-06 18:00", "05-07 10:00")):
        lived = live(retried(None, THEIRS), told=[(at("04-20 12:00"), told_of(at(theirs)))])

        final = next(e.task.facts for _, e in lived.acts if e.step.key == "d21-remind-email-final")  # type: ignore[attr-defined]
        assert f"{end} d28-escalate" == lived.of(HandoffStep)[0]
        assert end[:5] == f"{final.ends_on:%m-%d}"


def test_r19_without_news_the_effect_itself_finds_the_newer_plan() -> None:
    """No webhook came: the restriction reads the invoice, and waits for the try that it finds there."""
    found = [planned(at("04-16 09:00"))]

    def answers(_case: Case, effect: Any, now: datetime) -> Done | None:
        if not isinstance(effect.step, AccessStep) or not found:
            return None
        assert effect.task.waits
        read = found.pop()
        return Done(invoice=read, stopped=stop(judge_now(read, Aim.LIMIT, now, waits=effect.task.waits)))

    answer: Answer = answers
    lived = live(retried(at("04-05 09:00"), THEIRS), answers=answer, until=at("04-20 00:00"))

    assert ["04-11 10:00 d10-restrict-read_only", "04-16 10:00 d10-restrict-read_only"] == lived.of(AccessStep)


def test_r19_what_an_operator_ends_waits_for_no_try() -> None:
    """Written off by a human, while Stripe has a plan."""
    order = events.WriteOff()
    written_off: Event = lambda case, now: life.hear(case, "write_off", order, now)  # noqa: E731

    lived = live(retried(at("04-09 09:00"), THEIRS), told=[(at("04-05 12:00"), written_off)])

    assert at("04-05 12:00") <= lived.ended_at < at("04-05 13:00")
    assert not any(effect.task.waits for _, effect in lived.acts if effect.step.aim is Aim.GIVE_UP)


def test_r19_with_the_customers_payment_on_stripes_side_the_case_is_over() -> None:
    """Stripe's own try went through."""
    paid = events.PaymentReceived(
        event_id="p", amount=retried(None).due, remaining=retried(None).due - retried(None).due
    )
    lived = live(
        retried(at("04-05 09:00"), THEIRS),
        told=[(at("04-05 09:01"), lambda case, now: life.hear(case, "payment_received", paid, now))],
    )

    assert "04-05 09:01 recovered" == lived.table[-1]


FINAL = {"remind": {"channel": "email", "stage": "final"}}
TIMELINE = [{"day": 3, "do": [FINAL]}, {"day": 10, "do": ["escalate"]}]
STRIPES = {"owner": "stripe", "max_attempts": 0, "quick": [], "paydays": {}}


NO_NOTICES = {"renewals": {"card_expires": None}}


@pytest.mark.parametrize(
    ("timeline", "retries", "more", "sentence"),
    [
        (
            [{"day": 1, "do": ["charge"]}, *TIMELINE],
            {},
            {},
            "charge on day 1, but retries.owner is stripe; take it out",
        ),
        (TIMELINE, {"max_attempts": 8}, {}, "retries.max_attempts .* set it to 0"),
        (TIMELINE, {"quick": ["PT1H"]}, {}, "retries.quick .* take it out"),
        (TIMELINE, {"paydays": {"weekdays": [5]}}, {}, "retries.paydays .* take it out"),
        (TIMELINE, {"other_methods": "use"}, {}, "retries.other_methods .* take it out"),
        (
            TIMELINE,
            {},
            {"sent_invoices": True, "renewals": {"card_expires": None}},
            "Stripe tries no sent invoice again",
        ),
    ],
)
def test_r19_a_policy_with_two_owners_is_refused(
    timeline: list[dict[str, Any]], retries: dict[str, Any], more: dict[str, Any], sentence: str
) -> None:
    """With a sentence that says what to do."""
    with pytest.raises(ValidationError, match=sentence):
        a_policy(*timeline, retries=STRIPES | retries, **more)

    assert RetryOwner.STRIPE is a_policy(*TIMELINE, retries=STRIPES).retries.owner
