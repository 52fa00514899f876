"""WhatsApp and LINE as a worker uses them: who has agreed, who has an address, and which channel suits whom."""

from datetime import timedelta

import pytest

from activities.habits import habits_of, unaddressed
from domain.consent import NEEDS_OPT_IN, Source
from domain.habits import Habits
from domain.kinds.message import ContactState
from domain.steps import Channel
from gateways.ports.consents import OptIn
from gateways.ports.rows import Reply
from runtime import wiring
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import AS_OF, OpenCase, Worker, a_contact, a_decision, contacts, open_case


def agrees(worker: Worker, customer: str) -> None:
    said = OptIn(customer_id=customer, channel=Channel.WHATSAPP, event_id="yes", source=Source.START, at=AS_OF)
    worker.ledger.opted_in(said)


def closed(worker: Worker, case: OpenCase) -> dict[Channel, str]:
    known = wiring.situations(worker.settings, worker.ledger)
    return known.circumstances(a_decision(worker, case).case, AS_OF).closed_channels


def test_nobody_is_written_to_on_whatsapp_who_has_not_agreed(worker: Worker) -> None:
    case = open_case(worker)
    before = closed(worker, case)
    agrees(worker, case.customer_id)

    assert (NEEDS_OPT_IN, {}) == (before, closed(worker, case))


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.LINE])
def test_a_chat_message_is_kept_as_the_customer_reads_it(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    case = open_case(worker)

    outcome = worker.contact(a_contact(case, channel))

    [row] = worker.ledger.contacts(case.invoice_id)
    read = world.twilio.sent[-1].body if channel is Channel.WHATSAPP else world.line.sent[-1].text
    assert (ContactState.SENT, row.text) == (outcome.state, read)
    assert [row.key] == contacts(world, case)


def test_who_is_not_on_whatsapp_is_told_of_afterwards_and_gets_nothing_twice(
    world: ProviderWorld, worker: Worker
) -> None:
    """Twilio takes the message, and says 63024 later: its callback closes the number (tests/gateways)."""
    case = open_case(worker)
    world.twilio.whatsapp.strangers.add(str(case.phone))

    assert ContactState.SENT == worker.contact(a_contact(case, Channel.WHATSAPP)).state
    assert ("undelivered", 63024) == (world.twilio.sent[-1].status, world.twilio.sent[-1].error_code)


def test_line_without_messages_left_gives_way_and_closes_nobodys_id(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    world.line.quota = 0

    outcome = worker.contact(a_contact(case, Channel.LINE))

    world.line.quota = None
    assert ContactState.UNREACHABLE == outcome.state
    assert {} == worker.ledger.closed_channels(case.customer_id)


def test_habits_are_what_the_customer_said_answered_and_left_unread(worker: Worker) -> None:
    case = open_case(worker)
    for channel in (Channel.EMAIL, Channel.LINE):
        worker.contact(a_contact(case, channel))
    agrees(worker, case.customer_id)
    asked = AS_OF + timedelta(days=1)
    before = habits_of(worker.ledger, case.customer_id, asked)
    worker.ledger.keep_reply(
        Reply(customer_id=case.customer_id, channel=Channel.LINE, event_id="r", at=asked, text="I will")
    )

    agreed = frozenset({Channel.WHATSAPP})
    assert Habits(agreed=agreed, unanswered={Channel.EMAIL: 1, Channel.LINE: 1}) == before
    after = habits_of(worker.ledger, case.customer_id, asked)
    assert Habits(agreed=agreed, answered=(Channel.LINE,), unanswered={Channel.EMAIL: 1}) == after


def test_a_channel_without_an_address_is_known_before_it_is_tried(worker: Worker) -> None:
    case = open_case(worker, phone=False)

    assert {Channel.SMS, Channel.WHATSAPP, Channel.PHONE} == set(unaddressed(worker.ledger, case.customer_id))


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.LINE, Channel.NOTICE, Channel.SMS])
@pytest.mark.parametrize("name", ["Win at evil.example", "Call +1 900 555 0100 now", "{{2}}"])
def test_a_name_that_held_a_link_or_a_call_is_repeated_on_no_channel(
    worker: Worker, channel: Channel, name: str
) -> None:
    """R36."""
    case = open_case(worker)
    worker.world.stripe.update_customer(case.customer_id, name=name)

    assert ContactState.SENT == worker.contact(a_contact(case, channel)).state

    [row] = worker.ledger.contacts(case.invoice_id)
    assert name not in f"{row.subject} {row.text}"


def test_a_line_id_that_came_since_is_where_the_message_goes(world: ProviderWorld, worker: Worker) -> None:
    """R33."""
    case, user = open_case(worker), world.line.new_user()
    worker.ledger.customer_set(case.customer_id, {"line_user_id": user})

    worker.contact(a_contact(case, Channel.LINE))

    assert user == world.line.sent[-1].to


@pytest.mark.parametrize("kept", ["n/a", "@ada", "U123"])
def test_what_is_no_line_user_is_not_asked_about(world: ProviderWorld, worker: Worker, kept: str) -> None:
    """R30."""
    case = open_case(worker)
    worker.ledger.customer_set(case.customer_id, {"line_user_id": kept})

    outcome = worker.contact(a_contact(case, Channel.LINE))

    assert (ContactState.UNREACHABLE, "no LINE user id is known") == (outcome.state, outcome.why)
    assert [] == contacts(world, case)
