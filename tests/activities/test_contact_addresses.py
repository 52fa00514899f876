"""R33: a message goes to the address that the customer has at the moment of sending."""

from domain.kinds.message import ContactState
from domain.steps import WRITTEN, Channel
from runtime import wiring
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import AS_OF, Worker, a_contact, mails, open_case, texts
from tests.letters import AUSTIN


def test_a_message_went_to_the_address_that_the_customer_had_left(world: ProviderWorld, worker: Worker) -> None:
    """The event that tells of the new one may come late, or never."""
    case = open_case(worker)
    world.stripe.update_customer(case.customer_id, email=f"new.{case.email}", name="Zora Newname")

    worker.contact(a_contact(case))

    (mail,) = [mail for mail in world.sendgrid.sent if mail.to == f"new.{case.email}"]
    assert "Zora Newname" in (mail.text or "")


def test_a_dead_number_closed_the_case_only_and_was_asked_again_by_the_next_one(
    world: ProviderWorld, worker: Worker
) -> None:
    """What sending finds out is kept in the ledger, for every case of whoever has the number."""
    case, phone = open_case(worker), "+14155550123"
    world.stripe.update_customer(case.customer_id, phone=phone)
    world.twilio.refuse(phone, 21614)

    outcome = worker.contact(a_contact(case, Channel.SMS))

    assert ContactState.UNREACHABLE == outcome.state
    assert {Channel.SMS: outcome.why} == worker.ledger.closed_channels(case.customer_id)


def test_a_country_that_is_not_switched_on_closes_no_number_for_ever(world: ProviderWorld, worker: Worker) -> None:
    """The merchant may switch it on any day."""
    case, phone = open_case(worker), "+14155550124"
    world.stripe.update_customer(case.customer_id, phone=phone)
    world.twilio.refuse(phone, 21408)

    assert ContactState.UNREACHABLE == worker.contact(a_contact(case, Channel.SMS)).state
    assert {} == worker.ledger.closed_channels(case.customer_id)


def test_a_message_that_could_not_be_delivered_goes_to_the_new_number(world: ProviderWorld, worker: Worker) -> None:
    case, dead, alive = open_case(worker), "+14155550125", "+14155550126"
    world.stripe.update_customer(case.customer_id, phone=dead)
    world.twilio.refuse(dead, 21614)
    first = worker.contact(a_contact(case, Channel.SMS))
    world.stripe.update_customer(case.customer_id, phone=alive)

    second = worker.contact(a_contact(case, Channel.SMS))

    assert (ContactState.UNREACHABLE, ContactState.SENT) == (first.state, second.state)
    assert [alive] == [text.to for text in world.twilio.sent if text.to in (dead, alive)]
    assert [] == texts(world, case)  # none to the number from before


def test_a_message_was_written_in_the_language_of_the_day_on_which_the_case_opened(
    world: ProviderWorld, worker: Worker
) -> None:
    """Stripe has another one by now."""
    case = open_case(worker)
    world.stripe.update_customer(case.customer_id, preferred_locales=["th"])

    worker.contact(a_contact(case))

    (mail,) = mails(world, case)
    assert "ใบแจ้งหนี้" in (mail.text or "")


def test_somebody_whose_first_language_is_not_here_was_written_to_in_english(
    world: ProviderWorld, worker: Worker
) -> None:
    """They had named a second one."""
    case = open_case(worker)
    world.stripe.update_customer(case.customer_id, preferred_locales=["it-CH", "th"])

    worker.contact(a_contact(case))

    (mail,) = mails(world, case)
    assert "ใบแจ้งหนี้" in (mail.text or "")


def test_a_message_was_sent_by_the_hours_of_a_place_that_the_customer_had_left(
    world: ProviderWorld, worker: Worker
) -> None:
    """Found out right before: it is decided anew, and then it is known where they are."""
    case = open_case(worker)
    world.stripe.update_customer(case.customer_id, address={"country": "JP"})

    first, second = worker.contact(a_contact(case)), worker.contact(a_contact(case))

    assert (ContactState.STOPPED, ContactState.SENT) == (first.state, second.state)
    assert first.stopped
    assert ("place-changed", AS_OF) == (first.stopped.rule, first.stopped.until)
    here = wiring.situations(worker.settings, worker.ledger).whereabouts(case.customer_id, AS_OF.date())
    assert here
    assert ("JP", ("Asia/Tokyo",)) == (here.country, here.time_zones)


def test_a_message_is_kept_with_the_address_that_it_went_to(world: ProviderWorld, worker: Worker) -> None:
    """The customer has another one by the time that somebody asks."""
    case = open_case(worker)
    for channel in WRITTEN:
        worker.contact(a_contact(case, channel))
    world.stripe.update_customer(case.customer_id, email=f"new.{case.email}")

    kept = {row.channel: row.address for row in worker.ledger.contacts(case.invoice_id)}

    line = worker.ledger.address(case.customer_id).line_user_id
    kept_here = {Channel.LINE: line, Channel.LETTER: AUSTIN.text}
    phones = {Channel.SMS: case.phone, Channel.WHATSAPP: case.phone}
    assert {Channel.EMAIL: case.email, Channel.NOTICE: None} | kept_here | phones == kept
