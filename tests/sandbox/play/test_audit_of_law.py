"""The audit of the law: each test breaks one rule of a place, and sees its count rise in the right row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.play.audit_of_law import by_place, by_rule, laws_of, name_of
from sandbox.play.evidence import Evidence, Subject
from sandbox.providers.journal import LogEntry
from sandbox.providers.merchant import Told
from tests.sandbox.play.journals import Happened, counts, email, sms

NOON = datetime(2030, 4, 4, 5, tzinfo=UTC)  # Thursday, 12:00 in Bangkok
FIRST, SECOND = "d03-remind-email-friendly", "d07-remind-email-reminder"
BRAZIL = {"country": "BR", "time_zone": "America/Sao_Paulo", "reads": "en"}
INDIA = {"country": "IN", "time_zone": "Asia/Kolkata", "reads": "en"}
ENGLISH = "Your invoice is unpaid, please pay"


def broken(happened: list[Happened], at: list[datetime], **known: str) -> dict[str, int]:
    found = counts(happened, seen_at=dict(enumerate(at, start=1)), law=True, **known)
    return {promise: count for promise, count in found.items() if promise.startswith("unlawful")}


def test_one_message_a_day_within_thailands_hours_is_lawful() -> None:
    assert {} == broken([email(FIRST), email(SECOND)], [NOON, NOON + timedelta(days=1)])


def test_a_second_message_on_one_day_in_thailand_is_not() -> None:
    """By mail or by text: the law counts contacts."""
    assert {"unlawful_caps": 1} == broken([email(FIRST), sms(SECOND)], [NOON, NOON + timedelta(hours=3)])


@pytest.mark.parametrize("local", ["2030-04-04T20:00", "2030-04-06T18:30", "2030-04-15T19:00", "2030-04-04T07:59"])
def test_after_hours_on_a_weekend_or_a_holiday_in_thailand_is_not(local: str) -> None:
    moment = datetime.fromisoformat(f"{local}+07:00")

    assert {"unlawful_hours": 1} == broken([email(FIRST)], [moment])


def test_the_hours_of_text_messages_do_not_bind_e_mails() -> None:
    """Brazil on a Saturday afternoon."""
    saturday = datetime.fromisoformat("2030-04-06T16:00-03:00")

    assert {"unlawful_hours": 1} == broken([sms("d03-remind-sms-friendly", ENGLISH)], [saturday], **BRAZIL)
    assert {} == broken([email(FIRST, ENGLISH)], [saturday], **BRAZIL)


def test_a_text_to_india_has_to_be_registered() -> None:
    at = datetime.fromisoformat("2030-04-04T12:00+05:30")

    assert {"unlawful_texts": 1} == broken([sms("d03-remind-sms-friendly", ENGLISH)], [at], **INDIA)


def test_the_table_counts_by_place_and_rule_once() -> None:
    """An event that was delivered twice is one."""
    subject = Subject("in_1", "cus_1", country="TH", time_zone="Asia/Bangkok", reads="th")
    journal = [
        LogEntry(number, NOON, "sendgrid", "email.accepted", {"customer": "cus_1"}, f"dun:in_1:{step}:email", {})
        for number, step in enumerate([FIRST, SECOND], start=1)
    ]
    told = [
        Told("m1", _event("step.postponed", "th-once-a-day@2019-11-21")),
        Told("m1", _event("step.postponed", "th-once-a-day@2019-11-21")),
        Told("m2", _event("step.postponed", "visa-20-in-30-days@2026-04-18")),
        Told("m3", _event("step.refused", "th-once-a-day@2019-11-21")),
    ]
    seen = {1: NOON, 2: NOON + timedelta(hours=12)}
    found = by_place(Evidence(journal, {}, {}, [subject], seen_at=seen, told=told))

    rule = {"th-once-a-day@2019-11-21": 1}
    assert {"TH": (2, 1, 0, rule, rule)} == {place: tuple(row) for place, row in found.items()}


def _event(kind: str, rule: str) -> dict[str, object]:
    return {"type": kind, "data": {"case": {"invoice": "in_1"}, "rule": rule, "why": "it is night"}}


def test_the_law_of_a_state_is_asked_beside_its_countrys() -> None:
    """Massachusetts has two text messages a week; another state of the same country has no such rule."""
    texts = [sms(f"d0{day}-remind-sms-friendly", ENGLISH) for day in (3, 4, 5)]
    days = [datetime.fromisoformat(f"2030-04-0{day}T12:00-04:00") for day in (3, 4, 5)]
    known = {"country": "US", "time_zone": "America/New_York", "reads": "en"}

    assert {"unlawful_caps": 1} == broken(texts, days, **known, region="MA")
    assert {} == broken(texts, days, **known, region="NY")


def test_one_person_who_is_two_customers_is_one() -> None:
    """By the same e-mail address: Thai law counts contacts of a person."""
    first, other = (Subject(f"in_{n}", f"cus_{n}", "TH", "Asia/Bangkok", "th", person="cus_1") for n in (1, 2))
    journal = [
        LogEntry(n, NOON, "sendgrid", "email.accepted", {"customer": f"cus_{n}"}, f"dun:in_{n}:{FIRST}:email", {})
        for n in (1, 2)
    ]
    seen = {1: NOON, 2: NOON + timedelta(hours=3)}

    assert 1 == by_place(Evidence(journal, {}, {}, [first, other], seen_at=seen))["TH"].above_caps
    apart = replace(other, person="")
    assert 0 == by_place(Evidence(journal, {}, {}, [first, apart], seen_at=seen))["TH"].above_caps


@pytest.mark.parametrize(
    ("place", "name"),
    [("TH", "TH, Thailand"), ("US-WA", "US-WA, Washington"), ("AT", "AT, European Union"), ("CH", "CH")],
)
def test_a_place_says_whose_law_it_has(place: str, name: str) -> None:
    assert name == name_of(place)


def test_the_law_of_a_union_holds_in_its_countries() -> None:
    assert ["EU", "DE"] == laws_of("DE")
    assert ["US", "US-MA"] == laws_of("US-MA")
    assert [] == laws_of("KW")


def test_what_a_rule_did_is_counted_once_with_an_example() -> None:
    """Of whatever kind it is; what nothing but the case's own state left out has no rule."""
    late, again = _event("step.postponed", "hours@standard@1"), _event("step.refused", "hours@standard@1")
    told = [Told("m1", late), Told("m1", late), Told("m2", again), Told("m3", _event("step.skipped", ""))]

    assert {"hours@standard@1": ("it is night", 1, 1)} == by_rule(Evidence([], {}, {}, [], told=told))
