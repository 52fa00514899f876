"""A case's page in the Temporal UI: one zone for all times, what holds it, what stands in its way, what is to come."""

from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutType

from activities.errors import last_trouble
from cli.text import shown_text
from domain import changes, events, life, orders
from domain.agency import AgencyState, Handoff
from domain.case import Case
from domain.decisions import Act
from domain.invoice import InvoiceNow
from domain.retries import OwnTries, RetryOwner
from service.reading import Shown
from tests.domain.builders import a_case, at, rule
from workflows.view import details, view

NOW = at("04-01 10:00")


def page(case: Case, now: str = "04-01 10:00") -> list[str]:
    ruling = rule(case, at(now))
    return details(life.settled(case, case, ruling.decided), ruling.decided).splitlines()


def test_all_times_of_the_page_are_in_one_zone_that_it_names() -> None:
    """Headline, plan and record say UTC; the customer's own clock stands beside the customer."""
    lines = page(a_case())

    assert "**Next: retry 1 of 6: generic decline, due Tue 2 Apr 2030 03:00 UTC**" == lines[0]
    assert "| Customer | `cus_1`, TH, Asia/Bangkok (UTC+07:00) |" in lines
    assert "#### Unless something happens (UTC)" in lines
    assert "- 2030-04-02 03:00 retry on day 1" in lines
    assert "#### What happened (UTC, newest first)" in lines


def test_a_held_case_says_what_to_do_and_keeps_its_plan() -> None:
    lines = page(orders.pause(a_case(), events.Pause(note="call back"), NOW))

    assert (
        "| On hold | operator pause: call back; until told otherwise. An operator paused it: "
        "python starter.py resume in_1 ends the pause. |"
    ) in lines
    assert "#### Once it goes on, with the dates as if that were now (UTC)" in lines
    assert "- 2030-04-02 03:00 retry on day 1" in lines


def test_a_silent_provider_is_named() -> None:
    """With what it said last, and when it is asked again."""
    decision = rule(a_case(), at("04-02 10:00")).decided.decision
    assert isinstance(decision, Act)
    trouble = "Stripe does not answer (HTTP 500)."
    case = life.unanswered(a_case(), decision.effects[0], at("04-02 11:00"), trouble)

    [line] = view(case, None).tried_again
    assert f"retry on day 1: {trouble}; again at 2030-04-02 05:00 UTC" == line
    assert f"| Tried again | {line} |" in page(case, "04-02 11:00")
    assert trouble == changes.said(case, case.record[-1]).record[-1].why


def test_a_step_that_is_put_off_before_it_was_tried_is_named_in_words() -> None:
    """The request is due at night: the page names the message, and not its key."""
    lines = page(a_case("expired_card", opened="04-02 22:15"), "04-02 22:20")

    [line] = [line for line in lines if "postponed" in line]
    assert "- 2030-04-02 15:20 action e-mail at once is postponed to 2030-04-03 02:00: 22:15 in Asia/Bangkok" in line


def test_r19_two_owners_of_retries_are_a_warning_on_the_page() -> None:
    """With the name of the setting; where the tries are Stripe's, the page only says when it tries."""
    plan = InvoiceNow(tries=OwnTries(made=2, next_at=at("04-03 09:00")))
    both = changes.invoice_is(a_case(), plan, NOW, "opening")
    theirs = both.but(retry_owner=RetryOwner.STRIPE)

    [warning] = view(both, None).warnings
    assert warning.startswith("Stripe tries this invoice by itself as well, next at 2030-04-03 02:00 UTC: turn its")
    assert f"| Warning | {warning} |" in page(both)
    assert ((), "2030-04-03 02:00 UTC") == (view(theirs, None).warnings, view(theirs, None).own_try)
    assert "| Stripe's try | 2030-04-03 02:00 UTC |" in page(theirs)
    assert "| Attempts | 0 ours, 0 counting, 2 by Stripe itself |" in page(theirs)


def test_the_agencys_reference_is_shown_and_whether_it_has_answered() -> None:
    """In the page of the UI and in `show`."""
    case = a_case().but(handoff=Handoff(at=at("04-29 10:00"), references=("agency-1",)))
    answered = case.but(handoff=case.handoff.at_least(AgencyState.ACKNOWLEDGED) if case.handoff else None)

    assert "| Agency | agency-1, not acknowledged |" in page(case)
    assert ("agency-1, acknowledged", None) == (view(answered, None).agency, view(a_case(), None).agency)
    shown = shown_text(Shown("in_1", view(answered, None), None, [], [], [], max_attempts=8))
    assert ("agency-1, acknowledged" in shown, "limit of 8" in shown) == (True, True)


def test_the_warning_of_two_owners_stands_in_the_record_in_a_few_words() -> None:
    """Whole, it was five lines of the record; what to do about it is in the warnings."""
    known = changes.invoice_is(
        a_case(), InvoiceNow(tries=OwnTries(made=2, next_at=at("04-03 09:00"))), at("04-01 10:00"), "x"
    )

    why = known.record[-1].why
    assert (True, True) == (why.startswith("Stripe tries it by itself as well: turn its retries off"), len(why) < 140)
    assert 1 == len(view(known, None).warnings)


def test_what_the_last_try_met_is_found_below_the_time_out() -> None:
    """Temporal wraps it in the time-out that ended the tries, and that in the activity's failure."""
    wrapped = ActivityError(
        "activity error",
        scheduled_event_id=1,
        started_event_id=2,
        identity="worker",
        activity_type="charge",
        activity_id="1",
        retry_state=RetryState.TIMEOUT,
    )
    wrapped.__cause__ = exceptions.TimeoutError(
        "timed out", type=TimeoutType.SCHEDULE_TO_CLOSE, last_heartbeat_details=[]
    )

    assert "" == last_trouble(wrapped)
    wrapped.__cause__.__cause__ = ApplicationError("Stripe does not answer.")
    assert "Stripe does not answer." == last_trouble(wrapped)
