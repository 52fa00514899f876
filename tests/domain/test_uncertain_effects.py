"""Effects that did not come to an end: their answer was lost, or a payment ended the wait for them."""

from datetime import datetime, timedelta

from domain import life
from domain.case import Case, ChargeOutcome, Outcome, StepState
from domain.decisions import Act, Effect, Skip, Wait
from domain.declines import DeclineClass
from domain.gates import Postpone, Stopped
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.access import AccessStep, standing_access
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.handoff import HandoffResult, HandoffStep, HandoffTask
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.kinds.recall import RecallStep
from domain.steps import Access, AttemptKind, Channel, Step
from domain.tasks import Done
from tests.domain.builders import a_case, a_decline, at, decide, live, new_method, of_class, payment, usd

PAID = InvoiceNow(state=InvoiceState.PAID, remaining=usd("0"))
NOON = at("04-15 12:00")


def acting(kind: type[Step]) -> tuple[Case, Effect]:
    """A case that nobody pays, at the moment of its first step of a kind."""
    whole = live(a_case())
    index = next(i for i, (_, act) in enumerate(whole.acts) if isinstance(act.step, kind))
    return whole.before[index], whole.acts[index][1]


def test_a_payment_during_a_restriction_without_an_answer_gives_the_service_back() -> None:
    """The merchant's application may have restricted the customer although its answer was lost."""
    case, act = acting(AccessStep)
    interrupted = payment("p", usd("100"))(life.interrupted(case, act), NOON)

    lived = live(interrupted, start=NOON)

    assert ["04-15 12:00 end-restore", "04-15 12:00 recovered"] == lived.table


def test_a_restriction_that_found_the_invoice_paid_gives_the_service_back() -> None:
    """An earlier run of it may have restricted, before it died."""
    case, act = acting(AccessStep)

    booked = life.book(case, act, Done(invoice=PAID, stopped=Stopped(why="the invoice is paid")), NOON)

    assert ["04-15 12:00 end-restore", "04-15 12:00 recovered"] == live(booked, start=NOON).table


def test_a_restriction_without_an_answer_that_is_refused_then_is_given_back_at_the_end() -> None:
    """Its answer was lost, and then a rule refused it: the merchant's application may have restricted all the same."""
    case, act = acting(AccessStep)
    lost = life.unanswered(case, act, NOON)
    refused = Wait(until=NOON + timedelta(days=1), why="", step=None, skips=(Skip(step=act.step, why="refused"),))

    after, _ = life.after(lost, refused, NOON)

    assert ["04-15 12:00 end-restore", "04-15 12:00 recovered"] == live(
        payment("p", usd("100"))(after, NOON), start=NOON
    ).table


def test_service_that_was_given_back_is_given_back_once() -> None:
    """Nothing is uncertain after the answer, and a restriction that was answered leaves nothing uncertain either."""
    case, act = acting(AccessStep)
    interrupted = life.interrupted(case, act)

    restricted = life.book(interrupted, act, Done(), NOON)

    assert Access.READ_ONLY is standing_access(restricted)
    assert ["04-15 12:00 end-restore", "04-15 12:00 recovered"] == live(
        payment("p", usd("100"))(restricted, NOON), start=NOON
    ).table


def test_a_payment_during_a_handoff_without_an_answer_asks_the_agency_and_recalls() -> None:
    """The agency may have the case: the delivery is finished, to learn its reference, and then taken back."""
    case, act = acting(HandoffStep)
    interrupted = payment("p", usd("100"))(life.interrupted(case, act), NOON)

    decision = decide(interrupted, NOON)

    assert isinstance(decision, Act)
    [again] = decision.effects
    assert isinstance(again.task, HandoffTask)
    assert (act.step.key, True) == (again.task.step, again.task.begun_only)
    delivered = HandoffResult(reference="agency-7", invoice=PAID)
    lived = live(life.book(interrupted, again, delivered, NOON), start=NOON)
    assert [RecallStep] == [type(act.step) for _, act in lived.acts]
    assert Outcome.RECOVERED is lived.outcome


def test_a_handoff_that_never_reached_the_agency_is_not_recalled() -> None:
    """Nothing was delivered, and nothing will be."""
    case, act = acting(HandoffStep)
    interrupted = payment("p", usd("100"))(life.interrupted(case, act), NOON)
    decision = decide(interrupted, NOON)
    assert isinstance(decision, Act)

    nothing = HandoffResult(invoice=PAID)
    lived = live(life.book(interrupted, decision.effects[0], nothing, NOON), start=NOON)

    assert ["04-15 12:00 recovered"] == lived.table


def test_what_was_read_before_the_payment_does_not_bring_the_debt_back() -> None:
    """A message was on its way when the payment came: its activity had read the invoice as open."""
    case, act = acting(MessageStep)
    recovered = payment("p", usd("100"))(case, NOON)
    stale = ContactOutcome(state=ContactState.SENT, invoice=InvoiceNow(remaining=usd("100")))

    booked = life.book(recovered, act, stale, NOON)

    assert usd("0") == booked.due


def test_an_answer_that_comes_late_belongs_to_its_own_step() -> None:
    """A try had no answer, then the customer gave a new card: the old card's decline is not the new one's try."""
    case, act = acting(ChargeStep)
    changed = new_method("m")(life.unanswered(case, act, NOON), NOON)
    try_new = decide(changed, NOON)
    assert isinstance(try_new, Act)
    late = ChargeResult(
        outcome=ChargeOutcome.DECLINED, decline=a_decline(when=NOON), step=act.step.key, kind=AttemptKind.TIMELINE
    )

    booked = life.book(changed, try_new.effects[0], late, NOON)

    assert StepState.DONE is booked.steps[act.step.key].state
    again = decide(booked, NOON)
    assert isinstance(again, Act)
    assert ("m1-charge", 2) == (again.step.key, booked.next_attempt_number)
    assert [AttemptKind.TIMELINE] == [attempt.kind for attempt in booked.our_attempts]


def test_a_late_answer_of_a_paid_invoice_ends_the_case() -> None:
    """The earlier attempt charged nothing, and meanwhile the customer has paid."""
    case, act = acting(ChargeStep)
    late = ChargeResult(
        outcome=ChargeOutcome.REFUSED,
        invoice=PAID,
        step="d00-charge",
        kind=AttemptKind.TIMELINE,
    )

    booked = life.book(case, act, late, NOON)

    assert booked.closing is not None
    assert Outcome.RECOVERED is booked.closing.outcome


def test_a_merchant_side_decline_after_the_payment_needs_no_operator() -> None:
    """The customer paid while our own charge was on its way: whatever the bank answers, the case ends."""
    case, act = acting(ChargeStep)
    recovered = payment("p", usd("100"))(case, NOON)
    answer = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=of_class(DeclineClass.MERCHANT))

    booked = life.book(recovered, act, answer, NOON)

    assert ["04-15 12:00 recovered"] == live(booked, start=NOON).table


def test_nothing_else_is_done_while_nobody_knows_what_became_of_a_charge() -> None:
    """It may be a payment on its way: the day's messages wait until the same charge was asked about again."""
    case = live(a_case(), until=at("04-04 09:00")).case
    charge = decide(case, at("04-04 10:00"))
    assert isinstance(charge, Act)
    unknown = life.unanswered(case, charge.effects[0], at("04-04 11:00"))

    waits = decide(unknown, at("04-04 11:00"))
    again = decide(unknown, at("04-04 12:00"))

    assert isinstance(waits, Wait)
    assert at("04-04 12:00") == waits.until
    assert isinstance(again, Act)
    assert ["d03-charge"] == [effect.step.key for effect in again.effects]


def spent() -> ChargeResult:
    return ChargeResult(outcome=ChargeOutcome.KEY_SPENT, why="the number is used up")


def test_a_used_up_number_leaves_the_step_to_be_done() -> None:
    """R6: the same step is tried at once under the next number."""
    case, act = acting(ChargeStep)

    booked = life.book(case, act, spent(), act.step.due)

    again = decide(booked, act.step.due)
    assert isinstance(again, Act)
    assert (act.step.key, 2) == (again.step.key, booked.next_attempt_number)
    assert () == booked.our_attempts


def test_a_second_used_up_number_waits_an_hour_and_a_third_ends_the_step() -> None:
    """R6: at most three numbers for one step; then it is refused with its reason, and the case goes on."""
    numbers: list[tuple[str, int]] = []

    def answers(case: Case, act: Effect, now: datetime) -> ChargeResult | None:
        if not isinstance(act.step, ChargeStep) or act.step.day > 1:
            return None
        numbers.append((f"{now:%d %H:%M}", case.next_attempt_number))
        return spent()

    life_ = live(a_case(), answers=answers, until=at("04-03 00:00"))

    first = numbers[0][0]
    assert [(first, 1), (first, 2)] == numbers[:2]
    assert 3 == len(numbers)
    step = life_.case.steps["d01-charge"]
    assert StepState.REFUSED is step.state
    assert "the provider failed under 3 numbers, and charged under none" == step.note
    assert not life_.case.holds


def test_a_new_card_whose_number_is_used_up_is_still_the_new_card() -> None:
    """R6: the one immediate try is not lost with its first number."""
    case = new_method("m")(a_case("stolen_card"), NOON)
    act = decide(case, NOON)
    assert isinstance(act, Act)

    booked = life.book(case, act.effects[0], spent(), NOON)

    again = decide(booked, NOON)
    assert isinstance(again, Act)
    assert "m1-charge" == again.step.key


def test_a_message_that_its_provider_is_silent_about_takes_no_room_of_another_day() -> None:
    """SendGrid took the final e-mail and answered nobody for months: the final text stood behind it every day, where
    the law has room for one a day, and the case never came to its end."""
    whole = live(a_case())
    index = next(i for i, (_, act) in enumerate(whole.acts) if act.step.key == "d21-remind-email-final")
    (when, email), (_, text) = whole.acts[index : index + 2]
    assert (Channel.EMAIL,) == text.task.before
    case = life.unanswered(whole.before[index], email, when)
    full = Postpone(until=when + timedelta(days=1), why="one a day", rule="th-once-a-day@2019-11-21")
    case = life.book(case, text, ContactOutcome(state=ContactState.POSTPONED, postponed=full), when)

    again = decide(case, full.until)

    assert isinstance(again, Act)
    assert {email.step.key: (), text.step.key: ()} == {one.step.key: one.task.before for one in again.effects}
