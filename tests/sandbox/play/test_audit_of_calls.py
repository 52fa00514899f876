"""What the audit counts of calls: each promise is seen broken, in the count where it belongs."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.play.audit import PROMISES
from sandbox.play.audit_of_calls import CALLS
from sandbox.providers.merchant import Told
from tests.sandbox.play.journals import (
    FINALIZED,
    INVOICE,
    MORNING,
    PAID,
    Happened,
    called,
    contact,
    counts,
    did,
    email,
    queued,
    sms,
)

US = {"country": "US", "time_zone": "America/New_York", "reads": "en"}
ONTARIO = {"country": "CA", "region": "ON", "time_zone": "America/Toronto", "reads": "en"}
ENGLISH = "Thank you. I am calling about your invoice"
BANGKOK_NOON = datetime.fromisoformat("2030-04-04T12:00+07:00")


def found(*happened: Happened, at: datetime = BANGKOK_NOON, law: bool = False, **more: Any) -> dict[str, int]:
    seen = {number: at + timedelta(minutes=number) for number in range(1, len(happened) + 1)}
    return counts([FINALIZED, *happened], [queued()], seen_at={n + 1: t for n, t in seen.items()}, law=law, **more)


def test_its_promises_are_the_audits() -> None:
    assert set(CALLS) <= set(PROMISES)


def test_a_call_of_a_step_in_its_hours_is_no_fault() -> None:
    assert {} == found(called(), law=True)


def test_a_call_without_a_step_is_unexplained() -> None:
    assert {"unexplained_messages": 1} == found(called(step="d09-call"))


def test_a_call_about_what_is_paid_is_counted() -> None:
    assert {"contacts_after_payment": 1} == found(PAID, called(), outcome="recovered")


def test_a_call_during_a_dispute_is_counted() -> None:
    assert {"contacts_on_hold": 1} == found(("stripe", "dispute.opened", None, {"dispute": "dp_1"}), called())


@pytest.mark.parametrize("local", ["2030-04-04T08:55", "2030-04-04T20:30", "2030-04-07T12:00", "2030-04-15T12:00"])
def test_a_call_at_night_on_a_sunday_or_a_holiday_is_counted(local: str) -> None:
    assert {"contacts_out_of_hours": 1} == found(called(), at=datetime.fromisoformat(f"{local}+07:00"))


@pytest.mark.parametrize(
    ("hours", "broken"), [("mon-fri 12:00-13:00", 0), ("mon-fri 09:00-12:00", 1), ("sat-sun 12:00-13:00", 1), ("", 0)]
)
def test_a_call_outside_the_hours_that_somebody_has_stated_is_counted(hours: str, broken: int) -> None:
    """Two minutes after noon, on a Thursday."""
    said = [("customer", "states_call_hours", None, {"words": hours})] if hours else []

    assert broken == found(*said, called()).get("calls_unwished", 0)


def test_a_second_call_of_a_step_is_counted_unless_the_customer_asked_for_it() -> None:
    assert 1 == found(called("reached"), called("reached"))["messages_twice"]
    assert {} == found(called("call_back"), called("reached"))


def test_a_call_to_who_wants_none_is_counted() -> None:
    again = called(step="d14-call")

    counted = counts([FINALIZED, called("opted_out"), again], [queued(), queued("d14-call")])

    assert {"contacts_after_opt_out": 1} == counted


@pytest.mark.parametrize("next_one", [called(step="d14-call"), sms("d10-remind-sms-firm")])
def test_a_wrong_number_is_neither_called_nor_texted_again(next_one: Happened) -> None:
    text = contact("d10-remind-sms-firm", "sms", stage="firm")
    happened = [FINALIZED, called("wrong_number", "สวัสดี"), next_one]

    assert {"strangers_told": 1} == counts(happened, [queued(), queued("d14-call"), text])


@pytest.mark.parametrize("result", ["wrong_number", "voicemail"])
@pytest.mark.parametrize("text", ["It is about your invoice", "12.50 are open", "Es geht um eine Rechnung", "ค้างชำระ"])
def test_a_stranger_or_a_machine_that_hears_of_a_debt_is_counted(result: str, text: str) -> None:
    assert {"debts_told": 1} == found(called(result, text))


def test_a_call_to_another_number_than_the_customers_is_counted() -> None:
    assert {"wrong_dials": 1} == found(called(number="+66899999999"))


@pytest.mark.parametrize(("days", "broken"), [(1, {"promises_unkept": 1}), (3, {"promises_unkept": 1}), (4, {})])
def test_a_reminder_before_the_promised_day_is_over_is_counted(days: int, broken: dict[str, int]) -> None:
    """A promise for Sunday, 7 April; Monday the 8th is free."""
    at = MORNING + timedelta(days=days)
    mail = contact(at=at)
    seen = {2: MORNING, 3: at}
    said = counts([FINALIZED, called("promise", promised="2030-04-07"), email()], [queued(), mail], seen_at=seen)

    assert broken == {promise: count for promise, count in said.items() if promise in CALLS}


def test_a_message_in_another_language_is_counted_on_the_telephone_as_well() -> None:
    assert {"wrong_language": 1} == found(called(text="Il s'agit de votre facture"))


def unlawful(calls: list[Happened], days: list[int], **known: str) -> dict[str, int]:
    noon = datetime.fromisoformat("2030-04-01T12:00-04:00")
    seen = {number: noon + timedelta(days=day) for number, day in enumerate(days, start=1)}
    said = counts(calls, seen_at=seen, law=True, **known)
    return {promise: count for promise, count in said.items() if promise.startswith("unlawful")}


def test_the_law_has_hours_of_calls() -> None:
    """Ontario: none on a holiday, and on a Sunday only in the afternoon."""
    happened = [email("d00-remind-email-friendly", ENGLISH), called(text=ENGLISH)]

    assert {} == unlawful(happened, [0, 8], **ONTARIO)
    assert {"unlawful_hours": 1} == unlawful(happened, [0, 13], **ONTARIO)  # a Sunday, at noon
    assert {"unlawful_hours": 1} == unlawful(happened, [0, 18], **ONTARIO)  # Good Friday


def test_the_law_has_caps_of_calls() -> None:
    """In the United States seven in seven days for one debt, of whatever result."""
    calls = [called("no_answer", "", step=f"d{day:02}-call") for day in range(8)]

    assert {"unlawful_caps": 1} == unlawful(calls, [1, 1, 1, 2, 2, 2, 3, 4], **US)
    assert {} == unlawful(calls, [1, 1, 1, 2, 2, 2, 3, 9], **US)


def test_the_law_counts_conversations_where_it_says_so() -> None:
    """Ontario: three in a week in which somebody was spoken to."""
    first = email("d00-remind-email-friendly", ENGLISH)
    spoken = [called("reached", ENGLISH, step=f"d{day:02}-call") for day in range(4)]
    unheard = [called("no_answer", "", step=f"d{day:02}-call") for day in range(4)]

    assert {"unlawful_caps": 1} == unlawful([first, *spoken], [0, 8, 9, 10, 11], **ONTARIO)
    assert {} == unlawful([first, *unheard], [0, 8, 9, 10, 11], **ONTARIO)


def test_the_law_wants_a_pause_after_a_conversation() -> None:
    calls = [called("reached", ENGLISH), called("reached", ENGLISH, step="d14-call")]

    assert {"unlawful_pauses": 1} == unlawful(calls, [1, 4], **US)
    assert {} == unlawful(calls, [1, 8], **US)
    assert {} == unlawful([called("voicemail", ""), calls[1]], [1, 4], **US)


def test_the_law_wants_a_notice_in_writing_before_the_first_call() -> None:
    first, call = email("d00-remind-email-friendly", ENGLISH), called(text=ENGLISH)

    assert {"unlawful_pauses": 1} == unlawful([call], [1], **ONTARIO)
    assert {"unlawful_pauses": 1} == unlawful([first, call], [0, 4], **ONTARIO)


def _told(kind: str, step: str = "d07-call", number: int = 1, **said: str) -> Told:
    data = {"case": {"invoice": INVOICE}, "source": step, "call": "call_1", **said}
    return Told(f"{kind}-{number}", {"type": kind, "data": data})


DUE, DONE = _told("call.due"), _told("call.done", result="reached")


@pytest.mark.parametrize(
    ("told", "untold"),
    [
        ([DUE, DONE], 0),
        ([DUE, DUE, DONE], 0),  # one id is one event
        ([DONE], 2),
        ([DUE], 2),
        ([DUE, _told("call.done", result="expired")], 1),
        ([DUE, DONE, _told("call.done", number=2, result="withdrawn")], 1),
    ],
)
def test_what_becomes_of_a_call_is_told_once(told: list[Told], untold: int) -> None:
    assert untold == found(called(), told=told, outcome="recovered").get("calls_untold", 0)


def test_who_is_called_was_not_told_in_writing() -> None:
    """A call announces no restriction."""
    restricted: Happened = "merchant", "service.restricted", f"dun:{INVOICE}:d10-restrict", {}

    assert 1 == found(called(), restricted)["unannounced_limits"]


def test_a_step_that_an_operator_left_out_is_not_called() -> None:
    skipped: Happened = "customer", "operator_skips", None, {"step": "d07-call"}

    assert {"orders_unheeded": 1} == found(skipped, called())
    assert {} == found(did("synced"), called())
