"""What is done once a case is over: notices are withdrawn, and the closing message is sent, each once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from domain.case import Facts, Outcome
from domain.closed import Closings
from domain.closing_messages import VALID, Occasion
from domain.consent import Source
from domain.protection import Protected, Protection, SetBy
from domain.record import Entry
from domain.steps import Access, Channel
from gateways.ports.consents import OptIn
from gateways.ports.rows import Late
from sandbox.providers.faults import Mode
from sandbox.providers.twilio_whatsapp import TEMPLATES
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    STANDARD,
    OpenCase,
    Worker,
    a_contact,
    an_access,
    another_invoice,
    open_case,
    texts,
    usd,
)
from tests.activities.ended_cases import (
    AT,
    CANCELLED,
    LIMITED,
    NIGHT,
    RESTORED,
    TOGETHER,
    concluded,
    ends,
    pays,
    thanks,
)


def withdrawn(world: ProviderWorld, case: OpenCase) -> list[str | None]:
    theirs = (entry for entry in world.log if case.customer_id in entry.subjects.values())
    return [entry.key for entry in theirs if entry.kind == "notice.withdrawn"]


def test_who_has_paid_is_thanked_once(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    pays(worker, case)
    ends(worker, case)

    first, again = concluded(worker, case), concluded(worker, case, AT + timedelta(minutes=1))

    (mail,) = thanks(world, case)
    assert ("told: paid", None) == (first.why, first.next_at)
    assert again.next_at is None
    assert {"dunning_key": f"dun:{case.invoice_id}:closing-paid:email"} == mail.custom_args
    for said in ("$19.99", world.stripe.get(case.invoice_id)["number"], "is paid"):
        assert said in str(mail.text)
    assert "email sent" in [entry.what for entry in worker.ledger.record(case.invoice_id)]


def test_it_waits_for_the_morning_and_not_for_days(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    pays(worker, case)
    ends(worker, case, at=NIGHT)

    waits = concluded(worker, case, NIGHT)

    assert waits.next_at is not None
    assert NIGHT < waits.next_at < NIGHT + timedelta(days=1)
    assert not thanks(world, case)
    assert concluded(worker, case, waits.next_at).why == "told: paid"
    late = open_case(worker)
    pays(worker, late)
    ends(worker, late)
    assert "late" in concluded(worker, late, AT + VALID + timedelta(hours=1)).why
    assert not thanks(world, late)


def test_nothing_is_said_to_whom_nothing_was_said_unless_the_policy_wants_it(
    world: ProviderWorld, worker: Worker
) -> None:
    case = open_case(worker)
    pays(worker, case)
    ends(worker, case, steps={})

    assert concluded(worker, case).why == "nothing is to be said"
    assert not thanks(world, case)
    other = open_case(worker)
    pays(worker, other)
    ends(worker, other, steps={}, closing=STANDARD.closing.model_copy(update={"unasked": True}))
    assert concluded(worker, other).why == "told: paid"


def test_a_kind_that_is_off_is_not_sent(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    pays(worker, case)
    ends(worker, case, closing=Closings())

    assert concluded(worker, case).why == "nothing is to be said"
    assert not thanks(world, case)


def test_access_that_is_back_is_said_in_the_same_message(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    pays(worker, case)
    ends(worker, case, Outcome.RECOVERED, LIMITED, RESTORED)

    concluded(worker, case)

    (mail,) = thanks(world, case)
    assert "is paid" in str(mail.text)
    assert "is back in full" in str(mail.text)


@pytest.mark.parametrize("what", ["taken back", "disputed", "open"])
def test_a_payment_that_is_gone_again_is_not_thanked_for(world: ProviderWorld, worker: Worker, what: str) -> None:
    """The case ended with the money in the night, and in the morning it is not there any more."""
    case = open_case(worker)
    if what != "open":
        pays(worker, case)
    ends(worker, case)
    if what == "taken back":
        entry = Entry(at=AT, step="du_1", what="payment taken back", why="the bank returned the debit")
        worker.ledger.after_the_end(case.invoice_id, "du_1", entry, Late(remaining=usd(1999), owed_again=True))
    if what == "disputed":
        worker.ledger.dispute_opened(f"du_{case.invoice_id}", case.customer_id, AT)

    assert concluded(worker, case).next_at is None
    assert not thanks(world, case)


def test_two_invoices_that_end_alike_are_one_message(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    other = another_invoice(worker, case)
    pays(worker, case, other)
    ends(worker, case)
    ends(worker, other)

    concluded(worker, case)
    second = concluded(worker, other)

    (mail,) = thanks(world, case)
    numbers = [world.stripe.get(one.invoice_id)["number"] for one in (case, other)]
    assert all(number in str(mail.text) for number in numbers)
    assert second.why == "told: paid"


def test_what_ends_some_minutes_later_is_told_of_in_the_same_message(world: ProviderWorld, worker: Worker) -> None:
    """Two cases that end on one day end within the policy's jitter of each other, whichever comes first."""
    case = open_case(worker)
    other = another_invoice(worker, case)
    pays(worker, case)
    ends(worker, case)

    waits = concluded(worker, case)
    pays(worker, other)
    ends(worker, other, at=AT + timedelta(minutes=7))
    second = concluded(worker, other, AT + timedelta(minutes=7), since=AT + timedelta(minutes=7))
    first = concluded(worker, case, AT + TOGETHER)

    (mail,) = thanks(world, case)
    numbers = [world.stripe.get(one.invoice_id)["number"] for one in (case, other)]
    assert AT + TOGETHER == waits.next_at
    assert all(number in str(mail.text) for number in numbers)
    assert ("told: paid", "told: paid", None) == (first.why, second.why, first.next_at)


def test_another_open_invoice_is_not_spoken_away(world: ProviderWorld, worker: Worker) -> None:
    """The invoice that was paid is named, and the access that the other one restricts is not said to be back."""
    case = open_case(worker)
    other = another_invoice(worker, case)
    pays(worker, case)
    ends(worker, case, Outcome.RECOVERED, LIMITED, RESTORED)
    worker.set_access(an_access(other, Access.READ_ONLY))

    concluded(worker, case, AT + TOGETHER)

    (mail,) = thanks(world, case)
    assert world.stripe.get(other.invoice_id)["number"] not in str(mail.text)
    assert "is back" not in str(mail.text)


def test_the_second_end_of_a_day_waits_for_the_next(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    other = another_invoice(worker, case)
    pays(worker, case)
    ends(worker, case)
    worker.payments.mark_uncollectible(other.invoice_id, f"k-{other.invoice_id}")
    ends(worker, other, Outcome.WRITTEN_OFF, closing=STANDARD.closing.model_copy(update={"given_up": Channel.EMAIL}))

    concluded(worker, case)
    second = concluded(worker, other)

    assert AT + timedelta(days=1) == second.next_at
    assert len(thanks(world, case)) == 1


def test_the_end_of_a_subscription_with_an_agency(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    ends(worker, case, None, CANCELLED)
    worker.payments.cancel_subscription(case.subscription_id, f"c-{case.invoice_id}")

    concluded(worker, case, occasion=Occasion.HANDED_OVER)

    (mail,) = thanks(world, case)
    assert "subscription ended on November 28, 2026" in str(mail.text)
    assert "collections agency" in str(mail.text)


def test_a_settlement_names_what_was_agreed(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    worker.payments.mark_uncollectible(case.invoice_id, f"k-{case.invoice_id}")
    ends(worker, case, Outcome.SETTLED, settled_for=usd(1500))

    concluded(worker, case)

    (mail,) = thanks(world, case)
    assert "$15.00" in str(mail.text)
    assert "nothing more is owed for it" in str(mail.text)


def test_two_settlements_are_one_message_with_the_sum_of_each(world: ProviderWorld, worker: Worker) -> None:
    """Neither the first one's sum nor what was given up of the second stands beside the second."""
    case = open_case(worker)
    other = another_invoice(worker, case)
    for each, sum_ in ((case, 1500), (other, 700)):
        worker.payments.mark_uncollectible(each.invoice_id, f"k-{each.invoice_id}")
        ends(worker, each, Outcome.SETTLED, settled_for=usd(sum_))

    first, second = concluded(worker, case), concluded(worker, other)

    (mail,) = thanks(world, case)
    assert ("told: settled", "told: settled") == (first.why, second.why)
    assert "We agreed on $15.00" in str(mail.text)
    assert f"{world.stripe.get(other.invoice_id)['number']}: $7.00" in str(mail.text)
    assert "each with the amount agreed for it" in str(mail.text)
    assert "$19.99" not in str(mail.text)


def test_what_no_template_says_by_whatsapp_goes_another_way(
    world: ProviderWorld, worker: Worker, tmp_path: Path
) -> None:
    lines = TEMPLATES.read_text(encoding="utf-8").splitlines(keepends=True)
    templates = tmp_path / "templates.txt"
    templates.write_text("".join(line for line in lines if "closing:" not in line), encoding="utf-8")
    without = worker.restarted(TWILIO_WHATSAPP_TEMPLATES=str(templates))
    by_whatsapp = Closings(paid=Channel.WHATSAPP)
    moved, stays = open_case(without), open_case(without)
    for case, fallback in ((moved, {Channel.WHATSAPP: Channel.EMAIL}), (stays, None)):
        said = {"customer_id": case.customer_id, "channel": Channel.WHATSAPP, "event_id": f"yes {case.invoice_id}"}
        without.ledger.opted_in(OptIn(**said, source=Source.START, at=AT))
        pays(without, case)
        ends(without, case, closing=by_whatsapp, fallback=fallback)

    assert concluded(without, moved).why == "told: paid"
    assert "approved no template" in concluded(without, stays).why
    assert len(thanks(world, moved)) == 1
    assert not thanks(world, stays)


def test_an_answer_that_was_lost_sends_it_once(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker, phone=True)
    pays(worker, case)
    ends(worker, case, closing=Closings(paid=Channel.SMS))
    world.faults.add("twilio", "POST", Mode.TIMEOUT_AFTER, times=1)

    with pytest.raises(ApplicationError):
        concluded(worker, case)
    concluded(worker, case, AT + timedelta(minutes=2))

    assert len([text for text in texts(world, case) if "thank you" in text.body]) == 1


@pytest.mark.parametrize("occasion", list(Occasion))
def test_a_notice_is_withdrawn_when_it_is_not_true_any_more(
    world: ProviderWorld, worker: Worker, occasion: Occasion
) -> None:
    case = open_case(worker)
    worker.contact(a_contact(case, Channel.NOTICE))
    assert len(world.merchant.standing(case.customer_id)) == 1
    pays(worker, case) if occasion is Occasion.END else None
    if occasion is Occasion.PROTECTED:
        said = Protected(
            protection=Protection.BANKRUPTCY, event_id=case.invoice_id, since=AT, source=SetBy.OPERATOR, by="pat"
        )
        worker.ledger.protect(case.customer_id, said)
    ends(worker, case, Outcome.RECOVERED if occasion is not Occasion.HANDED_OVER else None, closing=Closings())

    first = concluded(worker, case, occasion=occasion)
    concluded(worker, case, occasion=occasion)

    assert first.next_at is None
    assert not world.merchant.standing(case.customer_id)
    assert len(withdrawn(world, case)) == 1
    assert "notice withdrawn" in [entry.what for entry in worker.ledger.record(case.invoice_id)]


def test_a_newer_notice_takes_the_place_of_the_one_before(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    worker.contact(a_contact(case, Channel.NOTICE))
    worker.contact(a_contact(case, Channel.NOTICE, step="day7-notice"))

    assert len(world.merchant.notices(case.customer_id)) == 2
    assert len(world.merchant.standing(case.customer_id)) == 1


@pytest.mark.parametrize("mode", [Mode.TIMEOUT_AFTER, Mode.TIMEOUT_BEFORE, Mode.ERROR])
def test_an_application_that_does_not_answer_is_asked_again(world: ProviderWorld, worker: Worker, mode: Mode) -> None:
    case = open_case(worker)
    worker.contact(a_contact(case, Channel.NOTICE))
    pays(worker, case)
    ends(worker, case, closing=Closings())
    world.faults.add("merchant", "POST", mode, times=1)

    first = concluded(worker, case)

    assert first.next_at is not None
    assert concluded(worker, case, first.next_at).next_at is None
    assert not world.merchant.standing(case.customer_id)
    assert len(withdrawn(world, case)) == 1


def test_a_notice_that_the_application_never_had_is_nothing_to_wait_for(world: ProviderWorld, worker: Worker) -> None:
    """It answers 404: the notice may have been lost on its way, or was taken down by hand."""
    case = open_case(worker)
    world.faults.add("merchant", "POST", Mode.TIMEOUT_BEFORE, times=1)
    with pytest.raises(ApplicationError):
        worker.contact(a_contact(case, Channel.NOTICE))
    entry = Entry(at=AT, step="day3-notice", what="notice unknown", why="")
    worker.ledger.finish_contact(case.invoice_id, "day3-notice", Channel.NOTICE, "unknown", None, entry)
    pays(worker, case)
    ends(worker, case, closing=Closings())

    assert concluded(worker, case).next_at is None
    assert not worker.ledger.standing_notices(case.customer_id)
    assert not withdrawn(world, case)


def test_the_law_of_where_the_case_began_holds_for_whom_nothing_else_places(
    world: ProviderWorld, worker: Worker
) -> None:
    """Only the card said that they are in Thailand, where one message a day is allowed."""
    case, noon = open_case(worker, phone=False), datetime(2026, 12, 2, 5, tzinfo=UTC)
    worker.contact(a_contact(case, Channel.EMAIL).model_copy(update={"as_of": noon - timedelta(hours=2)}))
    pays(worker, case)
    in_thailand = Facts(
        invoice_id=case.invoice_id,
        customer_id=case.customer_id,
        subscription_id=case.subscription_id,
        country="TH",
        time_zones=("Asia/Bangkok",),
        amount=usd(1999),
        opened_at=AT - timedelta(days=14),
    )
    ends(worker, case, at=noon, facts=in_thailand)
    worker.ledger.customer_set(case.customer_id, {"country": ""})

    waits = concluded(worker, case, noon, since=noon)

    assert waits.next_at
    assert waits.next_at >= datetime(2026, 12, 2, 17, tzinfo=UTC), waits  # midnight in Bangkok
    assert [] == thanks(world, case)
