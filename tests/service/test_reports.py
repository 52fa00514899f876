"""Reports about contacts: they hold for the customer, also when the case that they name is over."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from domain.case import CaseStatus, Outcome
from domain.events import AgencyReport, ContactResult
from domain.money import Money
from domain.projection import Projection
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.provider_facts import ContactHeard
from sandbox.providers.world import ProviderWorld
from service.contact_news import of_contact
from service.intake import Intake
from service.reports import Heard, Reports
from service.requests import Refused, WrongRequest
from service.running import Ended, RunningCases
from service.starting import CaseStarter
from tests.cases import a_failed_invoice, failed, signals
from tests.gateways.ledger.builders import a_contact, reserve


@pytest.fixture
def reports(client: Client, ledger: SqlLedger, task_queue: str, clock: Callable[[], datetime]) -> Reports:
    return Reports(RunningCases(client, ledger), CaseStarter(client, task_queue, clock), ledger, clock)


async def an_ended_case(world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client) -> tuple[str, str]:
    """The ledger has its end, and Temporal runs it no more."""
    invoice, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    end = Projection(
        status=CaseStatus.CLOSED,
        stage="silent",
        remaining=Money(amount=0, currency="USD"),
        outcome=Outcome.RECOVERED,
        why="the invoice was paid in full",
    )
    ledger.decided(invoice, datetime.now(UTC), [], end, "{}")
    await client.get_workflow_handle(f"dunning-{invoice}").terminate()
    return invoice, customer


async def test_an_opt_out_closes_the_channel_and_is_told_to_the_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, reports: Reports
) -> None:
    invoice, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))

    heard = await reports.contact(invoice, Channel.SMS, ContactResult.OPTED_OUT, "crm-1")

    assert Heard.TOLD == heard
    assert {Channel.SMS: "opted out"} == ledger.closed_channels(customer)
    assert ["contact_reported"] == [name for name, _ in await signals(client, invoice)]


async def test_a_final_notice_that_bounced_did_not_arrive_for_the_other_invoice_either(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, reports: Reports
) -> None:
    """One message was the final notice of both."""
    invoice, customer = a_failed_invoice(world)
    other = world.stripe.fail_first_payment(customer, amount=2000, currency="usd")
    for each in (invoice, other):
        await intake.take_event(failed(world, each))
    said = MessageFacts(stage=Stage.FINAL, also_final=(other,))
    reserve(ledger, a_contact(invoice_id=invoice, step="d21-remind-email-final", stage="final", said=said), customer)

    await reports.contact(invoice, Channel.EMAIL, ContactResult.BOUNCED, "sg-1")
    await reports.contact(invoice, Channel.SMS, ContactResult.BOUNCED, "tw-1")
    await reports.contact(invoice, Channel.EMAIL, ContactResult.DELIVERED, "sg-2")

    assert ["sg-1"] == [told["event_id"] for _, told in await signals(client, other)]


async def test_its_provider_says_so_and_both_cases_are_told(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """By webhook as by hand; that it was delivered, only the case that sent it."""
    invoice, customer = a_failed_invoice(world)
    other = world.stripe.fail_first_payment(customer, amount=2000, currency="usd")
    for each in (invoice, other):
        await intake.take_event(failed(world, each))
    said = MessageFacts(stage=Stage.FINAL, also_final=(other,))
    row = a_contact(invoice_id=invoice, step="d21-remind-email-final", stage="final", said=said, key=f"dun:{invoice}:f")
    reserve(ledger, row, customer)

    def told(result: ContactResult) -> list[str]:
        at = datetime.now(UTC)
        fact = ContactHeard(
            provider="sendgrid",
            event_id=result.value,
            event_type=result.value,
            at=at,
            channel=Channel.EMAIL,
            result=result,
            key=row.key,
        )
        return [case.invoice_id for case, _, _ in of_contact(ledger, fact)]

    assert [[invoice, other], [invoice]] == [told(ContactResult.BOUNCED), told(ContactResult.DELIVERED)]


async def test_an_opt_out_on_an_ended_case_is_kept(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, reports: Reports
) -> None:
    """The customer said it to us, not to the case: their other cases do not write on this channel any more."""
    invoice, customer = await an_ended_case(world, intake, ledger, client)

    heard = await reports.contact(invoice, Channel.SMS, ContactResult.OPTED_OUT, "crm-1")

    assert Heard.KEPT == heard
    assert {Channel.SMS: "opted out"} == ledger.closed_channels(customer)


async def test_a_delivery_on_an_ended_case_changes_nothing(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, reports: Reports
) -> None:
    """It comes late now and then, and is no mistake of whoever reports it."""
    invoice, customer = await an_ended_case(world, intake, ledger, client)

    assert Heard.OVER == await reports.contact(invoice, Channel.EMAIL, ContactResult.DELIVERED, "crm-1")
    assert {} == ledger.closed_channels(customer)


async def test_an_agencys_payment_on_an_ended_case_is_refused(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, reports: Reports
) -> None:
    """Nothing would act on the money: a human has to."""
    invoice, _ = await an_ended_case(world, intake, ledger, client)

    with pytest.raises(Ended, match="has ended"):
        await reports.agency(invoice, AgencyReport.PAYMENT, "agency-1", "5.00")


async def test_a_report_of_an_agency_that_has_no_case_is_refused(
    world: ProviderWorld, intake: Intake, client: Client, reports: Reports
) -> None:
    """The wrong invoice, most likely: its case is told nothing, and whoever reports it reads why."""
    invoice, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))

    with pytest.raises(Refused, match=f"No agency has the case of invoice {invoice}: check the invoice"):
        await reports.agency(invoice, AgencyReport.ACKNOWLEDGED, "agency-1")
    assert [] == await signals(client, invoice)


async def test_a_report_about_nothing_is_refused(client: Client, ledger: SqlLedger, reports: Reports) -> None:
    """An unknown invoice, a payment without an amount, an amount that is none."""
    with pytest.raises(Refused, match="no case"):
        await reports.contact("in_nowhere", Channel.SMS, ContactResult.OPTED_OUT, "crm-1")
    with pytest.raises(WrongRequest, match="needs --amount"):
        await reports.agency("in_nowhere", AgencyReport.PAYMENT, "agency-1")
    with pytest.raises(WrongRequest, match="not an amount"):
        await reports.agency("in_nowhere", AgencyReport.PAYMENT, "agency-1", "5.001")


async def test_a_letter_that_came_back_closes_the_address_that_it_went_to(
    reports: Reports, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Weeks later the customer has told of another, which was closed for the old one."""
    invoice, customer = await an_ended_case(world, intake, ledger, client)
    old, new = (json.dumps({"line1": street}) for street in ("1 Old Road", "2 New Road"))
    row = a_contact(invoice_id=invoice, step="final", key="k-letter", channel=Channel.LETTER, address=old)
    reserve(ledger, row, customer)
    ledger.customer_set(customer, {"postal_address": new})

    await reports.contact(invoice, Channel.LETTER, ContactResult.BOUNCED, "r-letter")

    assert Channel.LETTER not in ledger.closed_channels(customer)
