"""Where a notice before a renewal goes: by the policy's wish, what is open, and what the customer has agreed to."""

from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from domain.policy import Policy
from domain.renewal import Notice, Renewals
from domain.steps import Channel
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import STANDARD, Worker
from tests.activities.test_chats import agrees
from tests.activities.test_renewal_notice import Announced
from tests.cases import a_closure

BRITISH: dict[str, Any] = {"country": "GB", "zone": "Europe/London"}
"""Where no law wants a chat to name a way to opt out."""


def on(channel: Channel | None) -> Policy:
    renewals = Renewals.model_validate({"card_expires": 7, "channel": channel or "best"})
    return STANDARD.model_copy(update={"renewals": renewals, "name": f"on-{channel or 'best'}"})


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP, Channel.LINE, Channel.NOTICE])
def test_the_customer_is_told_where_the_policy_wants_it_once(worker: Worker, channel: Channel) -> None:
    one = Announced(worker, on(channel), **BRITISH)
    agrees(worker, one.customer)

    outcome, again = one.told(), one.told()

    assert (Notice.CARD_EXPIRES, None, []) == (outcome.said, again.said, one.mails)
    assert {channel: [one.row.text]} == one.elsewhere
    assert ("sent", channel) == (one.row.state, one.row.channel)
    assert "01/2020" in one.row.text


def test_the_best_channel_is_the_customers_own(worker: Worker) -> None:
    liked, plain = (Announced(worker, on(None), preferred_channel=each, **BRITISH) for each in (Channel.LINE, None))
    assert {Notice.CARD_EXPIRES} == {one.told().said for one in (liked, plain)}

    assert ([Channel.LINE], 0) == ([*liked.elsewhere], len(liked.mails))
    assert ({}, 1) == (plain.elsewhere, len(plain.mails))


def test_nobody_is_written_to_on_whatsapp_who_has_not_agreed_to_it(worker: Worker) -> None:
    one = Announced(worker, on(Channel.WHATSAPP))

    outcome = one.told()

    assert ("the customer has not agreed to WhatsApp messages", {}, []) == (outcome.why, one.elsewhere, one.mails)


def test_a_number_that_takes_no_texts_gives_way_to_what_the_policy_falls_back_to(worker: Worker) -> None:
    one = Announced(worker, on(Channel.SMS))
    one.world.twilio.refuse(one.phone, 21614)

    first = one.told()
    assert first.next_at == one.at
    second = one.told(first.next_at)

    assert (Notice.CARD_EXPIRES, {}, 1) == (second.said, one.elsewhere, len(one.mails))


def test_a_text_whose_answer_was_lost_is_looked_up_where_it_went(world: ProviderWorld, worker: Worker) -> None:
    """Also when the policy would choose another channel by now."""
    one = Announced(worker, on(Channel.SMS))
    world.faults.add("twilio", "POST", Mode.TIMEOUT_AFTER)
    with pytest.raises(ApplicationError):
        one.told()
    worker.ledger.close_channel(a_closure(one.customer, Channel.SMS, wish=True, event_id=f"evt_{one.customer}"))

    outcome = one.told()

    assert (Notice.CARD_EXPIRES, "sent") == (outcome.said, one.row.state)
    assert (1, []) == (len(one.elsewhere[Channel.SMS]), one.mails)


def test_who_has_another_address_since_is_told_there(worker: Worker) -> None:
    """R33: read with the renewal, right before."""
    one = Announced(worker, on(Channel.EMAIL))
    one.world.stripe.update_customer(one.customer, email=f"new-{one.email}")

    assert Notice.CARD_EXPIRES is one.told().said

    theirs = [mail.to for mail in one.world.sendgrid.sent if mail.to.endswith(one.email)]
    assert [f"new-{one.email}"] == theirs


def falling_back(policy: Policy, fallback: dict[Channel, Channel]) -> Policy:
    contacts = policy.contacts.model_copy(update={"fallback": fallback})
    return policy.model_copy(update={"contacts": contacts, "name": f"{policy.name}-{len(fallback)}"})


def test_where_the_account_may_not_send_the_notice_was_lost_although_another_way_was_open(worker: Worker) -> None:
    """R31, R32: no address is closed by it."""
    one = Announced(worker, falling_back(on(Channel.SMS), {Channel.SMS: Channel.EMAIL}), **BRITISH)
    one.world.twilio.refuse(one.phone, 21408)

    first = one.told()
    second = one.told(first.next_at)

    assert (None, one.at) == (first.said, first.next_at)
    assert (Notice.CARD_EXPIRES, {}, 1) == (second.said, one.elsewhere, len(one.mails))
    assert Channel.SMS not in worker.ledger.closed_channels(one.customer)


def test_failure_17_two_channels_that_take_nothing_from_the_account_do_not_turn_in_circles(
    world: ProviderWorld, worker: Worker
) -> None:
    both = {Channel.SMS: Channel.LINE, Channel.LINE: Channel.SMS}
    one = Announced(worker, falling_back(on(Channel.SMS), both), **BRITISH)
    world.twilio.refuse(one.phone, 21408)
    world.line.quota = 0

    first = one.told()
    second = one.told(first.next_at)

    world.line.quota = None
    assert (one.at, None, None) == (first.next_at, second.next_at, second.said)
