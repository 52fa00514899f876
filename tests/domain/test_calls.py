"""A call is put into the queue at its time, and the case goes on; whether it may be made is judged anew each time."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain import events, life
from domain.calls import CONVERSATIONS, NOBODY, CallResult, MadeBy, Offer
from domain.case import Case, Circumstances, HoldReason, StepState, Whereabouts
from domain.forms import read_form, write_form
from domain.gates import ALLOW, Answer, Postpone, Refuse, Stopped
from domain.installation import Installation
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.call import CallForm, CallQueued, CallStep, CallTask
from domain.kinds.message import MessageStep
from domain.policy import Policy
from domain.protection import Protected, Protection, SetBy
from domain.rules.calls import ask_call, call_caps, call_windows
from domain.rules.contacts import ContactUse
from domain.rules.law_table import law_of
from domain.situation import Situation
from domain.steps import Channel, Stage
from tests.domain.builders import PLAIN, a_case, a_policy, at, effect_of, live, paused, situation
from tests.lives.lawful import TABLE

DAY = timedelta(days=1)
TIMELINE = PLAIN.model_dump(mode="json")["timeline"]
CALLS = a_policy({"day": 1, "do": [{"call": {"offers": ["promise", "instalments"]}}]}, *TIMELINE[2:])
KEY = "d01-call"
NOON = at("04-02 12:00")


def step(case: Case) -> CallStep:
    here = situation(case, NOON)
    [found] = [one for one in here.steps if isinstance(one, CallStep)]
    return found


def reported(case: Case, result: CallResult, when: datetime = NOON, **says: Any) -> Case:
    return life.hear(case, "call_reported", events.CallReported(event_id="c-1", result=result, **says), when)


def standing(
    place: str, region: str = "", zone: str = "Asia/Bangkok", when: datetime = NOON, **changes: Any
) -> Situation:
    """The case of somebody at a place, by its law."""
    case = changes.pop("case", None) or a_case(policy=CALLS, zone=zone)
    here = Whereabouts(country=place, region=region, time_zones=(zone,))
    law = law_of(TABLE, case.facts, here, ())
    return Situation(case, CALLS, Circumstances(whereabouts=here, law=law, **changes), when)


def asked(now: Situation, invoice: InvoiceNow | None = None) -> Answer:
    return ask_call(now, invoice or InvoiceNow())


def test_a_policy_says_how_long_a_call_is_worth_making_and_what_may_be_offered() -> None:
    plain, whole = read_form("call"), read_form({"call": {"valid_days": 5, "offers": ["instalments"]}})

    assert CallForm(valid_days=3, offers=(Offer.PROMISE, Offer.PAY_LINK), by=MadeBy.PERSON) == plain
    assert CallForm(valid_days=5, offers=(Offer.INSTALMENTS,)) == whole
    assert whole == read_form(write_form(whole))
    for wrong in ({"valid_days": 0}, {"valid_days": 15}, {"offers": ["discount"]}, {"offers": ["promise", "promise"]}):
        with pytest.raises(ValidationError):
            read_form({"call": wrong})


def test_the_case_puts_it_into_the_queue_and_goes_on() -> None:
    lived = live(a_case(policy=CALLS))
    [(when, effect)] = [(when, effect) for when, effect in lived.acts if isinstance(effect.step, CallStep)]
    task = effect.task

    assert isinstance(task, CallTask)
    assert (KEY, "queue_call") == (effect.step.key, effect.activity)
    assert when + 3 * DAY == task.until
    assert (Offer.PROMISE, Offer.INSTALMENTS) == task.offers
    assert "in the queue until" in lived.case.steps[KEY].note
    assert lived.case.closed


def test_its_windows_are_the_customers_hours_until_it_is_over() -> None:
    """Not on Sunday, by the policy; the standard policy's hours on the other days."""
    case = a_case(policy=CALLS)
    windows = call_windows(situation(case, NOON), at("04-05 19:00"), at("04-08 19:00"))

    hours = PLAIN.contacts.hours
    said = [window.said("Asia/Bangkok") for window in windows]
    assert [
        f"2030-04-05 19:00 to {hours.end:%H:%M}",
        f"2030-04-06 {hours.start:%H:%M} to {hours.end:%H:%M}",
        f"2030-04-08 {hours.start:%H:%M} to 19:00",
    ] == said


def test_windows_are_those_of_law_and_policy_together() -> None:
    """Thailand: weekends until 18:00."""
    [saturday] = call_windows(standing("TH"), at("04-06 00:00"), at("04-07 00:00"))

    assert saturday.said("Asia/Bangkok").endswith("to 18:00")


def test_nobody_is_called_where_calls_are_closed() -> None:
    closed = {Channel.PHONE: "CALL_BACK_NUMBER is not set"}
    lived = live(a_case(policy=CALLS, installation=Installation(closed_channels=closed)))

    assert [] == [effect for _, effect in lived.acts if isinstance(effect.step, CallStep)]
    assert isinstance(asked(standing("TH", closed_channels=closed)), Refuse)


@pytest.mark.parametrize(
    ("result", "state", "note"),
    [
        (CallQueued(), StepState.DONE, "in the queue"),
        (CallQueued(refused=Stopped(why="no phone number is known")), StepState.REFUSED, "no phone number"),
        (CallQueued(stopped=Stopped(why="the invoice is void")), StepState.SKIPPED, "void"),
    ],
)
def test_what_becomes_of_the_step(result: CallQueued, state: StepState, note: str) -> None:
    case = a_case(policy=CALLS)
    effect = effect_of(case, step(case), NOON)
    record = life.book(case, effect, result, NOON).steps[KEY]

    assert state is record.state
    assert note in record.note


def test_what_stands_in_the_way_for_now_is_tried_again() -> None:
    case = a_case(policy=CALLS)
    later = CallQueued(stopped=Stopped(why="a payment is on its way", rule="r", until=NOON + DAY))
    then = life.book(case, effect_of(case, step(case), NOON), later, NOON)

    assert KEY not in then.steps
    assert NOON + DAY == then.unfinished[KEY].not_before


def test_at_an_hour_of_the_place_it_is_allowed() -> None:
    assert ALLOW is asked(standing("TH"))


def test_outside_the_hours_it_says_when() -> None:
    """Saturday 19:00 in Bangkok: the policy would allow it, the law does not."""
    late = asked(standing("TH", when=at("04-06 19:00")))

    assert isinstance(late, Postpone)
    assert "th-hours" in str(late.rule)
    assert at("04-08 09:00") <= late.until <= at("04-08 10:00")


def test_nothing_is_said_when_the_case_is_over_held_or_the_person_protected() -> None:
    case = a_case(policy=CALLS)
    held = paused()(case, NOON)
    closed = life.hear(
        case,
        "payment_received",
        events.PaymentReceived(event_id="p", amount=case.due, remaining=case.due - case.due),
        NOON,
    )
    protected = Protected(
        protection=Protection.DECEASED, event_id="1", since=NOON - DAY, source=SetBy.OPERATOR, by="pat"
    )
    refused = [
        asked(standing("TH", case=held)),
        asked(standing("TH", case=closed)),
        asked(standing("TH", protections=(protected,))),
        asked(standing("TH"), InvoiceNow(state=InvoiceState.PAID)),
        asked(standing("TH", closed_channels={Channel.PHONE: "opted out"})),
    ]
    words = ("on hold", "ended (recovered)", "protected (deceased", "the invoice is paid", "opted out")

    for answer, said in zip(refused, words, strict=True):
        assert isinstance(answer, Refuse)
        assert said in answer.why


def test_somebody_of_whom_nobody_knows_where_they_are_is_not_called() -> None:
    """R35."""
    case = a_case(policy=CALLS)
    lost = case.but(facts=case.facts.but(place_known=False))
    answer = ask_call(Situation(lost, CALLS, Circumstances(), NOON), InvoiceNow())

    assert isinstance(answer, Refuse)
    assert "what time it is" in answer.why


def use(when: datetime, channel: Channel = Channel.PHONE, *, conversation: bool = False) -> ContactUse:
    return ContactUse(invoice_id="in_1", channel=channel, at=when, conversation=conversation)


def room(now: Situation, *uses: ContactUse) -> Answer:
    return call_caps(now, now.at + 30 * DAY).lawfully("in_1", uses, now.at)


def test_once_a_day_in_thailand_whatever_the_channel() -> None:
    now = standing("TH")
    morning = room(now, use(NOON - timedelta(hours=2), Channel.EMAIL))

    assert isinstance(morning, Postpone)
    assert at("04-03 00:00") == morning.until
    assert ALLOW is room(now, use(NOON - DAY, Channel.EMAIL))


def test_two_calls_or_texts_in_a_week_in_massachusetts() -> None:
    now = standing("US", "MA", "America/New_York", at("04-10 12:00", "America/New_York"))
    calls = room(now, use(now.at - 2 * DAY), use(now.at - 3 * DAY, Channel.SMS))

    assert isinstance(calls, Postpone)
    assert "us-ma" in str(calls.rule)
    assert ALLOW is room(now, use(now.at - 2 * DAY), use(now.at - 8 * DAY))


def test_conversations_are_counted_in_ontario_and_calls_that_nobody_answered_are_not() -> None:
    now = standing("CA", "ON", "America/Toronto", at("04-20 12:00", "America/Toronto"))
    written = use(now.at - 18 * DAY, Channel.EMAIL)
    days = [now.at - each * DAY for each in (1, 2, 3)]
    spoke = room(now, written, *(use(day, conversation=True) for day in days))

    assert isinstance(spoke, Postpone)
    assert "conversations" in spoke.why
    assert ALLOW is room(now, written, *(use(day) for day in days))


def test_after_a_conversation_nobody_is_called_for_a_week_in_the_united_states() -> None:
    now = standing("US", "TX", "America/Chicago", at("04-10 12:00", "America/Chicago"))
    spoke = room(now, use(now.at - 3 * DAY, conversation=True))

    assert isinstance(spoke, Postpone)
    assert now.at + 4 * DAY == spoke.until
    assert ALLOW is room(now, use(now.at - 3 * DAY))


def test_the_first_call_comes_after_a_notice_in_writing_in_quebec() -> None:
    now = standing("CA", "QC", "America/Toronto", at("04-10 12:00", "America/Toronto"))

    assert isinstance(room(now), Refuse)
    assert ALLOW is room(now, use(now.at - 6 * DAY, Channel.EMAIL))


def test_every_result_is_a_conversation_or_is_not() -> None:
    assert set(CallResult) == CONVERSATIONS | NOBODY
    assert not CONVERSATIONS & NOBODY


def test_a_promise_holds_the_case_until_its_day_is_over() -> None:
    case = reported(a_case(policy=CALLS), CallResult.PROMISE, on=date(2030, 4, 5))
    [hold] = case.holds

    assert HoldReason.OPERATOR_PAUSE is hold.reason
    assert at("04-06 00:00") == hold.until
    assert "promised to pay by 2030-04-05" in hold.note


def test_a_promise_comes_too_late_or_beside_a_pause() -> None:
    past = reported(a_case(policy=CALLS), CallResult.PROMISE, on=date(2030, 4, 1))
    beside = reported(paused()(a_case(policy=CALLS), NOON), CallResult.PROMISE, on=date(2030, 4, 5))

    assert () == past.holds
    assert [None] == [hold.until for hold in beside.holds]
    assert "that day is over" in past.record[-1].why


def test_who_wants_no_calls_keeps_the_messages_and_a_wrong_number_gets_no_texts_either() -> None:
    opted_out = reported(a_case(policy=CALLS), CallResult.OPTED_OUT)
    wrong = reported(a_case(policy=CALLS), CallResult.WRONG_NUMBER)

    assert {Channel.PHONE: "opted out"} == opted_out.closed_channels
    assert {Channel.PHONE, Channel.SMS, Channel.WHATSAPP} == set(wrong.closed_channels)


def test_what_is_said_of_a_payment_moves_nothing_and_is_heard_once() -> None:
    case = a_case(policy=CALLS)
    once = reported(case, CallResult.PAID)
    twice = reported(once, CallResult.PAID)

    assert (case.due, ()) == (once.due, once.holds)
    assert once == twice
    assert "call: paid" == once.record[-1].what


def test_nobody_is_called_about_what_an_agency_has() -> None:
    """A task may be good for days beyond the end: then the agency is in charge."""
    with_agency = next(after for after in live(a_case(policy=CALLS)).after if after.handoff)
    answer = asked(standing("TH", case=with_agency, when=at("04-30 12:00")))

    assert isinstance(answer, Refuse)
    assert "the case is with an agency" == answer.why


def test_a_policy_without_calls_is_as_before() -> None:
    assert not any(isinstance(form, CallForm) for entry in PLAIN.timeline for form in entry.do)
    assert isinstance(PLAIN, Policy)


def test_a_policy_says_who_makes_a_call_and_the_task_knows_it() -> None:
    by_machine = a_policy({"day": 1, "do": [{"call": {"by": "machine_or_person"}}]}, *TIMELINE[2:])
    [effect] = [one for _, one in live(a_case(policy=by_machine)).acts if isinstance(one.step, CallStep)]

    assert isinstance(effect.task, CallTask)
    assert MadeBy.MACHINE_OR_PERSON is effect.task.by
    assert "the automatic service or a person calls" in effect.task.why


def test_who_wants_the_link_to_pay_gets_one_message_with_it() -> None:
    """By the gates of every message: on the policy's channel for requests, in its hours, once."""
    case = reported(a_case(policy=CALLS), CallResult.PAY_LINK)
    lived = live(case, start=NOON)
    links = [(when, effect) for when, effect in lived.acts if effect.step.key.startswith("link-")]

    [(when, effect)] = links
    assert isinstance(effect.step, MessageStep)
    assert (CALLS.contacts.action_request, Stage.REMINDER) == (effect.step.channel, effect.step.stage)
    assert when >= NOON
