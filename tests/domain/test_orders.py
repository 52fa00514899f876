"""Every order that cannot be carried out is refused with one sentence that says why; every other one is not."""

from datetime import datetime, timedelta

import pytest

from domain import changes, events, orders
from domain.base import Message
from domain.case import Case, Hold, HoldReason
from domain.gates import Allow, Refuse
from domain.money import Money
from domain.telling import Ask
from tests.domain.builders import a_case, at, disputed, live, usd

NOW = at("04-05 12:00")
OPEN = a_case()
PAUSED = orders.pause(OPEN, events.Pause(), NOW)
DISPUTED = disputed()(OPEN, NOW)
PROCESSING = changes.hold(OPEN, Hold(reason=HoldReason.PAYMENT_PROCESSING, since=NOW), NOW)
STUCK = changes.needs_operator(OPEN, "wrong key", NOW)
ENDING = orders.write_off(OPEN, events.WriteOff(), NOW)
STUCK_AT_THE_END = changes.needs_operator(ENDING, "wrong key", NOW)
CLOSED = live(a_case(due=usd("20"))).case
WAITS = (
    "The case waits for something that an operator cannot release ({}): it goes on when that has ended; "
    "to end it, settle it or write it off."
)
ENDED = "The case has ended (written_off): nothing can be ordered any more."


def refusal_of(ask: Ask, case: Case, order: Message, now: datetime) -> str | None:
    """What an operator reads, or None when the order can be carried out."""
    answer = ask(case, order, now)
    assert isinstance(answer, Allow | Refuse), "an order is carried out now or not at all"
    return answer.why if isinstance(answer, Refuse) else None


@pytest.mark.parametrize(
    ("case", "order", "refusal"),
    [
        (OPEN, events.Pause(), None),
        (OPEN, events.Pause(until=NOW + timedelta(seconds=1)), None),
        (DISPUTED, events.Pause(), None),
        (STUCK, events.Pause(), None),
        (PAUSED, events.Pause(), "The case is paused already: resume it first to pause it anew."),
        (
            OPEN,
            events.Pause(until=NOW),
            "`until` lies in the past (2030-04-05 05:00 UTC): name a later moment, or leave it out.",
        ),
        (
            OPEN,
            events.Pause(until=datetime(2030, 5, 1)),  # noqa: DTZ001 - what an operator forgets
            "`until` needs a time zone, for example 2026-05-01T09:00:00Z.",
        ),
        (ENDING, events.Pause(), ENDED),
        (CLOSED, events.Pause(), ENDED),
    ],
)
def test_pause(case: Case, order: events.Pause, refusal: str | None) -> None:
    """Once, until a later moment, while the case is open."""
    assert refusal == refusal_of(orders.ask_pause, case, order, NOW)


@pytest.mark.parametrize(
    ("case", "refusal"),
    [
        (PAUSED, None),
        (STUCK, None),
        (STUCK_AT_THE_END, None),
        (orders.pause(DISPUTED, events.Pause(), NOW), None),
        (OPEN, "The case is not paused: there is nothing to resume."),
        (DISPUTED, WAITS.format("dispute")),
        (disputed()(PROCESSING, NOW), WAITS.format("dispute, payment processing")),
        (ENDING, ENDED),
        (CLOSED, ENDED),
    ],
)
def test_resume(case: Case, refusal: str | None) -> None:
    """What an operator paused, or was asked to look at; never a dispute or a debit on its way."""
    assert refusal == refusal_of(orders.ask_resume, case, events.Resume(), NOW)


def test_resuming_a_paused_dispute_leaves_the_dispute() -> None:
    """The operator's own pause ends, the timeline still stands."""
    case = orders.resume(orders.pause(DISPUTED, events.Pause(), NOW), events.Resume(), NOW + timedelta(days=3))

    assert [HoldReason.DISPUTE] == [h.reason for h in case.holds]
    assert 0 == case.shift_days


@pytest.mark.parametrize(
    ("case", "amount", "refusal"),
    [
        (OPEN, usd("100"), None),
        (OPEN, usd("0"), "A settlement is for more than nothing: to give the debt up, write it off."),
        (PAUSED, usd("1"), None),
        (
            OPEN,
            usd("100.01"),
            "The settlement (100.01 USD) is more than what is due (100.00 USD): settle for at most that.",
        ),
        (OPEN, usd("-1"), "A settlement is for more than nothing: to give the debt up, write it off."),
        (
            OPEN,
            Money(amount=1, currency="THB"),
            "The settlement is in THB, the invoice in USD: settle for at most 100.00 USD.",
        ),
        (ENDING, usd("1"), ENDED),
        (CLOSED, usd("1"), ENDED),
    ],
)
def test_settle(case: Case, amount: Money, refusal: str | None) -> None:
    """For at most what is due, in the invoice's currency."""
    assert refusal == refusal_of(orders.ask_settle, case, events.Settle(amount=amount), NOW)


@pytest.mark.parametrize(("case", "refusal"), [(OPEN, None), (DISPUTED, None), (ENDING, ENDED), (CLOSED, ENDED)])
def test_write_off(case: Case, refusal: str | None) -> None:
    """While the case is open, on hold or not."""
    assert refusal == refusal_of(orders.ask_write_off, case, events.WriteOff(), NOW)


@pytest.mark.parametrize(
    ("order", "what"),
    [
        (
            events.Settle(amount=usd("60"), paid=True),
            "60.00 USD recorded as paid outside Stripe, 40.00 USD given up",
        ),
        (
            events.Settle(amount=usd("100"), paid=True),
            "100.00 USD recorded as paid outside Stripe, which pays the invoice",
        ),
        (
            events.Settle(amount=usd("60")),
            "nothing recorded as paid (order it with `paid` when the money is in), 100.00 USD given up",
        ),
    ],
)
def test_a_settlement_says_what_it_does_in_stripe(order: events.Settle, what: str) -> None:
    """Whether the money is in, and what becomes of the rest."""
    case = orders.settle(OPEN, order, NOW)

    [said] = [entry.why for entry in case.unwritten if entry.what == "settlement in Stripe"]
    assert what == said.removesuffix(", the invoice marked uncollectible")
    assert said.endswith("uncollectible") == (case.due.amount > 0)


def test_refusing_changes_nothing() -> None:
    """A refusal is a question, not an act."""
    before = OPEN.model_dump_json()
    orders.ask_settle(OPEN, events.Settle(amount=usd("1000")), NOW)

    assert before == OPEN.model_dump_json()


def test_merchant_side_trouble_after_a_resume_no_longer_stands_in_the_way() -> None:
    """The operator mended it: the case has no standing decline."""
    case = orders.resume(a_case("duplicate_transaction"), events.Resume(), NOW)

    assert case.decline is None
    assert () == case.holds
