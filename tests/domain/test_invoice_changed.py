"""A message that was decided on for another invoice than is read right before it goes out."""

import pytest

from domain.gates import Stopped
from domain.invoice import NO_METHOD, InvoiceNow, MethodRef, SubscriptionState
from domain.kinds.message import ContactOutcome, ContactState, ContactTask
from tests.domain.builders import Life, a_case, at, live

CARD = MethodRef(id="pm_1", fingerprint="f1", expiry="12/2031")
KNOWN = InvoiceNow(subscription=SubscriptionState.RUNS, sent=False, method=CARD)


def life_with(read: InvoiceNow, until: str) -> Life:
    """From day 10 on every activity reads this."""

    def answer(case: object, effect: object, now: object) -> ContactOutcome | None:
        task = getattr(effect, "task", None)
        if not isinstance(task, ContactTask) or task.as_of < at("04-11 00:00"):
            return None
        assert task.invoice is not None
        if not task.invoice.says_otherwise(read):
            return ContactOutcome(state=ContactState.SENT, invoice=read)
        found = Stopped(why="another invoice", rule="invoice-changed", until=task.as_of)
        return ContactOutcome(state=ContactState.STOPPED, invoice=read, stopped=found)

    case = a_case("insufficient_funds")
    return live(case.but(invoice=KNOWN), until=at(until), answers=answer)


@pytest.mark.parametrize(
    "read",
    [
        KNOWN.but(subscription=SubscriptionState.ENDED),
        KNOWN.but(method=NO_METHOD),
        KNOWN.but(method=MethodRef(id="pm_2", fingerprint="f2", expiry="01/2033")),
        KNOWN.but(sent=True),
    ],
)
def test_what_the_activity_read_is_booked_and_the_message_is_decided_anew_once(read: InvoiceNow) -> None:
    """The next task carries what was read: it is stopped no second time."""
    life = life_with(read, "04-12 00:00")

    assert 2 == [act.step.key for _, act in life.acts].count("d10-remind-email-firm")
    assert "done" == life.case.steps["d10-remind-email-firm"].state


def test_the_mail_after_the_subscription_ended_speaks_of_no_cancellation_and_no_access() -> None:
    """The event was lost; the activity read it."""
    life = life_with(KNOWN.but(subscription=SubscriptionState.ENDED), "04-12 00:00")

    facts = [act.task.facts for _, act in life.acts if isinstance(act.task, ContactTask)][-1]
    assert (False, None, None) == (facts.cancels, facts.restricts_on, facts.next_charge_on)


def test_the_mail_after_the_card_was_detached_asks_for_a_card_and_promises_no_try() -> None:
    """Nothing on file: nothing will be tried."""
    life = life_with(KNOWN.but(method=NO_METHOD), "04-12 00:00")

    facts = [act.task.facts for _, act in life.acts if isinstance(act.task, ContactTask)][-1]
    assert ("no_payment_method", None) == (facts.reason, facts.next_charge_on)


def test_a_part_that_was_not_to_be_seen_says_nothing_otherwise() -> None:
    """An event shows less than a reading; the same card under another id is the same card."""
    assert not KNOWN.says_otherwise(InvoiceNow())
    assert not KNOWN.says_otherwise(KNOWN.but(method=CARD.but(id="pm_9")))
