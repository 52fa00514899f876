"""One case as an operator reads it: by whatever name, with what comes, what holds it, and what stands in its way."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from domain.ids import workflow_id
from domain.record import Entry
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CustomerRow
from gateways.provider_facts import CustomerWrote, Wish
from runtime.settings import Settings
from service.contact_news import of_reply
from tests.cases import an_opening_row
from tests.cli.commands import Failed, Starter, said
from worker import build_worker

NUMBER = "+14155550123"


async def test_a_case_has_three_names(
    starter: Starter, client: Client, ledger: SqlLedger, settings: Settings, failed: Failed
) -> None:
    """The invoice's id, its number and the workflow's id mean the same case, to show it and in an order."""
    async with build_worker(client, settings):
        await asyncio.to_thread(starter, "start", failed.file("payment_failed.json"))
        row = ledger.case(failed.invoice)
        assert row
        assert row.invoice_number
        names = [failed.invoice, row.invoice_number, workflow_id(failed.invoice)]
        shown = [await asyncio.to_thread(starter, "show", name) for name in names]
        orders = [
            await asyncio.to_thread(starter, "pause", names[1]),
            await asyncio.to_thread(starter, "resume", names[2]),
            await asyncio.to_thread(starter, "contact", names[1], "sms", "opted_out"),
        ]

    head = f"Invoice {failed.invoice}, number {row.invoice_number} (all times in UTC)"
    assert [(head, 0)] * 3 == [(result.stdout.splitlines()[0], result.exit_code) for result in shown]
    assert [0, 0, 0] == [result.exit_code for result in orders]


def test_a_number_that_two_invoices_have_is_no_name(starter: Starter, client: Client, ledger: SqlLedger) -> None:
    """Nobody guesses which of them is meant."""
    for invoice in ("in_one", "in_two"):
        row = an_opening_row(invoice, "cus_1").model_copy(update={"invoice_number": "A-1"})
        ledger.open_case(row, CustomerRow(customer_id="cus_1"), "{}")

    assert (1, "Several invoices have the number A-1: name one by its id (in_one, in_two).") == said(
        starter("show", "A-1")
    )


@pytest.mark.parametrize("name", ["in_nowhere", "dunning-in_nowhere"])
def test_an_unknown_case_is_one_sentence(starter: Starter, client: Client, ledger: SqlLedger, name: str) -> None:
    assert (
        1,
        "There is no case of invoice in_nowhere: python starter.py list shows the ones there are.",
    ) == said(starter("show", name))


async def test_the_plan_is_shown_with_reasons_also_while_the_case_is_held(
    starter: Starter, client: Client, ledger: SqlLedger, settings: Settings, failed: Failed
) -> None:
    """And without a worker: it follows from what the ledger has."""
    async with build_worker(client, settings):
        await asyncio.to_thread(starter, "start", failed.file("payment_failed.json"))
        running = await asyncio.to_thread(starter, "show", failed.invoice)
        await asyncio.to_thread(starter, "pause", failed.invoice, "--note", "call back")
        held = await asyncio.to_thread(starter, "show", failed.invoice)
        as_json = json.loads((await asyncio.to_thread(starter, "show", failed.invoice, "--json")).stdout)

    for shown in (running, held):
        assert "retry on day 1: retry 1 of 6: insufficient funds" in shown.stdout
        assert "  friendly e-mail on day 3 of the timeline" in shown.stdout
        assert "subscription cancelled on day 28" in shown.stdout
    assert "Unless something happens" in running.stdout
    assert "Once it goes on, with the dates as if that were now" in held.stdout
    assert (
        "operator pause: call back; until told otherwise. An operator paused it: python starter.py resume "
        f"{failed.invoice} ends the pause."
    ) in held.stdout
    assert "retry on day 1" == as_json["plan"][0]["title"]


def test_a_case_was_shown_as_if_its_customer_had_said_nothing(
    starter: Starter, client: Client, ledger: SqlLedger
) -> None:
    """When, where and what it did; not the words. What came before the case belongs to another one."""
    row = an_opening_row("in_one", "cus_1")
    ledger.open_case(row, CustomerRow(customer_id="cus_1", phone=NUMBER), "{}")
    said_by = {"provider": "twilio", "event_type": "message.received", "channel": Channel.SMS, "address": NUMBER}
    words = {-1: ("before", None), 1: ("STOP", Wish.STOP), 2: ("START", Wish.START), 3: ("Who is this?", None)}
    words[4] = ("Wrong number", Wish.WRONG_NUMBER)
    for hour, (text, wish) in words.items():
        at = row.opened_at + timedelta(hours=hour)
        of_reply(ledger, CustomerWrote(**said_by, event_id=f"SM{hour}", at=at, text=text, wish=wish))

    shown, as_json = starter("show", "in_one").stdout, json.loads(starter("show", "in_one", "--json").stdout)

    did = [one["did"].split(":")[0] for one in as_json["answers"]]
    assert ["STOP", "START", "no word that is understood", "a wrong number"] == did
    assert all(f"the customer wrote back (SMS): {one}" in shown for one in did)
    assert "Who is this" not in shown


def test_a_message_that_the_law_put_off_is_shown_with_its_rule(
    starter: Starter, client: Client, ledger: SqlLedger
) -> None:
    """The rule with its edition, as docs/law.md has it."""
    ledger.open_case(an_opening_row("in_one", "cus_1"), CustomerRow(customer_id="cus_1"), "{}")
    why, rule = "19:00 in Asia/Bangkok is outside 09:00\u201318:00", "th-hours@2015-09-02"
    entry = Entry(at=datetime.now(UTC), step="d05-remind", what="postponed to 2026-12-01 02:00", why=why, rule=rule)
    ledger.record_effect("in_one", entry)

    assert f"postponed to 2026-12-01 02:00: {why} ({rule})" in starter("show", "in_one").stdout
