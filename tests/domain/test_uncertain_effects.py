"""Effects that did not come to an end: their answer was lost, or a payment ended the wait for them."""

from domain.dispatch import order_for

from domain import apply
from domain.case import Case, ChargeOutcome, Outcome, StepState
from domain.decisions import Act
from domain.declines import DeclineClass
from domain.invoice import InvoiceState
from domain.kinds.charge import ChargeResult
from domain.kinds.handoff import HandoffResult, HandoffTask
from domain.kinds.message import ContactOutcome, ContactState
from domain.planner import next_step
from domain.steps import Access, AttemptKind, StepKind
from domain.tasks import Done
from tests.domain.builders import a_case, a_decline, at, book, live, new_method, of_class, payment, usd

NOON = at("04-15 12:00")


def acting(kind: StepKind) -> tuple[Case, Act]:
    """A case that nobody pays, at the moment of its first step of a kind."""
    life = live(a_case())
    index = next(i for i, (_, act) in enumerate(life.acts) if act.step.kind is kind)
    return life.before[index], life.acts[index][1]


def test_a_payment_during_a_restriction_without_an_answer_gives_the_service_back() -> None:
    """The merchant's application may have restricted the customer although its answer was lost."""
    case, act = acting(StepKind.RESTRICT)
    interrupted = payment("p", usd("100"))(apply.interrupted(case, act.step), NOON)

    life = live(interrupted, start=NOON)

    assert ["04-15 12:00 end-restore", "04-15 12:00 recovered"] == life.table


def test_a_restriction_that_found_the_invoice_paid_gives_the_service_back() -> None:
    """An earlier run of it may have restricted, before it died."""
    case, act = acting(StepKind.RESTRICT)

    booked = book(case, act, Done(invoice_state=InvoiceState.PAID, remaining=usd("0")), NOON)

    assert ["04-15 12:00 end-restore", "04-15 12:00 recovered"] == live(booked, start=NOON).table


def test_service_that_was_given_back_is_given_back_once() -> None:
    """Nothing is uncertain after the answer, and a restriction that was answered leaves nothing uncertain either."""
    case, act = acting(StepKind.RESTRICT)
    interrupted = apply.interrupted(case, act.step)

    restricted = book(interrupted, act, Done(), NOON)

    assert Access.READ_ONLY is restricted.access
    assert ["04-15 12:00 end-restore", "04-15 12:00 recovered"] == live(
        payment("p", usd("100"))(restricted, NOON), start=NOON
    ).table


def test_a_payment_during_a_handoff_without_an_answer_asks_the_agency_and_recalls() -> None:
    """The agency may have the case: the delivery is finished, to learn its reference, and then taken back."""
    case, act = acting(StepKind.HANDOFF)
    interrupted = payment("p", usd("100"))(apply.interrupted(case, act.step), NOON)

    decision = next_step(interrupted, NOON)

    assert isinstance(decision, Act)
    order = order_for(interrupted, decision, (), NOON)
    assert isinstance(order, HandoffTask)
    assert (act.step.key, True) == (order.step, order.begun_only)
    delivered = HandoffResult(reference="agency-7", invoice_state=InvoiceState.PAID, remaining=usd("0"))
    life = live(book(interrupted, decision, delivered, NOON), start=NOON)
    assert [StepKind.RECALL] == [act.step.kind for _, act in life.acts]
    assert Outcome.RECOVERED is life.outcome


def test_a_handoff_that_never_reached_the_agency_is_not_recalled() -> None:
    """Nothing was delivered, and nothing will be."""
    case, act = acting(StepKind.HANDOFF)
    interrupted = payment("p", usd("100"))(apply.interrupted(case, act.step), NOON)
    decision = next_step(interrupted, NOON)
    assert isinstance(decision, Act)

    nothing = HandoffResult(invoice_state=InvoiceState.PAID, remaining=usd("0"))
    life = live(book(interrupted, decision, nothing, NOON), start=NOON)

    assert ["04-15 12:00 recovered"] == life.table


def test_what_was_read_before_the_payment_does_not_bring_the_debt_back() -> None:
    """A message was on its way when the payment came: its activity had read the invoice as open."""
    case, act = acting(StepKind.REMIND)
    recovered = payment("p", usd("100"))(case, NOON)
    stale = ContactOutcome(state=ContactState.SENT, invoice_state=InvoiceState.OPEN, remaining=usd("100"))

    booked = book(recovered, act, stale, NOON)

    assert usd("0") == booked.due


def test_an_answer_that_comes_late_belongs_to_its_own_step() -> None:
    """A try had no answer, then the customer gave a new card: the old card's decline is not the new one's try."""
    case, act = acting(StepKind.CHARGE)
    changed = new_method("m")(apply.postpone(case, act.step, "no answer", NOON), NOON)
    try_new = next_step(changed, NOON)
    assert isinstance(try_new, Act)
    late = ChargeResult(
        outcome=ChargeOutcome.DECLINED, decline=a_decline(when=NOON), step=act.step.key, kind=AttemptKind.TIMELINE
    )

    booked = book(changed, try_new, late, NOON)

    assert StepState.DONE is booked.steps[act.step.key].state
    again = next_step(booked, NOON)
    assert isinstance(again, Act)
    assert ("m1-charge", 2) == (again.step.key, booked.next_attempt_number)
    assert [AttemptKind.TIMELINE] == [attempt.kind for attempt in booked.our_attempts]


def test_a_late_answer_of_a_paid_invoice_ends_the_case() -> None:
    """The earlier attempt charged nothing, and meanwhile the customer has paid."""
    case, act = acting(StepKind.CHARGE)
    late = ChargeResult(
        outcome=ChargeOutcome.REFUSED,
        invoice_state=InvoiceState.PAID,
        remaining=usd("0"),
        step="d00-charge",
        kind=AttemptKind.TIMELINE,
    )

    booked = book(case, act, late, NOON)

    assert booked.closing is not None
    assert Outcome.RECOVERED is booked.closing.outcome


def test_a_merchant_side_decline_after_the_payment_needs_no_operator() -> None:
    """The customer paid while our own charge was on its way: whatever the bank answers, the case ends."""
    case, act = acting(StepKind.CHARGE)
    recovered = payment("p", usd("100"))(case, NOON)
    answer = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=of_class(DeclineClass.MERCHANT))

    booked = book(recovered, act, answer, NOON)

    assert ["04-15 12:00 recovered"] == live(booked, start=NOON).table
