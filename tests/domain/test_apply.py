"""Facts come twice, late, in any order and in the wrong currency; the case ends up the same and right."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import apply, events
from domain.case import Attempt, Case, CaseStatus, ChargeOutcome, HoldReason, Outcome, StepState
from domain.decisions import Close
from domain.declines import DeclineClass
from domain.events import CLOSES_CHANNEL, LEAVES_CHANNEL_OPEN, ContactResult
from domain.invoice import InvoiceState
from domain.kinds.charge import ChargeResult
from domain.kinds.message import ContactOutcome, ContactState
from domain.money import CurrencyMismatch, Money
from domain.planner import next_step
from domain.steps import NON_COUNTING, OURS, Access, AttemptKind, Channel, StepKind
from domain.tasks import Done
from tests.domain.builders import (
    Event,
    a_case,
    a_decline,
    at,
    live,
    new_method,
    paid,
    payment,
    usd,
)

NOON = at("04-05 12:00")


def changed(state: InvoiceState = InvoiceState.OPEN, remaining: Money | None = None) -> Event:
    fact = events.InvoiceChanged(event_id="c", state=state, remaining=remaining)
    return lambda case, now: apply.invoice_changed(case, fact, now)


# What remains of a hundred dollars after each of three payments, as the provider counts.
THREE = (("p1", "30", "70"), ("p2", "50", "20"), ("p3", "15", "5"))


@pytest.mark.parametrize("order", list(permutations(THREE)))
@pytest.mark.parametrize("with_remaining", [True, False])
def test_part_payments_in_any_order_leave_the_same_due(
    order: tuple[tuple[str, str, str], ...], with_remaining: bool
) -> None:
    """Told by the provider's account or reckoned from the amounts; each of them told twice."""
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
        lambda case, now: apply.invoice_changed(case, decline, now),
        payment("p2", usd("60"), usd("0")),
    ]
    case = a_case()
    for number in order:
        case = told[number](case, NOON)

    assert case.closing is not None
    assert Outcome.RECOVERED is case.closing.outcome
    assert usd("0") == case.due


def test_a_credit_note_lowers_what_is_due_and_moves_no_date() -> None:
    """The steps stay on their days."""
    before = next_step(a_case(), NOON)
    case = changed(remaining=usd("60"))(a_case(), NOON)

    assert usd("60") == case.due
    assert before == next_step(case, NOON).model_copy(update={"skips": before.skips})


def test_a_credit_note_over_everything_ends_the_case() -> None:
    """Nothing is due any more."""
    case = changed(remaining=usd("0"))(a_case(), NOON)

    assert case.closing is not None
    assert Outcome.RECOVERED is case.closing.outcome


def test_an_older_higher_amount_does_not_raise_what_is_due() -> None:
    """Reordered news: the newer, lower amount came first."""
    case = changed(remaining=usd("60"))(a_case(), NOON)

    assert usd("60") == changed(remaining=usd("80"))(case, NOON).due


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


def test_an_amount_of_another_currency_found_while_acting_is_not_taken_over() -> None:
    """What an activity read about another currency cannot be what is due."""
    case = apply.invoice_is(a_case(), InvoiceState.OPEN, Money(amount=1, currency="THB"), NOON)

    assert usd("100") == case.due


CLOSED = live(a_case(due=usd("20"))).case
LATE: list[Event] = [
    payment("late", usd("5")),
    payment("late", usd("20"), usd("0")),
    changed(InvoiceState.PAID),
    changed(InvoiceState.VOID),
    new_method("late"),
    lambda case, now: apply.dispute_closed(
        case, events.DisputeClosed(event_id="d", outcome=events.DisputeOutcome.LOST), now
    ),
    lambda case, now: apply.contact_reported(
        case, events.ContactReported(event_id="b", channel=Channel.SMS, result=ContactResult.OPTED_OUT), now
    ),
    lambda case, now: apply.agency_reported(
        case, events.AgencyReported(event_id="a", report=events.AgencyReport.RETURNED), now
    ),
    apply.dispute_opened,
]


@pytest.mark.parametrize("fact", LATE)
def test_news_after_the_end_changes_no_outcome(fact: Event) -> None:
    """Neither how the case ended nor what was done; nothing is to be done any more."""
    late = fact(CLOSED, NOON + timedelta(days=90))

    assert late.closed
    assert (CLOSED.closing, CLOSED.steps, CLOSED.attempts) == (late.closing, late.steps, late.attempts)
    assert CaseStatus.CLOSED is late.status
    assert isinstance(next_step(late, NOON + timedelta(days=90)), Close)


def test_the_first_end_stands_but_a_payment_beats_giving_up() -> None:
    """Written off and then paid is recovered; settled and then written off is settled."""
    written_off = apply.write_off(a_case(), events.WriteOff(), NOON)
    settled = apply.settle(a_case(), events.Settle(amount=usd("40")), NOON)
    then_paid = payment("p", usd("100"))(written_off, NOON)
    then_void = changed(InvoiceState.VOID)(settled, NOON)

    assert [Outcome.RECOVERED, Outcome.SETTLED] == [
        case.closing.outcome for case in (then_paid, then_void) if case.closing
    ]


def test_a_payment_while_the_end_is_written_down_ends_the_case_anew() -> None:
    """The close of a write-off is not applied to a case that was paid meanwhile."""
    written_off = apply.write_off(a_case(), events.WriteOff(), NOON)
    paid_meanwhile = payment("p", usd("100"))(written_off, NOON)
    after = apply.closed(paid_meanwhile, Outcome.WRITTEN_OFF, "given up", NOON)

    assert not after.closed
    assert Outcome.RECOVERED is live(after, start=NOON).outcome


@pytest.mark.parametrize("result", list(ContactResult))
def test_only_answers_that_end_a_channel_close_it(result: ContactResult) -> None:
    """Every answer either closes the channel or leaves it open."""
    fact = events.ContactReported(event_id="b", channel=Channel.EMAIL, result=result)
    case = apply.contact_reported(a_case(), fact, NOON)

    assert (result in CLOSES_CHANNEL) == (Channel.EMAIL in case.closed_channels)
    assert (result in LEAVES_CHANNEL_OPEN) != (result in CLOSES_CHANNEL)


@pytest.mark.parametrize("kind", sorted(OURS))
def test_a_reported_attempt_is_never_one_of_ours(kind: AttemptKind) -> None:
    """Somebody else's report cannot use up our budget."""
    fact = events.InvoiceChanged(event_id="x", attempt=events.ReportedAttempt(at=NOON, kind=kind))

    with pytest.raises(ValueError, match=kind.value):
        apply.invoice_changed(a_case(), fact, NOON)


def test_a_charge_that_went_through_ends_the_case() -> None:
    """Whatever the provider said of the invoice at that moment."""
    life = live(a_case(), answers=lambda _c, act, _n: paid() if act.step.key == "d03-charge" else None)

    assert ["04-02 10:00 d01-charge", "04-04 10:00 d03-charge", "04-04 10:00 recovered"] == life.table
    assert usd("0") == life.case.due


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (InvoiceState.PAID, Outcome.RECOVERED),
        (InvoiceState.VOID, Outcome.CANCELLED),
        (InvoiceState.UNCOLLECTIBLE, Outcome.WRITTEN_OFF),
    ],
)
def test_an_invoice_that_is_no_longer_open_is_not_charged_and_ends_the_case(
    state: InvoiceState, outcome: Outcome
) -> None:
    """Found by the charge itself: no attempt counts."""
    gone = ChargeResult(outcome=ChargeOutcome.NOT_OPEN, invoice_state=state)
    life = live(a_case(), answers=lambda _c, act, _n: gone if act.step.kind is StepKind.CHARGE else None)

    assert outcome is life.outcome
    assert () == life.case.our_attempts


@pytest.mark.parametrize("key", ["d10-restrict-read_only", "d28-cancel_subscription"])
def test_what_a_payment_prevented_is_not_booked_as_done(key: str) -> None:
    """Paid just before the restriction or the cancellation: neither happened, and the service is whole."""
    found = Done(invoice_state=InvoiceState.PAID, remaining=usd("0"))
    life = live(a_case(), answers=lambda _c, act, _n: found if act.step.key == key else None)

    assert StepState.SKIPPED is life.case.steps[key].state
    assert Outcome.RECOVERED is life.outcome
    assert Access.FULL is life.case.access
    assert not life.case.subscription_cancelled


def test_a_draft_invoice_is_not_written_about_again_and_again() -> None:
    """A state that no case should see neither sends nor spins."""
    odd = ContactOutcome(state=ContactState.NOT_OPEN, invoice_state=InvoiceState.DRAFT)
    life = live(a_case(), answers=lambda _c, act, _n: odd if act.step.kind is StepKind.REMIND else None)

    assert 7 == len(life.messages)


def test_an_event_is_known_by_its_id_for_three_hundred_events() -> None:
    """The same id is applied once."""
    case: Case | None = a_case()
    for number in range(300):
        assert case is not None
        case = apply.once(case, f"e{number}")
    assert case is not None

    assert apply.once(case, "e0") is None
    assert apply.once(case, "e299") is None
    assert apply.once(case, "new") is not None


def test_the_journal_keeps_the_last_sixty_sentences() -> None:
    """Enough to read, small enough for a workflow's history."""
    case = a_case()
    for number in range(100):
        case = apply.note(case, NOON, f"line {number}")

    assert 60 == len(case.journal)
    assert case.journal[-1].endswith("line 99")


def test_merchant_side_trouble_after_a_resume_no_longer_stands_in_the_way() -> None:
    """The operator mended it: the case has no standing decline."""
    case = apply.resume(a_case("duplicate_transaction"), events.Resume(), NOON)

    assert case.decline is None
    assert () == case.holds


def test_a_merchant_side_decline_in_mid_case_waits_for_an_operator() -> None:
    """No message is sent about something that the customer cannot mend."""
    ops = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline("invalid_amount"))
    life = live(a_case(), answers=lambda _c, act, _n: ops if act.step.key == "d03-charge" else None)

    assert ["04-02 10:00 d01-charge", "04-04 10:00 d03-charge"] == life.table
    assert [HoldReason.OPERATOR_NEEDED] == [h.reason for h in life.case.holds]
    assert DeclineClass.MERCHANT is life.case.decline_class


def test_attempts_that_do_not_count_are_told_from_those_that_do() -> None:
    """Only our own tries of the timeline that reached the provider use up the budget."""
    tries = [
        Attempt(number=n, kind=kind, at=NOON, outcome=outcome)
        for n, (kind, outcome) in enumerate(
            [
                (AttemptKind.TIMELINE, ChargeOutcome.DECLINED),
                (AttemptKind.TIMELINE, ChargeOutcome.REFUSED),
                (AttemptKind.TIMELINE, ChargeOutcome.NOT_OPEN),
                *((kind, ChargeOutcome.DECLINED) for kind in sorted(NON_COUNTING)),
            ]
        )
    ]
    case = a_case().model_copy(update={"attempts": tuple(tries)})

    assert [0] == [attempt.number for attempt in case.counting_attempts]
    assert {AttemptKind.TIMELINE, AttemptKind.TECHNICAL, AttemptKind.NEW_METHOD} == {a.kind for a in case.our_attempts}
    assert 7 == case.next_attempt_number


def test_the_events_of_a_long_life_are_forgotten_from_the_oldest_on() -> None:
    """The newest three hundred are known again; without an end they would not fit into a next run's input."""
    case = a_case()
    for number in range(400):
        case = apply.once(case, f"evt_{number}") or case

    assert 300 == len(case.seen)
    assert apply.once(case, "evt_399") is None
    assert apply.once(case, "evt_99") is not None


def test_the_stage_is_that_of_the_newest_message() -> None:
    """Silent before the first one."""
    assert "silent" == a_case().stage
    assert "friendly" == live(a_case(), until=at("04-05 00:00")).case.stage
    assert "final" == live(a_case(), until=at("04-25 00:00")).case.stage


@given(st.lists(st.sampled_from(LATE), max_size=8), st.integers(0, 30))
def test_facts_in_any_order_and_number_never_fail_and_never_raise_the_debt(facts: list[Event], day: int) -> None:
    """At any point of a case's life."""
    case = live(a_case(), until=at("04-01 10:00") + timedelta(days=day)).case
    for fact in facts:
        after = fact(case, at("04-01 10:00") + timedelta(days=day))

        assert after.due <= case.due
        case = after
