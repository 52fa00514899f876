"""Several unpaid invoices of one customer are one conversation: one message names them, each case records it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.finals import final_today
from domain.kinds.message import ContactOutcome, ContactState, ContactTask
from domain.rules.contacts import ContactCaps
from domain.steps import TEXTS, WRITTEN, Access, Channel
from runtime import wiring
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    AS_OF,
    OpenCase,
    Worker,
    a_contact,
    a_decision,
    a_final_notice,
    an_access,
    another_invoice,
    contacts,
    mails,
    open_case,
    texts,
)

CHANNELS = list(WRITTEN)
HOUR = timedelta(hours=1)
FINAL_DAY = datetime(2026, 12, 17, 16, tzinfo=UTC)
"""Day 21 of a case of these builders, in New York's morning."""


def two_invoices(worker: Worker) -> tuple[OpenCase, OpenCase]:
    first = open_case(worker)
    second = another_invoice(worker, first)
    for case in (first, second):
        worker.ledger.mark_open(case.invoice_id)
    return first, second


def later(task: ContactTask, by: timedelta = HOUR) -> ContactTask:
    return task.model_copy(update={"as_of": AS_OF + by})


def said_with(outcome: ContactOutcome) -> tuple[ContactState, str | None]:
    return outcome.state, outcome.said_with


def capped(task: ContactTask, per_week: int, distance: timedelta = timedelta(0)) -> ContactTask:
    caps = ContactCaps(per_week=per_week, distance=distance, policy="standard@1")
    return task.model_copy(update={"caps": caps})


@pytest.mark.parametrize("channel", CHANNELS)
def test_one_message_names_both_invoices_and_each_case_records_it(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    """The second case says nothing by itself: its step is done, and its record says with what."""
    first, second = two_invoices(worker)

    outcomes = [worker.contact(a_contact(first, channel)), worker.contact(later(a_contact(second, channel)))]

    (row,) = worker.ledger.contacts(first.invoice_id)
    assert [(ContactState.SENT, None), (ContactState.SENT, first.invoice_id)] == [*map(said_with, outcomes)]
    assert (1, []) == (len(contacts(world, first)), contacts(world, second))
    assert (second.invoice_id,) == row.names
    invoice = world.stripe.get(second.invoice_id)
    if channel in TEXTS:
        assert "2 unpaid invoices in all, $39.98." in row.text
    else:
        assert invoice["number"] in row.text
        # A letter is for the hand: it has one address to open, which leads to the invoice that it is about.
        assert (invoice["hosted_invoice_url"] in row.text) is (channel is not Channel.LETTER)
    (line,) = worker.ledger.record(second.invoice_id)
    assert f"{channel.value} said with {first.invoice_id}" == line.what
    assert [] == worker.ledger.contacts(second.invoice_id)


def test_only_what_may_be_spoken_of_now_is_named(world: ProviderWorld, worker: Worker) -> None:
    """Not what is paid, with an agency, on hold, or has its payment on its way; all of it read right before."""
    first, paid = two_invoices(worker)
    opening, owed = another_invoice(worker, first), another_invoice(worker, first, same_subscription=False)
    worker.ledger.mark_open(owed.invoice_id)
    world.stripe.customer_pays(paid.invoice_id)

    worker.contact(a_contact(first))

    (row,) = worker.ledger.contacts(first.invoice_id)
    assert (owed.invoice_id,) == row.names
    for silent in (paid, opening):
        assert world.stripe.get(silent.invoice_id)["number"] not in row.text


def test_a_payment_in_between_is_not_asked_for_again(world: ProviderWorld, worker: Worker) -> None:
    """The second invoice was paid after the message that names it: its own step finds that first."""
    first, second = two_invoices(worker)
    worker.contact(a_contact(first))
    world.stripe.customer_pays(second.invoice_id)

    assert ContactState.STOPPED is worker.contact(later(a_contact(second))).state


def the_final_notice(worker: Worker, case: OpenCase, channel: Channel) -> ContactTask:
    """As the case would send it on its day."""
    situations = wiring.situations(worker.settings, worker.ledger)
    now = situations.of(case.invoice_id, FINAL_DAY)
    facts = final_today(now, channel) if now else None
    assert facts
    return a_contact(case, channel, step=f"d21-remind-{channel}-final", facts=facts, as_of=FINAL_DAY)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_two_final_notices_of_one_day_are_one_that_says_so(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    """Both invoices end on one day, in one way: the second one's step is done with the first one's message."""
    first, second = two_invoices(worker)
    for case in (first, second):
        worker.decide(a_decision(worker, case))
    tasks = [the_final_notice(worker, case, channel) for case in (first, second)]

    outcomes = [worker.contact(task) for task in tasks]

    (row,) = worker.ledger.contacts(first.invoice_id)
    assert [(ContactState.SENT, None), (ContactState.SENT, first.invoice_id)] == [*map(said_with, outcomes)]
    assert (second.invoice_id,) == (row.said.also_final if row.said else None)
    assert [] == contacts(world, second)
    number = world.stripe.get(second.invoice_id)["number"]
    if channel in TEXTS:
        assert f"Same for {number}." in row.text
    else:
        _, _, listed = row.text.partition("This is the final notice for these invoices as well:")
        assert number in listed
        assert "If any invoice of this final notice is still unpaid on December 24, 2026" in row.text
        assert "You also have these unpaid invoices" not in row.text


def test_a_final_notice_that_comes_another_day_is_sent_by_itself(world: ProviderWorld, worker: Worker) -> None:
    """The other case was opened three days later."""
    first, second = two_invoices(worker)
    worker.decide(a_decision(worker, first))
    younger = a_decision(worker, second)
    facts = younger.case.facts.model_copy(update={"opened_at": AS_OF + timedelta(days=3)})
    worker.decide(younger.model_copy(update={"case": younger.case.model_copy(update={"facts": facts})}))

    worker.contact(the_final_notice(worker, first, Channel.EMAIL))

    (row,) = worker.ledger.contacts(first.invoice_id)
    assert row.said
    assert () == row.said.also_final
    assert "You also have these unpaid invoices:" in row.text


def test_a_final_notice_of_a_case_that_cannot_be_read_is_sent_by_itself(world: ProviderWorld, worker: Worker) -> None:
    """Its own date and consequence are in no other message; it names the other invoice."""
    first, second = two_invoices(worker)

    outcomes = [worker.contact(a_final_notice(first)), worker.contact(later(a_final_notice(second)))]

    assert [(ContactState.SENT, None)] * 2 == [*map(said_with, outcomes)]
    assert world.stripe.get(first.invoice_id)["number"] in str(mails(world, second)[-1].text)


def test_a_day_later_it_is_said_again(world: ProviderWorld, worker: Worker) -> None:
    """And then names the first."""
    first, second = two_invoices(worker)
    worker.contact(a_contact(first))

    outcome = worker.contact(later(a_contact(second), 24 * HOUR))

    assert (ContactState.SENT, None) == said_with(outcome)
    assert 2 == len(mails(world, first))


def test_two_workers_at_once_send_one_message(world: ProviderWorld, worker: Worker) -> None:
    """While the first is on its way the second waits, and is tried again by its activity."""
    first, second = two_invoices(worker)
    slow = world.faults.add("sendgrid", "POST", Mode.HOLD_BEFORE)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(worker.contact, a_contact(first))
        assert slow.reached.wait(timeout=30)
        with pytest.raises(ApplicationError, match="on its way") as caught:
            worker.contact(a_contact(second))
        slow.release()
        sending.result(timeout=30)

    assert ("ProviderTrouble", False) == (caught.value.type, caught.value.non_retryable)
    assert (ContactState.SENT, first.invoice_id) == said_with(worker.contact(a_contact(second)))
    assert 1 == len(mails(world, first))


def test_a_message_that_failed_says_nothing_for_others(world: ProviderWorld, worker: Worker) -> None:
    """The provider did not take it: the other case speaks for both."""
    first, second = two_invoices(worker)
    world.faults.add("sendgrid", "POST", "429")
    with pytest.raises(ApplicationError):
        worker.contact(a_contact(first))

    assert (ContactState.SENT, None) == said_with(worker.contact(a_contact(second)))
    assert (ContactState.SENT, second.invoice_id) == said_with(worker.contact(a_contact(first)))


def test_what_one_case_says_of_the_access_is_what_the_other_restricts(world: ProviderWorld, worker: Worker) -> None:
    """The service is read-only for another invoice: nobody is told that it will be limited."""
    first, second = two_invoices(worker)
    worker.set_access(an_access(second, Access.READ_ONLY))

    worker.contact(a_contact(first))

    (mail,) = mails(world, first)
    assert "account is read-only at the moment" in str(mail.text)
    assert "Full access returns once all unpaid invoices are paid." in str(mail.text)


def test_all_messages_name_the_first_date_of_a_restriction(world: ProviderWorld, worker: Worker) -> None:
    """The older invoice restricts on the 5th: the younger one's message does not speak of the 9th."""
    first, second = two_invoices(worker)
    tasks = []
    for case, day in ((first, 5), (second, 9)):
        task = a_contact(case)
        facts = task.facts.model_copy(update={"restricts_on": date(2026, 12, day)})
        tasks.append(task.model_copy(update={"facts": facts}))

    worker.contact(tasks[0])
    worker.contact(later(tasks[1], 24 * HOUR))

    both = [str(mail.text) for mail in mails(world, first)]
    assert [True, True] == [
        "is limited from December 5, 2026 for as long as any of your invoices is unpaid" in text for text in both
    ]


@pytest.mark.parametrize(
    ("per_week", "distance", "until"),
    [(1, timedelta(0), AS_OF + timedelta(days=7)), (9, timedelta(hours=4), AS_OF + timedelta(hours=4))],
)
def test_a_message_waits_for_room_in_the_customers_contacts(
    world: ProviderWorld, worker: Worker, per_week: int, distance: timedelta, until: object
) -> None:
    """A text message about the other invoice, an hour after an e-mail about the first: it stays to be done."""
    first, second = two_invoices(worker)
    worker.contact(capped(a_contact(first), per_week, distance))

    outcome = worker.contact(capped(later(a_contact(second, Channel.SMS)), per_week, distance))

    assert ContactState.POSTPONED is outcome.state
    assert outcome.postponed is not None
    assert (until, "contacts@standard@1") == (outcome.postponed.until, outcome.postponed.rule)
    assert [] == texts(world, second)
    (line,) = worker.ledger.record(second.invoice_id)
    assert line.what.startswith("postponed to ")


def test_two_customer_records_of_one_inbox_were_written_to_twice_as_often(world: ProviderWorld, worker: Worker) -> None:
    """Policy and law protect whoever reads it; what is said stays each customer's own."""
    first, second = open_case(worker), open_case(worker)
    worker.world.stripe.update_customer(second.customer_id, email=first.email)
    worker.contact(capped(a_contact(first), 1))

    outcome = worker.contact(capped(later(a_contact(second)), 1))

    assert ContactState.POSTPONED is outcome.state
    assert [] == mails(world, second)
    [row] = worker.ledger.contacts(first.invoice_id)
    assert (first.email, ()) == (row.address, row.names)
