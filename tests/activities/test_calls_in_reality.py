"""Calls where numbers are none, or belong to nobody any more, and where several invoices are unpaid."""

import pytest

from domain.calls import CallResult, Offer, TaskState
from domain.events import ContactResult
from domain.steps import Channel
from tests.activities.builders import OpenCase, a_decision, another_invoice
from tests.activities.test_calls import DAY, HOUR, MONDAY, Office, a_call, close
from tests.activities.test_calls import office as office  # noqa: PLC0414 - a fixture
from tests.cases import a_closure

_LATER = "d05-call"


def second_of(office: Office, case: OpenCase) -> OpenCase:
    """Another unpaid invoice of the customer, whose case is decided about."""
    other = another_invoice(office.worker, case)
    office.worker.decide(a_decision(office.worker, other, MONDAY))
    return other


def number_of(office: Office, case: OpenCase) -> str:
    return str(office.worker.world.stripe.get(case.invoice_id)["number"])


def test_failure_18_a_call_about_one_of_two_invoices_said_nothing_of_the_other(office: Office) -> None:
    case = office.case()
    other = second_of(office, case)

    sheet = office.calls.take(office.queue(case), "Ana")

    [beside] = sheet.others
    assert (other.invoice_id, number_of(office, other), "19.99 USD") == (
        beside.invoice_id,
        beside.number,
        str(beside.due),
    )
    assert beside.pay_link
    assert any(number_of(office, other) in line and "$19.99" in line for line in sheet.script.lines)


def test_failure_18_what_is_paid_or_stands_still_is_not_named_beside(office: Office) -> None:
    case = office.case()
    other = second_of(office, case)
    call = office.queue(case)
    office.worker.world.stripe.pay_out_of_band(other.invoice_id)

    assert () == office.calls.take(call, "Ana").others


def test_failure_18_who_was_spoken_to_about_both_was_called_about_the_second_one_as_well(office: Office) -> None:
    case = office.case()
    other = second_of(office, case)
    first, second = office.queue(case), office.queue(other)
    office.calls.take(first, "Ana")
    office.result(first, CallResult.REACHED)

    assert (TaskState.DONE, TaskState.WITHDRAWN) == (office.state(first), office.state(second))
    [why] = [entry.why for entry in office.ledger.record(other.invoice_id) if entry.what == "call withdrawn"]
    assert f"it was spoken of in the call about {case.invoice_id}" == why


@pytest.mark.parametrize("result", [CallResult.NO_ANSWER, CallResult.VOICEMAIL])
def test_who_was_not_reached_may_be_called_about_the_other_one(office: Office, result: CallResult) -> None:
    case = office.case()
    second = office.queue(second_of(office, case))
    first = office.queue(case)
    office.calls.take(first, "Ana")
    office.result(first, result)

    assert TaskState.OPEN is office.state(second)


def test_a_call_that_somebody_has_in_hand_is_left_to_them(office: Office) -> None:
    case = office.case()
    first, second = office.queue(case), office.queue(second_of(office, case))
    office.calls.take(second, "Bo")
    office.calls.take(first, "Ana")
    office.result(first, CallResult.REACHED)

    assert TaskState.TAKEN is office.state(second)


@pytest.mark.parametrize("wish", [True, False])
def test_failure_17_a_dead_number_left_its_calls_in_the_queue(office: Office, wish: bool) -> None:
    """They were shown as callable until their time was over, and refused to whoever took one."""
    case = office.case()
    calls = [office.queue(case), office.queue(case, step=_LATER)]
    result = ContactResult.OPTED_OUT if wish else ContactResult.INVALID_ADDRESS
    said = a_closure(case.customer_id, Channel.PHONE, result.words, f"n-{case.phone}", MONDAY, case.phone, wish)
    office.ledger.close_channel(said)

    assert [TaskState.WITHDRAWN] * 2 == [office.state(call) for call in calls]
    waiting = {line.call for line in office.calls.page().calls}
    assert not waiting & set(calls)


def test_who_wants_no_texts_keeps_the_calls_in_the_queue(office: Office) -> None:
    case = office.case()
    call = office.queue(case)
    close(office, case, Channel.SMS)

    assert TaskState.OPEN is office.state(call)


def test_failure_17_a_call_that_nobody_can_make_is_over_in_its_time(office: Office) -> None:
    """Nothing waits for it, and the queue is empty after it."""
    case = office.case()
    call = office.queue(case)
    office.now = MONDAY + 3 * DAY

    assert call not in {line.call for line in office.calls.page().calls}
    assert TaskState.EXPIRED is office.state(call)


def test_what_is_no_number_is_not_put_into_the_queue(office: Office) -> None:
    """R30, R37: kept from before such a field was read, or set by hand."""
    for number in ("n/a", "555-2671", "+0", "call me"):
        case = office.case()
        office.worker.world.stripe.update_customer(case.customer_id, phone="")
        office.ledger.customer_set(case.customer_id, {"phone": number})

        queued = office.worker.queue_call(a_call(case))

        assert queued.refused
        assert "nobody is called: no phone number is known" == queued.refused.why


def test_the_number_is_the_one_of_the_moment_in_which_somebody_calls(office: Office) -> None:
    case = office.case()
    call = office.queue(case)
    office.worker.world.stripe.update_customer(case.customer_id, phone="+12025550177")

    assert "+12025550177" == office.calls.take(call, "Ana").number


def test_a_wrong_number_says_nothing_of_the_one_that_came_since(office: Office) -> None:
    """It closes the number that was called."""
    case = office.case()
    call = office.queue(case)
    office.calls.take(call, "Ana")
    called = office.ledger.call_place(call, 1)
    office.worker.world.stripe.update_customer(case.customer_id, phone="+12025550178")
    later = office.queue(case, step=_LATER)
    closed = a_closure(case.customer_id, Channel.PHONE, ContactResult.INVALID_ADDRESS.words, f"w-{call}", MONDAY)
    office.ledger.close_channel(closed.model_copy(update={"address": called}))

    assert TaskState.OPEN is office.state(later)
    assert {} == office.ledger.closed_channels(case.customer_id)


def test_failure_14_the_pay_link_of_a_call_is_the_one_of_its_moment(office: Office) -> None:
    """A task waits for days: what it was queued with may have run out."""
    case = office.case()
    call = office.queue(case, offers=(Offer.PAY_LINK,))
    office.now += 2 * HOUR

    assert (
        office.worker.world.stripe.get(case.invoice_id)["hosted_invoice_url"] == office.calls.take(call, "Ana").pay_link
    )
