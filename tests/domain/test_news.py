"""Facts come twice, late, in any order and in the wrong currency; the case ends up the same and right."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import events, news
from domain.case import Case, CaseStatus, Outcome
from domain.decisions import Close
from domain.events import CLOSES_CHANNEL, LEAVES_CHANNEL_OPEN, ContactResult
from domain.invoice import InvoiceState
from domain.money import CurrencyMismatch, Money
from domain.outgoing import PaymentReceived
from domain.steps import OURS, AttemptKind, Channel
from tests.domain.builders import (
    Event,
    a_case,
    a_decline,
    at,
    decide,
    disputed,
    live,
    new_method,
    payment,
    usd,
)

NOON = at("04-05 12:00")


def changed(
    state: InvoiceState = InvoiceState.OPEN, remaining: Money | None = None, *, read_now: bool = False
) -> Event:
    fact = events.InvoiceChanged(event_id="c", state=state, remaining=remaining, read_now=read_now)
    return lambda case, now: news.invoice_changed(case, fact, now)


# What remains of a hundred dollars after each of three payments, as the provider counts.
THREE = (("p1", "30", "70"), ("p2", "50", "20"), ("p3", "15", "5"))


@pytest.mark.parametrize("order", list(permutations(THREE)))
@pytest.mark.parametrize("with_remaining", [True, False])
def test_part_payments_in_any_order_leave_the_same_due(
    order: tuple[tuple[str, str, str], ...], with_remaining: bool
) -> None:
    """Told by the provider's account or worked out from the amounts; each of them told twice."""
    case = a_case()
    for event_id, amount, left in (*order, *order):
        case = payment(event_id, usd(amount), usd(left) if with_remaining else None)(case, NOON)

    assert usd("5") == case.due
    assert case.closing is None


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_full_payment_ends_the_case_whatever_it_comes_between(order: tuple[int, ...]) -> None:
    """Part payment, credit note, another engine's decline and the payment, in any order: recovered, nothing due."""
    decline = events.InvoiceChanged(event_id="x", attempt=events.ReportedAttempt(at=NOON, decline=a_decline()))
    told: list[Event] = [
        payment("p1", usd("30"), usd("70")),
        changed(InvoiceState.OPEN, usd("60")),
        lambda case, now: news.invoice_changed(case, decline, now),
        payment("p2", usd("60"), usd("0")),
    ]
    case = a_case()
    for number in order:
        case = told[number](case, NOON)

    assert case.closing is not None
    assert Outcome.RECOVERED is case.closing.outcome
    assert usd("0") == case.due


def received(case: Case) -> list[Money]:
    """What the merchant's systems are told."""
    told = [entry.event for entry in case.unwritten]
    return [event.amount for event in told if isinstance(event, PaymentReceived)]


def test_one_payment_was_told_as_often_as_the_provider_has_events_for_it() -> None:
    """`invoice.paid`, `invoice.payment_succeeded` and `invoice_payment.paid`; a record said twice that it was paid."""
    case, amount = a_case(), a_case().due
    for event_id in ("e1", "e2", "e3"):
        case = payment(event_id, amount, usd("0"))(case, NOON)

    assert [amount] == received(case)
    assert 1 == sum(entry.what == "payment received" for entry in case.record)


def test_a_part_was_counted_again_with_the_news_that_all_is_paid() -> None:
    """That news names all that was ever paid on the invoice."""
    case, amount = a_case(), a_case().due
    for event_id, paid, left in (("e1", usd("30"), amount - usd("30")), ("e2", amount, usd("0"))):
        case = payment(event_id, paid, left)(case, NOON)

    assert [usd("30"), amount - usd("30")] == received(case)


def test_a_credit_note_lowers_what_is_due_and_moves_no_date() -> None:
    """The steps stay on their days."""
    before = decide(a_case(), NOON)
    case = changed(remaining=usd("60"))(a_case(), NOON)

    assert usd("60") == case.due
    assert before == decide(case, NOON).model_copy(update={"skips": before.skips})


def test_a_credit_note_over_everything_ends_the_case() -> None:
    """Nothing is due any more."""
    case = changed(remaining=usd("0"))(a_case(), NOON)

    assert case.closing is not None
    assert Outcome.RECOVERED is case.closing.outcome


def test_an_older_higher_amount_does_not_raise_what_is_due() -> None:
    """Reordered news: the newer, lower amount came first."""
    case = changed(remaining=usd("60"))(a_case(), NOON)

    assert usd("60") == changed(remaining=usd("80"))(case, NOON).due


def test_r63_a_credit_note_was_voided_and_the_case_asked_for_less_than_was_due() -> None:
    """What was read at this moment counts, higher or lower; an end that was decided stands."""
    case = changed(remaining=usd("60"))(a_case(), NOON)

    more = changed(remaining=usd("80"), read_now=True)(case, NOON)
    ended = changed(remaining=usd("80"), read_now=True)(changed(remaining=usd("0"))(case, NOON), NOON)

    assert usd("80") == more.due
    assert "20.00 USD more are due again: 80.00 USD" in more.record[-1].why
    assert usd("0") == ended.due


def test_an_overpayment_is_a_payment() -> None:
    """More than due is recovered, never a debt of its own."""
    case = payment("p", usd("130"))(a_case(), NOON)

    assert case.closing is not None
    assert Outcome.RECOVERED is case.closing.outcome
    assert case.due.amount <= 0


def test_a_paid_invoice_leaves_nothing_due() -> None:
    """Whatever amount was told last."""
    assert usd("0") == changed(InvoiceState.PAID)(a_case(), NOON).due


@pytest.mark.parametrize(
    "fact",
    [
        payment("p", Money(amount=5000, currency="THB")),
        payment("p", usd("50"), Money(amount=5000, currency="THB")),
        changed(remaining=Money(amount=0, currency="THB")),
        changed(InvoiceState.PAID, Money(amount=0, currency="THB")),
    ],
)
def test_another_currency_is_an_error_and_changes_nothing(fact: Event) -> None:
    """The case that was told stays as it was."""
    case = a_case()
    before = case.model_dump_json()

    with pytest.raises(CurrencyMismatch, match="THB"):
        fact(case, NOON)
    assert before == case.model_dump_json()


CLOSED = live(a_case(due=usd("20"))).case
LATE: list[Event] = [
    payment("late", usd("5")),
    payment("late", usd("20"), usd("0")),
    changed(InvoiceState.PAID),
    changed(InvoiceState.VOID),
    new_method("late"),
    lambda case, now: news.dispute_closed(
        case, events.DisputeClosed(event_id="d", outcome=events.DisputeOutcome.LOST), now
    ),
    lambda case, now: news.contact_reported(
        case, events.ContactReported(event_id="b", channel=Channel.SMS, result=ContactResult.OPTED_OUT), now
    ),
    lambda case, now: news.agency_reported(
        case, events.AgencyReported(event_id="a", report=events.AgencyReport.RETURNED), now
    ),
    disputed(),
]


@pytest.mark.parametrize("fact", LATE)
def test_news_after_the_end_changes_no_outcome(fact: Event) -> None:
    """Neither how the case ended nor what was done; nothing is to be done any more."""
    late = fact(CLOSED, NOON + timedelta(days=90))

    assert late.closed
    assert (CLOSED.closing, CLOSED.steps, CLOSED.attempts) == (late.closing, late.steps, late.attempts)
    assert CaseStatus.CLOSED is late.status
    assert isinstance(decide(late, NOON + timedelta(days=90)), Close)


@pytest.mark.parametrize("result", list(ContactResult))
def test_only_answers_that_end_a_channel_close_it(result: ContactResult) -> None:
    """Every answer either closes the channel or leaves it open."""
    fact = events.ContactReported(event_id="b", channel=Channel.EMAIL, result=result)
    case = news.contact_reported(a_case(), fact, NOON)

    assert (result in CLOSES_CHANNEL) == (Channel.EMAIL in case.closed_channels)
    assert (result in LEAVES_CHANNEL_OPEN) != (result in CLOSES_CHANNEL)


@pytest.mark.parametrize("kind", sorted(OURS))
def test_a_reported_attempt_is_never_one_of_ours(kind: AttemptKind) -> None:
    """Somebody else's report cannot use up our budget."""
    fact = events.InvoiceChanged(event_id="x", attempt=events.ReportedAttempt(at=NOON, kind=kind))

    with pytest.raises(ValueError, match=kind.value):
        news.invoice_changed(a_case(), fact, NOON)


@given(st.lists(st.sampled_from(LATE), max_size=8), st.integers(0, 30))
def test_facts_in_any_order_and_number_never_fail_and_never_raise_the_debt(facts: list[Event], day: int) -> None:
    """At any point of a case's life."""
    case = live(a_case(), until=at("04-01 10:00") + timedelta(days=day)).case
    for fact in facts:
        after = fact(case, at("04-01 10:00") + timedelta(days=day))

        assert after.due <= case.due
        case = after
