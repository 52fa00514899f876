"""What one contact does when nothing goes wrong on the way: once, true when it is sent, and only where it may go."""

import re

import pytest

from domain.invoice import InvoiceState
from domain.kinds.message import ContactState
from domain.rules.lawful_words import LawfulWords
from domain.steps import WRITTEN, Channel
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    AS_OF,
    BROKE,
    NAME,
    Worker,
    a_charge,
    a_contact,
    a_final_notice,
    contacts,
    mails,
    open_case,
    texts,
    usd,
)
from tests.cases import a_closure
from tests.gateways.stripe_cases import watched

CHANNELS = list(WRITTEN)


def test_an_email_goes_to_the_customer_with_both_parts(world: ProviderWorld, worker: Worker) -> None:
    """Name, amount, invoice number, next date and pay link; the key travels with it."""
    case = open_case(worker)
    invoice = world.stripe.get(case.invoice_id)

    outcome = worker.contact(a_contact(case))

    (mail,) = mails(world, case)
    assert (ContactState.SENT, InvoiceState.OPEN, usd(1999)) == (
        outcome.state,
        outcome.invoice.state,
        outcome.invoice.remaining,
    )
    assert mail.message_id == outcome.provider_id
    assert {"dunning_key": f"dun:{case.invoice_id}:day3-email:email"} == mail.custom_args
    assert [mail.html] == [row.html for row in worker.ledger.contacts(case.invoice_id)]
    for part in (mail.text, mail.html):
        assert part is not None
        for said in (NAME, "$19.99", invoice["number"], "again on November 28", invoice["hosted_invoice_url"]):
            assert said in part


def test_a_text_message_goes_to_the_customers_number(world: ProviderWorld, worker: Worker) -> None:
    """Amount and pay link; the key travels in the status callback only."""
    case = open_case(worker)

    outcome = worker.contact(a_contact(case, Channel.SMS))

    (text,) = texts(world, case)
    assert (ContactState.SENT, text.sid) == (outcome.state, outcome.provider_id)
    assert {"dunning_key": f"dun:{case.invoice_id}:day3-sms:sms"} == text.callback_params
    assert "$19.99" in text.body
    assert world.stripe.get(case.invoice_id)["hosted_invoice_url"] in text.body


def test_a_notice_goes_to_the_merchants_application(world: ProviderWorld, worker: Worker) -> None:
    """The application gets subject, text and whom it is for; no address."""
    case = open_case(worker)

    outcome = worker.contact(a_contact(case, Channel.NOTICE))

    (notice,) = world.merchant.notices(case.customer_id)
    assert ContactState.SENT == outcome.state
    assert {"type", "customer", "subject", "text"} == set(notice)
    assert "$19.99" in notice["text"]


@pytest.mark.parametrize("what", ["the card was detached", "another card came", "the subscription ended"])
def test_nothing_is_sent_about_an_invoice_that_is_another_by_now(
    world: ProviderWorld, worker: Worker, what: str
) -> None:
    """The event is late or lost. What was read goes back, and a task that carries it is sent."""
    case = open_case(worker)
    known = worker.contact(a_contact(case, Channel.NOTICE)).invoice
    assert case.card is not None
    match what:
        case "the card was detached":
            world.stripe.detach(case.card)
        case "another card came":
            world.stripe.add_card(case.customer_id, fingerprint=f"other {case.customer_id}")
        case _:
            world.stripe.cancel_subscription(case.subscription_id)

    outcome = worker.contact(a_contact(case, invoice=known))

    assert (ContactState.STOPPED, 0) == (outcome.state, len(mails(world, case)))
    assert outcome.stopped is not None
    assert ("invoice-changed", AS_OF) == (outcome.stopped.rule, outcome.stopped.until)
    again = worker.contact(a_contact(case, invoice=known.known_with(outcome.invoice)))
    assert (ContactState.SENT, 1) == (again.state, len(mails(world, case)))


def test_a_contact_asks_stripe_once(world: ProviderWorld, worker: Worker) -> None:
    """What is due now, and the pay link. Why the last charge failed the case knows already."""
    case = open_case(worker, BROKE)
    worker.charge(a_charge(case))

    with watched(world) as requests:
        outcome = worker.contact(a_contact(case))

    assert ContactState.SENT == outcome.state
    assert [f"GET /v1/invoices/{case.invoice_id}"] == requests


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_was_said_is_kept_word_by_word(world: ProviderWorld, worker: Worker, channel: Channel) -> None:
    """The ledger has the text, the timeline that it was sent and why."""
    case = open_case(worker)

    outcome = worker.contact(a_contact(case, channel))

    (row,) = worker.ledger.contacts(case.invoice_id)
    (line,) = worker.ledger.record(case.invoice_id)
    assert ("sent", outcome.provider_id, AS_OF) == (row.state, row.provider_id, row.as_of)
    assert "$19.99" in row.text
    assert (f"{channel.value} sent", "friendly message on day 3", AS_OF) == (line.what, line.why, line.at)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_contact_that_runs_twice_is_made_once(world: ProviderWorld, worker: Worker, channel: Channel) -> None:
    """The second run finds the first one's answer in the ledger."""
    case = open_case(worker)

    first, second = (worker.contact(a_contact(case, channel)) for _ in range(2))

    assert first == second
    assert [f"dun:{case.invoice_id}:day3-{channel.value}:{channel.value}"] == contacts(world, case)
    assert 1 == len(worker.ledger.record(case.invoice_id))


def test_the_next_step_is_another_message(world: ProviderWorld, worker: Worker) -> None:
    """Once per step and channel, not once per case."""
    case = open_case(worker)

    worker.contact(a_contact(case))
    worker.contact(a_final_notice(case))

    assert [f"dun:{case.invoice_id}:day{day}-email:email" for day in (3, 21)] == contacts(world, case)


@pytest.mark.parametrize("channel", CHANNELS)
def test_nobody_is_written_to_about_an_invoice_that_is_not_open(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    """The customer paid after the step was planned."""
    case = open_case(worker)
    world.stripe.customer_pays(case.invoice_id)

    outcome = worker.contact(a_contact(case, channel))

    assert (ContactState.STOPPED, InvoiceState.PAID, usd(0)) == (
        outcome.state,
        outcome.invoice.state,
        outcome.invoice.remaining,
    )
    assert [] == contacts(world, case)
    assert [] == worker.ledger.contacts(case.invoice_id)


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_amount_is_the_one_at_the_time_of_sending(world: ProviderWorld, worker: Worker, channel: Channel) -> None:
    """A part payment after the step was planned: the message names what remains, not what was due."""
    case = open_case(worker)
    task = a_contact(case, channel)
    world.stripe.customer_pays(case.invoice_id, 500)

    outcome = worker.contact(task)

    (row,) = worker.ledger.contacts(case.invoice_id)
    assert usd(1499) == outcome.invoice.remaining
    assert "$14.99" in row.text


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("paid", "to_agency"), [(499, True), (500, False)])
def test_the_consequence_is_that_of_the_amount_at_the_time_of_sending(
    world: ProviderWorld, worker: Worker, channel: Channel, paid: int, to_agency: bool
) -> None:
    """A part payment that the case has not heard of leaves too little for the agency: nobody is threatened with it."""
    case = open_case(worker)
    task = a_final_notice(case, channel)
    facts = task.facts.model_copy(update={"agency_from": usd(1500)})
    world.stripe.customer_pays(case.invoice_id, paid)

    worker.contact(task.model_copy(update={"facts": facts}))

    (row,) = worker.ledger.contacts(case.invoice_id)
    assert to_agency is ("collections" in row.text)
    assert to_agency is not bool(re.search("close (it|the invoice) as unpaid|invoice is closed", row.text))


def test_the_link_is_the_one_at_the_time_of_sending(world: ProviderWorld, worker: Worker) -> None:
    """A pay link that was renewed after the step was planned is the one that the customer gets."""
    case = open_case(worker)
    task = a_contact(case)
    with world.lock:
        world.stripe.store.objects[case.invoice_id]["hosted_invoice_url"] = "https://pay.example/renewed"

    worker.contact(task)

    (mail,) = mails(world, case)
    assert "https://pay.example/renewed" in (mail.text or "")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_closed_channel_is_not_used(world: ProviderWorld, worker: Worker, channel: Channel) -> None:
    """An opt-out that the ledger knows stops the message, and the timeline says why."""
    case = open_case(worker)
    worker.ledger.close_channel(a_closure(case.customer_id, channel, "opted out", f"evt_{case.invoice_id}", AS_OF))

    outcomes = [worker.contact(a_contact(case, channel)) for _ in range(2)]

    why = "opted out"  # as it stands: the case has to know a wish as one
    assert [(ContactState.UNREACHABLE, why)] * 2 == [(outcome.state, outcome.why) for outcome in outcomes]
    assert [] == contacts(world, case)
    assert [(f"{channel.value} unreachable", why)] == [
        (line.what, line.why) for line in worker.ledger.record(case.invoice_id)
    ]


@pytest.mark.parametrize(
    ("channel", "why"),
    [(Channel.EMAIL, "no e-mail address is known"), (Channel.SMS, "no phone number is known")],
)
def test_a_customer_without_an_address_is_unreachable_there(
    world: ProviderWorld, worker: Worker, channel: Channel, why: str
) -> None:
    """The case can go on by the fallback channel; the timeline says why."""
    case = open_case(worker, email=False, phone=False)

    outcome = worker.contact(a_contact(case, channel))

    assert (ContactState.UNREACHABLE, why) == (outcome.state, outcome.why)
    assert [] == contacts(world, case)
    assert [why] == [line.why for line in worker.ledger.record(case.invoice_id)]


def test_a_number_that_opted_out_at_twilio_is_unreachable(world: ProviderWorld, worker: Worker) -> None:
    """Twilio knows a STOP before we do (21610): the sentence does not repeat the number, nor is it tried again."""
    case = open_case(worker)
    assert case.phone is not None
    world.twilio.opt_out(case.phone)

    first = worker.contact(a_contact(case, Channel.SMS))
    asked = world.faults.add("twilio", "POST", "500")
    second = worker.contact(a_contact(case, Channel.SMS))

    assert (ContactState.UNREACHABLE, "The customer opted out of text messages (STOP).") == (first.state, first.why)
    assert (ContactState.UNREACHABLE, 0) == (second.state, asked.hits)
    assert case.phone not in second.why
    assert ["unreachable"] == [row.state for row in worker.ledger.contacts(case.invoice_id)]
    assert ["sms unreachable"] == [line.what for line in worker.ledger.record(case.invoice_id)]


def test_what_the_law_of_the_place_wants_named_is_added_or_nothing_is_sent(
    world: ProviderWorld, worker: Worker
) -> None:
    """The text that was sent is the one in the ledger."""
    case = open_case(worker)
    stop = LawfulWords(rule="us-sms-words@2023-05-01", names=("sender", "opt_out"))
    unheard = LawfulWords(rule="xx-words@2020-01-01", names=("deadline",))

    sent = worker.contact(a_contact(case, Channel.SMS, words=(stop,)))
    refused = worker.contact(a_contact(case, words=(stop, unheard)))

    assert (ContactState.SENT, ContactState.REFUSED) == (sent.state, refused.state)
    (text,) = texts(world, case)
    assert text.body.endswith("STOP ends texts.")
    assert [text.body] == [row.text for row in worker.ledger.contacts(case.invoice_id)]
    assert "xx-words@2020-01-01" in [line.rule for line in worker.ledger.record(case.invoice_id)]
