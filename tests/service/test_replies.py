"""What customers write back, and whom it binds: the number, the person, or nobody."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from domain.calls import TaskState
from domain.case import CaseStatus
from domain.events import ContactReported
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.provider_facts import CustomerWrote, Wish
from sandbox.providers.world import ProviderWorld
from service.answers import answers_to
from service.contact_news import of_reply
from service.intake import Intake
from service.news import Told
from service.opening import Taken
from tests.cases import OPENED_AT, a_failed_invoice, failed
from tests.gateways.ledger.builders import a_case, a_customer
from tests.service.test_call_results import a_call
from tests.told import told

NUMBER = "+14155550123"


def an_answer(words: str, wish: Wish | None, minute: int = 0) -> CustomerWrote:
    said = {"provider": "twilio", "event_type": "message.received", "channel": Channel.SMS, "address": NUMBER}
    at = OPENED_AT + timedelta(minutes=minute)
    return CustomerWrote(**said, event_id=f"SM-{wish}-{minute}", text=words, wish=wish, at=at)


async def two_with_one_number(world: ProviderWorld, intake: Intake) -> list[str]:
    """Their customers, each with an open case."""
    people = [a_failed_invoice(world, phone=NUMBER, country="US") for _ in range(2)]
    for invoice, _ in people:
        await intake.take_event(failed(world, invoice))
    return [customer for _, customer in people]


async def test_a_stop_on_a_shared_number_held_for_the_first_of_two_accounts_at_a_new_number(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    """Which of them it was nobody knows, and mostly both are one person."""
    customers = await two_with_one_number(world, intake)
    await intake.take(an_answer("STOP", Wish.STOP))
    for customer in customers:
        world.stripe.update_customer(customer, phone="+14155550188")
        await intake.take_event(world.stripe.last_event("customer.updated", customer))

    assert [{Channel.SMS: "opted out"}] * 2 == [ledger.closed_channels(each) for each in customers]


async def test_who_had_stopped_an_old_number_wrote_start_from_a_new_one_and_was_not_heard(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    """The person takes their wish back. The old number may be somebody else's: it stays stopped."""
    moved, stayed = await two_with_one_number(world, intake)
    await intake.take(an_answer("STOP", Wish.STOP))
    world.stripe.update_customer(moved, phone="+14155550188")
    await intake.take_event(world.stripe.last_event("customer.updated", moved))
    start = an_answer("START", Wish.START, 1).model_copy(update={"address": "+14155550188"})

    for _ in range(2):
        of_reply(ledger, start)

    assert ({}, {Channel.SMS: "opted out"}) == (ledger.closed_channels(moved), ledger.closed_channels(stayed))
    world.stripe.update_customer(moved, phone=NUMBER)
    await intake.take_event(world.stripe.last_event("customer.updated", moved))
    assert {Channel.SMS: "opted out"} == ledger.closed_channels(moved)
    assert ["start"] == [one.source for one in ledger.opt_ins(moved)]


@pytest.mark.parametrize(
    ("words", "wish", "taken"),
    [
        ("STOP", Wish.STOP, Taken.KEPT),
        ("Wrong number!", Wish.WRONG_NUMBER, Taken.KEPT),
        ("Do not call", Wish.NO_CALLS, Taken.KEPT),
        ("START", Wish.START, Taken.IGNORED),
        ("Hello", Wish.HELP, Taken.IGNORED),
    ],
)
async def test_of_a_number_that_nobody_has_only_what_closes_it_is_kept(
    intake: Intake, words: str, wish: Wish, taken: Taken
) -> None:
    assert taken is await intake.take(an_answer(words, wish))


async def test_who_names_calls_only_is_called_at_no_number_and_texted_as_before(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger, clock: Callable[[], datetime]
) -> None:
    """The call that waits is withdrawn, and a START brings no calls back."""
    call, invoice, customer = await a_call(world, intake, ledger, clock())
    said = {"address": ledger.address(customer).phone}
    told = of_reply(ledger, an_answer("Do not call me", Wish.NO_CALLS).model_copy(update=said))
    of_reply(ledger, an_answer("START", Wish.START, 1).model_copy(update=said))
    row = ledger.call_task(call)
    ledger.customer_set(customer, {"phone": "+66811112222"})

    assert row
    assert (TaskState.WITHDRAWN, "nobody is called: opted out") == (row.state, row.end_why)
    assert {Channel.PHONE: "opted out"} == ledger.closed_channels(customer)
    assert [(Channel.PHONE, "opted_out")] == [(one.channel, one.result) for one in reports(told)]
    case = ledger.case(invoice)
    assert case
    assert (
        "no more calls; messages go on" == answers_to(ledger, case.model_copy(update={"opened_at": OPENED_AT}))[0].did
    )


async def test_who_wants_neither_texts_nor_calls_closes_both_and_the_case_hears_of_each(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    customer = (await two_with_one_number(world, intake))[0]
    told = reports(of_reply(ledger, an_answer("stop texting and calling", Wish.NO_CONTACT)))

    assert {Channel.SMS: "opted out", Channel.PHONE: "opted out"} == ledger.closed_channels(customer)
    assert 2 == len({one.event_id for one in told})
    assert {Channel.SMS, Channel.PHONE} == {one.channel for one in told}


async def test_a_wish_without_calls_on_line_is_the_persons(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    user = "U" + "ab" * 16
    invoice, customer = a_failed_invoice(world, phone=NUMBER, metadata={"line_user_id": user})
    await intake.take_event(failed(world, invoice))
    said = {"channel": Channel.LINE, "address": user, "provider": "line"}
    of_reply(ledger, an_answer("อย่าโทรมา", Wish.NO_CALLS).model_copy(update=said))

    assert {Channel.PHONE: "opted out"} == ledger.closed_channels(customer)


@pytest.mark.parametrize(
    ("words", "wish", "why"),
    [
        ("I can't pay until Friday", None, "no word that is understood"),
        ("Yes", Wish.YES, "no word that is understood"),
        ("cancel", Wish.STOP, "may mean the subscription"),
        ("STOP", Wish.STOP, None),
        ("Do not call me", Wish.NO_CALLS, None),
        ("HELP", Wish.HELP, None),
    ],
)
async def test_what_nobody_obeys_by_itself_woke_nobody(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger, words: str, wish: Wish | None, why: str | None
) -> None:
    """Once for each answer and case, also when it is taken again; and the words stay here."""
    customers = await two_with_one_number(world, intake)
    for _ in range(2):
        of_reply(ledger, an_answer(words, wish))
    cases = [case for customer in customers for case in ledger.open_cases_of(customer)]
    found = [[one for one in told(ledger, case.invoice_id) if one.type == "customer.wrote"] for case in cases]

    assert [1 if why else 0] * 2 == [len(each) for each in found]
    for [event] in found if why else ():
        assert ("sms", f"SM-{wish}-0") == (event.data["channel"], event.data["reply"])
        assert why
        assert why in event.data["why"]
        assert words not in str(event.data)


def reports(told: Told) -> list[ContactReported]:
    return [fact for _, _, fact in told if isinstance(fact, ContactReported)]


async def test_what_a_customer_without_an_open_case_writes_is_kept(intake: Intake, ledger: SqlLedger) -> None:
    ledger.open_case(a_case(customer_id="cus_1", status=CaseStatus.CLOSED), a_customer(phone=NUMBER), "")

    assert Taken.KEPT is await intake.take(an_answer("START", Wish.START))
    assert ["start"] == [one.source for one in ledger.opt_ins("cus_1")]


async def test_a_wrong_number_is_closed_to_everybody_and_follows_nobody(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    """A stranger's answer: the customer never opted out, and what was sent there has not arrived. WhatsApp leads to the
    same telephone."""
    customer, other = await two_with_one_number(world, intake)
    told = of_reply(ledger, an_answer("Wrong number!", Wish.WRONG_NUMBER))
    world.stripe.update_customer(other, phone="+14155550188")
    await intake.take_event(world.stripe.last_event("customer.updated", other))

    closed = dict.fromkeys((Channel.SMS, Channel.WHATSAPP, Channel.PHONE), "invalid address")
    assert (closed, {}) == (ledger.closed_channels(customer), ledger.closed_channels(other))
    assert ["invalid_address"] * 2 == [fact.result for _, _, fact in told if isinstance(fact, ContactReported)]
    assert [] == ledger.opt_outs(customer)


async def test_a_yes_to_another_question_was_kept_as_a_consent(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    customer, _ = await two_with_one_number(world, intake)
    await intake.take(an_answer("Yes", Wish.YES))
    assert [] == ledger.opt_ins(customer)

    await intake.take(an_answer("STOP", Wish.STOP, 1))
    await intake.take(an_answer("Yes", Wish.YES, 2))
    assert (1, {}) == (len(ledger.opt_ins(customer)), ledger.closed_channels(customer))


async def test_a_start_that_was_sent_before_a_stop_and_taken_after_it_opens_nothing(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    """Each is of when it came in, however long the inbox had to wait."""
    invoice, customer = a_failed_invoice(world, phone=NUMBER, country="US")
    await intake.take_event(failed(world, invoice))
    said = {"provider": "twilio", "event_type": "message.received", "channel": Channel.SMS, "address": NUMBER}
    start, stop = (
        CustomerWrote(**said, event_id=f"SM-{wish}", text=wish, wish=wish, at=OPENED_AT + timedelta(minutes=minute))
        for minute, wish in enumerate((Wish.START, Wish.STOP))
    )

    await intake.take(stop)
    await intake.take(start)

    assert "opted out" == ledger.closed_channels(customer)[Channel.SMS]


async def test_a_start_that_was_cut_off_tells_the_cases_when_it_is_taken_again(
    intake: Intake, world: ProviderWorld, ledger: SqlLedger
) -> None:
    invoice, customer = a_failed_invoice(world, phone=NUMBER, country="US")
    await intake.take_event(failed(world, invoice))
    said = {"provider": "twilio", "event_type": "message.received", "channel": Channel.SMS, "address": NUMBER}
    stop, start = (
        CustomerWrote(**said, event_id=f"SM-{wish}", text=wish, wish=wish, at=OPENED_AT + timedelta(minutes=minute))
        for minute, wish in enumerate((Wish.STOP, Wish.START))
    )
    await intake.take(stop)

    told = [of_reply(ledger, start), of_reply(ledger, start)]

    assert {} == ledger.closed_channels(customer)
    assert [[(invoice, "reopen_channel")]] * 2 == [[(case.invoice_id, name) for case, name, _ in one] for one in told]
