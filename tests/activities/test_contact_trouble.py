"""What one contact does when the answer is lost, late or a refusal: the customer still gets it at most once."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.kinds.message import ContactState
from domain.steps import WRITTEN, Channel
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, a_contact, contacts, open_case

PROVIDER = {
    Channel.EMAIL: "sendgrid",
    Channel.SMS: "twilio",
    Channel.NOTICE: "merchant",
    Channel.WHATSAPP: "twilio",
    Channel.LINE: "line",
    Channel.LETTER: "letters",
}
CHANNELS = list(WRITTEN)
LOST = [Mode.TIMEOUT_AFTER, Mode.ERROR_AFTER]
NO_ACTIVITY = {"SENDGRID_EMAIL_ACTIVITY": "false"}


def fails(worker: Worker, case: OpenCase, channel: Channel = Channel.EMAIL) -> ApplicationError:
    """The error with which a contact ends."""
    with pytest.raises(ApplicationError) as caught:
        worker.contact(a_contact(case, channel))
    return caught.value


def states(worker: Worker, case: OpenCase) -> list[str]:
    return [row.state for row in worker.ledger.contacts(case.invoice_id)]


@pytest.mark.parametrize("mode", LOST)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_whose_answer_was_lost_is_not_sent_twice(
    world: ProviderWorld, worker: Worker, channel: Channel, mode: Mode
) -> None:
    """It was accepted but nobody told us: e-mail and SMS are found, the application knows the notice's key."""
    case = open_case(worker)
    world.faults.add(PROVIDER[channel], "POST", mode)

    error = fails(worker, case, channel)
    outcome = worker.contact(a_contact(case, channel))

    assert ("ProviderTrouble", False) == (error.type, error.non_retryable)
    assert ContactState.SENT == outcome.state
    assert outcome.provider_id
    assert 1 == len(contacts(world, case))
    assert ["sent"] == states(worker, case)


def test_without_email_activity_a_lost_answer_stays_unknown(world: ProviderWorld, worker: Worker) -> None:
    """Nobody can tell whether it went out: the customer rather misses one message than gets it twice."""
    case = open_case(worker)
    blind = worker.restarted(**NO_ACTIVITY)
    world.faults.add("sendgrid", "POST", "timeout_after")

    fails(blind, case)
    outcomes = [blind.contact(a_contact(case)) for _ in range(2)]

    assert [ContactState.UNKNOWN] * 2 == [outcome.state for outcome in outcomes]
    assert 1 == len(contacts(world, case))
    assert ["unknown"] == states(worker, case)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_that_was_never_taken_is_sent_by_the_next_run(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    """The look-up finds nothing: it is sent, once."""
    case = open_case(worker)
    world.faults.add(PROVIDER[channel], "POST", "500")

    error = fails(worker, case, channel)

    assert "ProviderTrouble" == error.type
    assert ContactState.SENT == worker.contact(a_contact(case, channel)).state
    assert 1 == len(contacts(world, case))


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_busy_provider_is_asked_again_after_its_own_delay(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    """429 says that nothing was sent: the next run sends it, also where nothing can be looked up."""
    case = open_case(worker)
    blind = worker.restarted(**NO_ACTIVITY)
    world.faults.add(PROVIDER[channel], "POST", "429", retry_after=23, times=2)

    errors = [fails(blind, case, channel) for _ in range(2)]
    waiting = states(worker, case)
    outcome = blind.contact(a_contact(case, channel))

    assert [("ProviderTrouble", timedelta(seconds=23))] * 2 == [(e.type, e.next_retry_delay) for e in errors]
    assert ["failed"] == waiting
    assert ContactState.SENT == outcome.state
    assert outcome == blind.contact(a_contact(case, channel))
    assert 1 == len(contacts(world, case))
    assert ["sent"] == states(worker, case)
    assert [f"{channel.value} failed", f"{channel.value} sent"] == [
        line.what for line in worker.ledger.record(case.invoice_id)
    ]


def test_a_message_that_failed_is_written_anew(world: ProviderWorld, worker: Worker) -> None:
    """Between two tries the customer paid a part: what the ledger keeps is what was sent."""
    case = open_case(worker)
    world.faults.add("sendgrid", "POST", "429")
    fails(worker, case)
    world.stripe.customer_pays(case.invoice_id, 500)

    worker.contact(a_contact(case))

    (row,) = worker.ledger.contacts(case.invoice_id)
    assert "$14.99" in row.text
    assert "$19.99" not in row.subject


def test_a_lost_answer_is_found_although_the_amount_has_changed(world: ProviderWorld, worker: Worker) -> None:
    """SMS are looked up by their text: by the one that was sent, not by what it would be now."""
    case = open_case(worker)
    world.faults.add("twilio", "POST", "timeout_after")
    fails(worker, case, Channel.SMS)
    world.stripe.customer_pays(case.invoice_id, 500)

    outcome = worker.contact(a_contact(case, Channel.SMS))

    assert ContactState.SENT == outcome.state
    assert 1 == len(contacts(world, case))


def test_a_lost_answer_was_looked_for_at_the_number_that_came_since(world: ProviderWorld, worker: Worker) -> None:
    """Nothing was found there, and the customer had the same text twice, on two telephones."""
    case = open_case(worker)
    world.faults.add("twilio", "POST", "timeout_after")
    fails(worker, case, Channel.SMS)
    world.stripe.update_customer(case.customer_id, phone="+14155550199")

    outcome = worker.contact(a_contact(case, Channel.SMS))

    assert (ContactState.SENT, 1) == (outcome.state, len(contacts(world, case)))


def test_a_message_that_is_written_anew_is_looked_up_by_its_new_text(world: ProviderWorld, worker: Worker) -> None:
    """The first try never arrived, the customer paid a part, the second one's answer was lost: still one message."""
    case = open_case(worker)
    world.faults.add("twilio", "POST", "500")
    fails(worker, case, Channel.SMS)
    world.stripe.customer_pays(case.invoice_id, 500)
    world.faults.add("twilio", "POST", "timeout_after")
    fails(worker, case, Channel.SMS)

    outcome = worker.contact(a_contact(case, Channel.SMS))

    (row,) = worker.ledger.contacts(case.invoice_id)
    assert (ContactState.SENT, 1) == (outcome.state, len(contacts(world, case)))
    assert "$14.99" in row.text


@pytest.mark.parametrize(
    ("channel", "setting", "wrong"),
    [
        (Channel.EMAIL, "SENDGRID_API_KEY", "SG.typo"),
        (Channel.SMS, "TWILIO_AUTH_TOKEN", "typo"),
        (Channel.NOTICE, "MERCHANT_WEBHOOK_SECRET", "typo"),
    ],
)
def test_a_wrong_key_is_for_an_operator_and_the_right_one_sends(
    world: ProviderWorld, worker: Worker, channel: Channel, setting: str, wrong: str
) -> None:
    """The sentence names the setting; after it is corrected the same step goes out, also without a look-up."""
    case = open_case(worker)

    error = fails(worker.restarted(**{setting: wrong}), case, channel)
    outcome = worker.restarted(**NO_ACTIVITY).contact(a_contact(case, channel))

    assert ("ProviderMisuse", True) == (error.type, error.non_retryable)
    assert setting in error.message
    assert ContactState.SENT == outcome.state
    assert 1 == len(contacts(world, case))
    assert ["sent"] == states(worker, case)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("trouble", ["429", "500"])
def test_a_look_up_that_fails_tells_nothing_about_the_message(
    world: ProviderWorld, worker: Worker, channel: Channel, trouble: str
) -> None:
    """A message that may have gone out is not sent again because the question about it was turned away."""
    case = open_case(worker)
    world.faults.add(PROVIDER[channel], "POST", "timeout_after")
    fails(worker, case, channel)
    world.faults.add(PROVIDER[channel], "GET", trouble)

    error = fails(worker, case, channel)
    outcome = worker.contact(a_contact(case, channel))

    assert "ProviderTrouble" == error.type
    assert ContactState.SENT == outcome.state
    assert 1 == len(contacts(world, case))
    assert ["sent"] == states(worker, case)


@pytest.mark.parametrize(
    ("channel", "setting"), [(Channel.EMAIL, "SENDGRID_API_KEY"), (Channel.SMS, "TWILIO_AUTH_TOKEN")]
)
def test_a_look_up_with_a_wrong_key_tells_nothing_about_the_message(
    world: ProviderWorld, worker: Worker, channel: Channel, setting: str
) -> None:
    """The key was changed between the lost answer and the look-up."""
    case = open_case(worker)
    world.faults.add(PROVIDER[channel], "POST", "timeout_after")
    fails(worker, case, channel)

    error = fails(worker.restarted(**{setting: "typo"}), case, channel)
    outcome = worker.contact(a_contact(case, channel))

    assert "ProviderMisuse" == error.type
    assert ContactState.SENT == outcome.state
    assert 1 == len(contacts(world, case))
    assert ["sent"] == states(worker, case)
