"""What the audit counts of what is said and withdrawn once a case is over: each promise is seen broken."""

from sandbox.play.audit import PROMISES
from sandbox.play.audit_of_closings import CLOSINGS
from tests.sandbox.play.journals import FINALIZED, INVOICE, PAID, Happened, contact, counts, email

NOTICE = f"dun:{INVOICE}:d03-remind-notice-friendly:notice"
SHOWN: Happened = ("merchant", "notice.created", NOTICE, {"text": "กรุณาชำระใบแจ้งหนี้"})
WITHDRAWN: Happened = ("merchant", "notice.withdrawn", f"{NOTICE}:withdrawn", {"notice": NOTICE})
THANKS = email("closing-paid", "Thank you")


def test_its_promises_are_the_audits() -> None:
    assert set(CLOSINGS) <= set(PROMISES)


def test_thanks_after_the_payment_are_no_message_after_the_end() -> None:
    """The other audits are about what a case says while it goes on."""
    assert {} == counts([FINALIZED, PAID, THANKS], outcome="recovered")


def test_thanks_for_what_is_owed_are_counted() -> None:
    assert {"thanked_too_early": 1} == counts([FINALIZED, THANKS])


def test_the_same_end_told_twice_is_counted() -> None:
    assert {"ends_told_twice": 1} == counts([FINALIZED, PAID, THANKS, THANKS], outcome="recovered")


def test_a_notice_that_stands_after_the_end_is_counted() -> None:
    said = [contact("d03-remind-notice-friendly", "notice")]

    left = counts([FINALIZED, SHOWN, PAID], said, outcome="recovered")
    gone = counts([FINALIZED, SHOWN, PAID, WITHDRAWN], said, outcome="recovered")

    assert left.get("notices_left") == 1
    assert "notices_left" not in gone
