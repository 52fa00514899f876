"""What the audit counts of notices before a renewal: each promise is seen broken."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.play.audit import PROMISES, audit
from sandbox.play.audit_of_renewals import RENEWALS
from sandbox.play.evidence import Evidence, Subject
from sandbox.providers.journal import LogEntry

RENEWS = datetime(2030, 5, 1, 6, tzinfo=UTC)
NAME = "renewal-sub_1-20300501"
KNOWN = Subject(NAME, "cus_1", country="GB", time_zone="Europe/London", reads="en", due_at=RENEWS)
NOON = datetime(2030, 4, 24, 11, tzinfo=UTC)


def found(
    *at: datetime, text: str = "Your card expires before your invoice is charged", name: str = NAME
) -> dict[str, int]:
    key = f"{name}:card_expires"
    journal = [
        LogEntry(number, NOON, "twilio", "sms.accepted", {}, key, {"to": "+447700900212", "body": text})
        for number in range(1, len(at) + 1)
    ]
    said = audit(Evidence(journal, {}, {}, [], seen_at=dict(enumerate(at, start=1)), renewals=[KNOWN]))
    return {promise: len(sentences) for promise, sentences in said.items() if sentences}


def test_its_promises_are_the_audits() -> None:
    assert set(RENEWALS) <= set(PROMISES)


def test_one_in_time_is_no_fault() -> None:
    assert {} == found(NOON)


def test_one_after_the_charge_is_counted() -> None:
    assert {"renewals_late": 1} == found(RENEWS + timedelta(hours=5))


def test_a_second_one_is_counted() -> None:
    assert {"renewals_twice": 1} == found(NOON, NOON + timedelta(days=1))


@pytest.mark.parametrize("at", ["2030-04-24T20:30+01:00", "2030-04-28T12:00+01:00", "2030-04-19T12:00+01:00"])
def test_one_at_night_on_a_sunday_or_a_holiday_is_counted(at: str) -> None:
    assert 1 == found(datetime.fromisoformat(at))["contacts_out_of_hours"]


def test_it_is_held_to_the_hours_of_the_law() -> None:
    assert 1 == found(datetime.fromisoformat("2030-04-24T21:30+01:00"))["unlawful_hours"]


def test_one_in_another_language_is_counted() -> None:
    assert {"wrong_language": 1} == found(NOON, text="Ihre Rechnung")


def test_one_of_a_renewal_that_nobody_knows_is_counted() -> None:
    assert {"unexplained_messages": 1} == found(NOON, name="renewal-sub_2-20300501")
