"""Closing messages where channels refuse, people move, and money comes while something is asked for."""

from datetime import timedelta
from typing import Any

import pytest

from domain.case import Outcome
from domain.closed import Closings
from domain.closing_messages import VALID, ClosingOutcome
from domain.kinds.message import ContactState
from domain.steps import WRITTEN, Channel
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, a_contact, a_write_off, contacts, mails, open_case, texts
from tests.activities.test_calls import MONDAY, Office, a_call
from tests.activities.test_chats import agrees
from tests.activities.test_closings import AT, LIMITED, RESTORED, concluded, ends, pays, thanks
from tests.cases import a_closure

BY_TEXT = Closings(paid=Channel.SMS)
BY_LINE = Closings(paid=Channel.LINE)


def paid(worker: Worker, closing: Closings, **fields: Any) -> OpenCase:
    """A case that a payment has ended, whose policy thanks so."""
    case = open_case(worker, **fields)
    pays(worker, case)
    ends(worker, case, closing=closing)
    return case


def to_its_end(worker: Worker, case: OpenCase) -> list[ClosingOutcome]:
    """What is tried until nothing is left to be done, or its time is over."""
    outcomes = [concluded(worker, case)]
    while (at := outcomes[-1].next_at) and at <= AT + VALID and len(outcomes) < 10:
        outcomes.append(concluded(worker, case, at))
    return outcomes


def test_failure_11_after_the_thanks_no_channel_says_that_a_payment_failed(
    world: ProviderWorld, worker: Worker
) -> None:
    """Whatever was decided on before the money came, and is only carried out after it."""
    case = paid(worker, Closings(paid=Channel.EMAIL))
    agrees(worker, case.customer_id)
    concluded(worker, case)

    outcomes = {channel: worker.contact(a_contact(case, channel)).state for channel in WRITTEN}

    assert dict.fromkeys(WRITTEN, ContactState.STOPPED) == outcomes
    assert [f"dun:{case.invoice_id}:closing-paid:email"] == contacts(world, case)


def test_failure_11_nobody_is_called_about_what_was_thanked_for(worker: Worker) -> None:
    office = Office(worker)
    case = office.case()
    office.worker.world.stripe.pay_out_of_band(case.invoice_id)

    queued = office.worker.queue_call(a_call(case, as_of=MONDAY))

    assert queued.stopped is not None
    assert "paid" in queued.stopped.why


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.LINE])
def test_failure_17_a_provider_that_never_takes_the_thanks_was_asked_every_minute_for_two_days(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    """No address is closed where the account has no messages left, or may not send to the country."""
    case = paid(worker, Closings(paid=channel), email=channel is not Channel.LINE)
    world.twilio.refuse(str(case.phone), 21408)
    world.line.quota = 0

    outcomes = to_its_end(worker, case)

    world.line.quota = None
    assert 2 == len(outcomes)
    assert {} == worker.ledger.closed_channels(case.customer_id)


def test_where_one_channel_does_not_take_the_thanks_they_go_along_the_fallback(
    world: ProviderWorld, worker: Worker
) -> None:
    case = paid(worker, BY_TEXT)
    world.twilio.refuse(str(case.phone), 21408)

    assert "told: paid" == to_its_end(worker, case)[-1].why

    assert (1, []) == (len(thanks(world, case)), texts(world, case))


def test_thanks_that_were_refused_at_one_number_go_to_the_new_one(world: ProviderWorld, worker: Worker) -> None:
    case = paid(worker, BY_TEXT, email=False)
    world.twilio.refuse(str(case.phone), 21408)
    concluded(worker, case)
    world.stripe.update_customer(case.customer_id, phone="+12025550143")

    outcome = concluded(worker, case, AT + timedelta(minutes=1))

    assert "told: paid" == outcome.why
    assert "+12025550143" == world.twilio.sent[-1].to


def test_thanks_went_to_the_address_that_the_customer_had_left(world: ProviderWorld, worker: Worker) -> None:
    case = paid(worker, Closings(paid=Channel.EMAIL))
    world.stripe.update_customer(case.customer_id, email=f"new-{case.email}")

    concluded(worker, case)

    [sent] = [mail.to for mail in world.sendgrid.sent if f"dun:{case.invoice_id}:" in mail.custom_args["dunning_key"]]
    assert (f"new-{case.email}", []) == (sent, mails(world, case))


def test_who_wants_no_e_mail_is_thanked_by_no_text_and_no_letter(world: ProviderWorld, worker: Worker) -> None:
    case = paid(worker, Closings(paid=Channel.EMAIL))
    worker.ledger.close_channel(a_closure(case.customer_id, Channel.EMAIL, wish=True, event_id=f"e-{case.customer_id}"))

    [outcome] = to_its_end(worker, case)

    assert "no channel is left to this customer (email: opted out)" == outcome.why
    assert [] == contacts(world, case)


def test_who_has_blocked_line_is_thanked_by_nothing_that_intrudes_more(world: ProviderWorld, worker: Worker) -> None:
    case = paid(worker, BY_LINE)
    worker.ledger.close_channel(a_closure(case.customer_id, Channel.LINE, wish=True, event_id=f"l-{case.customer_id}"))

    [outcome] = to_its_end(worker, case)

    assert "no channel is left to this customer (line: opted out)" == outcome.why
    assert [] == contacts(world, case)


def test_who_is_given_up_is_told_of_the_access_that_is_back_while_billing_goes_on(
    world: ProviderWorld, worker: Worker
) -> None:
    """And nothing of a subscription that has ended: it has not."""
    case = open_case(worker)
    worker.mark_uncollectible(a_write_off(case))
    ends(worker, case, Outcome.WRITTEN_OFF, LIMITED, RESTORED)

    concluded(worker, case)

    [mail] = thanks(world, case)
    assert "is back in full" in str(mail.text)
    assert "has ended" not in str(mail.text)
