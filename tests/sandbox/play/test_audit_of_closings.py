"""What the audit counts of what is said and withdrawn once a case is over: each promise is seen broken."""

from datetime import datetime, timedelta

import pytest

from sandbox.play.audit import PROMISES
from sandbox.play.audit_of_closings import CLOSINGS
from tests.sandbox.play.journals import (
    FINALIZED,
    INVOICE,
    MORNING,
    PAID,
    SECOND,
    Happened,
    about,
    contact,
    counts,
    did,
    email,
    sms,
)

NOTICE = f"dun:{INVOICE}:d03-remind-notice-friendly:notice"
SHOWN: Happened = ("merchant", "notice.created", NOTICE, {"text": "กรุณาชำระใบแจ้งหนี้"})
WITHDRAWN: Happened = ("merchant", "notice.withdrawn", f"{NOTICE}:withdrawn", {"notice": NOTICE})
THANKS = email("closing-paid", "ขอขอบคุณ")


def test_its_promises_are_the_audits() -> None:
    assert set(CLOSINGS) <= set(PROMISES)


def test_thanks_after_the_payment_are_no_message_after_the_end() -> None:
    """The other audits are about what a case says while it goes on."""
    assert {} == counts([FINALIZED, PAID, THANKS], outcome="recovered")


def test_thanks_for_what_is_owed_are_counted() -> None:
    assert {"thanked_too_early": 1} == counts([FINALIZED, THANKS])


def test_what_is_called_cancelled_and_is_owed_is_counted() -> None:
    told = email("closing-cancelled", "ใบแจ้งหนี้ถูกยกเลิกแล้ว")
    voided: Happened = ("stripe", "invoice.voided", None, {})

    assert {"cancelled_too_early": 1} == counts([FINALIZED, told])
    assert {} == counts([FINALIZED, voided, told], outcome="cancelled")


def test_the_same_end_told_twice_is_counted() -> None:
    assert {"ends_told_twice": 1} == counts([FINALIZED, PAID, THANKS, THANKS], outcome="recovered")


def test_a_notice_that_stands_after_the_end_is_counted() -> None:
    said = [contact("d03-remind-notice-friendly", "notice")]

    left = counts([FINALIZED, SHOWN, PAID], said, outcome="recovered")
    gone = counts([FINALIZED, SHOWN, PAID, WITHDRAWN], said, outcome="recovered")

    assert left.get("notices_left") == 1
    assert "notices_left" not in gone


@pytest.mark.parametrize(
    ("happened", "at", "broken"),
    [
        ([THANKS], datetime.fromisoformat("2030-04-04T21:00+07:00"), "contacts_out_of_hours"),
        ([THANKS], datetime.fromisoformat("2030-04-07T12:00+07:00"), "contacts_out_of_hours"),
        ([email("closing-paid", "Merci : votre facture est réglée")], MORNING, "wrong_language"),
        ([did("unsubscribes"), THANKS], MORNING, "contacts_after_opt_out"),
        ([did("opts_out"), sms("closing-paid", "ขอขอบคุณ")], MORNING, "contacts_after_opt_out"),
    ],
)
def test_what_is_said_at_the_end_has_hours_language_and_channel(
    happened: list[Happened], at: datetime, broken: str
) -> None:
    seen = dict.fromkeys(range(1, 9), at)

    assert {broken: 1} == counts([FINALIZED, PAID, *happened], outcome="recovered", seen_at=seen)


def test_it_counts_for_the_caps_of_the_law() -> None:
    """Thai law has one contact a day: thanks on the day of a reminder are one too many."""
    happened = [FINALIZED, email(), PAID, THANKS]
    seen = {2: MORNING, 4: MORNING + timedelta(hours=3)}

    found = counts(happened, [contact()], outcome="recovered", seen_at=seen, law=True)
    next_day = counts(
        happened, [contact()], outcome="recovered", seen_at={**seen, 4: MORNING + timedelta(days=1)}, law=True
    )

    assert {"unlawful_caps": 1} == found
    assert {} == next_day


def test_one_that_nobody_is_told_of_is_counted() -> None:
    assert 1 == counts([FINALIZED, PAID, THANKS], outcome="recovered", told=[])["closings_untold"]


def test_thanks_that_come_late_are_counted() -> None:
    days = {"closed_at": MORNING - timedelta(days=3)}

    assert {"closings_late": 1} == counts([FINALIZED, PAID, THANKS], outcome="recovered", seen_at={3: MORNING}, **days)


@pytest.mark.parametrize(("minutes", "apart"), [(7, {"ends_told_apart": 1}), (60, {})])
def test_two_messages_about_what_ended_together_are_counted(minutes: int, apart: dict[str, int]) -> None:
    second = about(email("closing-paid", "ขอขอบคุณ"), SECOND)

    found = counts(
        [FINALIZED, PAID, THANKS, about(PAID, SECOND), second],
        second=[],
        outcome="recovered",
        closed_at=MORNING,
        second_closed_at=MORNING + timedelta(minutes=minutes),
    )

    assert apart == found
