"""A customer says what they do without, by a mail program's button or on the page: it holds for the person."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import Client

from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.preference_links import PreferenceLinks
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import a_closure, a_failed_invoice, failed, signals
from tests.gateways.ledger.builders import a_case, a_contact, a_customer, reserve
from tests.segments import folder_with_segments
from tests.web.conftest import Web, serving, until

PUBLIC = "https://dunning.example.com"
OLD = "old secret"
ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    more = {"dunning_link_secrets": SecretStr(f"new secret, {OLD}"), "web_public_url": PUBLIC}
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


async def a_mailed_customer(world: ProviderWorld, intake: Intake, ledger: SqlLedger, language: str = "en") -> list[str]:
    """Two unpaid invoices of one customer, who had an e-mail about the first; then the path of its link."""
    invoice, customer = a_failed_invoice(
        world, email="ada@customers.example", phone="+14155550123", country="US", locales=[language]
    )
    other = world.stripe.fail_first_payment(customer, amount=2000, currency="usd")
    for each in (invoice, other):
        await intake.take_event(failed(world, each))
    contact = a_contact(invoice_id=invoice, step="friendly", channel=Channel.EMAIL)
    reserve(ledger, contact, customer)
    return [invoice, other, customer, path_of(contact.key)]


def path_of(key: str, signed_with: str = OLD) -> str:
    return PreferenceLinks(PUBLIC, [signed_with]).link(key).removeprefix(PUBLIC)


async def test_the_page_has_the_brand_of_the_case_whose_link_was_opened(
    web_settings: Settings, world: ProviderWorld, ledger: SqlLedger, client: Client, tmp_path: Path
) -> None:
    """Where a link leads to nobody, it is the merchant's own."""
    assert client
    keys = {}
    for number, segment in enumerate(("any", "gold")):
        case = a_case(f"in_{number}", customer_id=f"cus_{number}", segment=segment)
        ledger.open_case(case, a_customer(customer_id=case.customer_id), "{}")
        contact = a_contact(invoice_id=case.invoice_id, step="friendly", channel=Channel.EMAIL, key=f"key-{segment}")
        reserve(ledger, contact, case.customer_id)
        keys[segment] = contact.key
    more = {"dunning_link_secrets": SecretStr(OLD), "web_public_url": PUBLIC}
    policies = {"dunning_policies": folder_with_segments(tmp_path)}

    async with serving(web_settings.model_copy(update=more | policies)) as web:
        own, gold = [(await web.http.get(path_of(keys[segment]))).text for segment in ("any", "gold")]
        lost = (await web.http.get("/preferences/nobody")).text

    for page, name, other in ((own, "Nimbus", "Aurora"), (gold, "Aurora", "Nimbus"), (lost, "Nimbus", "Aurora")):
        assert name in page
        assert other not in page


async def test_one_click_ends_e_mails_for_every_case_of_the_customer(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    invoice, other, customer, path = await a_mailed_customer(world, intake, ledger)

    answer = await web.http.post(path, content=ONE_CLICK)
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])

    assert 200 == answer.status_code
    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels(customer)
    for each in (invoice, other):
        assert [("contact_reported", "opted_out")] == [
            (name, fact["result"]) for name, fact in await signals(client, each)
        ]


async def test_the_same_link_ends_e_mails_once_more_after_they_were_opened_again(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Somebody asked for them again, an operator opened the channel, and they changed their mind."""
    _, _, customer, path = await a_mailed_customer(world, intake, ledger)
    await web.http.post(path, content=ONE_CLICK)
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])
    ledger.open_channel(ledger.closures(customer), datetime.now(UTC), "an order")
    assert {} == ledger.closed_channels(customer)

    await web.http.post(path, content=ONE_CLICK)
    await until(lambda: [row.state for row in ledger.inbox()] == ["done", "done"])

    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels(customer)


async def test_the_page_offers_what_the_customer_gets_and_opening_it_changes_nothing(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    _, _, customer, path = await a_mailed_customer(world, intake, ledger)

    page = await web.http.get(path)
    stopped = await web.http.post(path, content=b"stop=sms")
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])
    again = await web.http.get(path)

    assert [200, 200, 200] == [answer.status_code for answer in (page, stopped, again)]
    assert (2, 0) == (page.text.count("<button"), page.text.count("Stopped"))
    assert stopped.text == again.text
    assert (1, 1) == (again.text.count("<button"), again.text.count("Stopped"))
    assert {Channel.SMS: "opted out"} == ledger.closed_channels(customer)
    assert "ada@" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_page_is_in_the_customers_language(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    *_, path = await a_mailed_customer(world, intake, ledger, "it-CH, th")

    assert '<html lang="th">' in (await web.http.get(path)).text


@pytest.mark.parametrize("spoiled", ["x", "", "a.b", "%00", "é"])
async def test_a_link_that_is_not_ours_shows_nothing_and_stops_nothing(
    web: Web, ledger: SqlLedger, spoiled: str
) -> None:
    for path in (f"/preferences/{spoiled}", path_of("dun:in_9:friendly:email"), path_of("key", "another secret")):
        answers = [await web.http.get(path), await web.http.post(path, content=b"stop=fax")]

        assert all(answer.status_code in (404, 405, 422) for answer in answers), path
    assert [] == ledger.inbox()


async def test_a_customer_whose_link_was_cut_off_read_a_problem_in_json(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    *_, path = await a_mailed_customer(world, intake, ledger)

    cut = await web.http.get(path[:-3], headers={"Accept-Language": "th-TH,th;q=0.9,en;q=0.5"})
    nothing = await web.http.post(path, content=b"stop=fax", headers={"Accept-Language": "it, en;q=0.5"})

    for answer, said in ((cut, "ลิงก์นี้ใช้งานไม่ได้"), (nothing, "Nothing was chosen")):
        assert "text/html; charset=utf-8" == answer.headers["content-type"]
        assert said in answer.text
        assert "<form" not in answer.text
    assert (404, 422) == (cut.status_code, nothing.status_code)


async def test_the_page_said_that_e_mails_had_stopped_when_one_had_bounced(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """The next address would have been written to, and there was no button to say otherwise."""
    _, _, customer, path = await a_mailed_customer(world, intake, ledger)
    ledger.close_channel(a_closure(customer, Channel.EMAIL, "bounced", address="ada@customers.example"))

    before = await web.http.get(path)
    after = await web.http.post(path, content=b"stop=email")
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])

    assert (2, 0) == (before.text.count("<button"), before.text.count("Stopped"))
    assert (1, 1) == (after.text.count("<button"), after.text.count("Stopped"))
    assert (await web.http.get(path)).text == after.text


@pytest.mark.parametrize("body", [b"", b"stop=notice", b"List-Unsubscribe=yes", b"\xff\xfe", b"stop=" + b"&a=b" * 50])
async def test_a_form_that_chooses_nothing_is_refused(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, body: bytes
) -> None:
    *_, path = await a_mailed_customer(world, intake, ledger)

    assert 422 == (await web.http.post(path, content=body)).status_code
    assert [] == ledger.inbox()


@pytest_asyncio.fixture
async def calling(web_settings: Settings, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    """An installation that calls."""
    assert ledger
    assert client
    more = {"dunning_link_secrets": SecretStr(OLD), "web_public_url": PUBLIC, "call_back_number": "+12125550100"}
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


def ticked(page: str) -> list[str]:
    """The boxes of the page, those that are ticked with a mark."""
    boxes = re.findall(r'<input type="checkbox" name="hours" value="(\w+)"( checked)?>', page)
    return [f"{part}{'!' if checked else ''}" for part, checked in boxes]


async def test_who_may_be_called_says_on_the_page_when(
    calling: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """It is kept before it is answered, open cases decide anew, and no tick takes it back."""
    invoice, _, customer, path = await a_mailed_customer(world, intake, ledger)

    page = await calling.http.get(path)
    chosen = await calling.http.post(path, content=b"hours=evening&hours=morning&save=hours")
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])
    again = await calling.http.get(path)

    assert ["morning", "midday", "afternoon", "evening"] == ticked(page.text)
    assert ["morning!", "midday", "afternoon", "evening!"] == ticked(chosen.text) == ticked(again.text)
    assert (0, 1, 0) == tuple(each.text.count('role="status"') for each in (page, chosen, again))
    assert "Mornings, 9:00\u202fAM to 12:00\u202fPM" in page.text
    assert "mon-sun 09:00-12:00; mon-sun 18:00-23:59" == call_hours(ledger, customer)
    [(name, told)] = await signals(client, invoice)
    assert ("contact_changed", [], True) == (name, told["channels"], told["call_hours"])
    assert {} == ledger.closed_channels(customer)
    assert [False, True, False] == ["<title>Saved" in each.text for each in (page, chosen, again)]
    assert "default-src 'none'" in chosen.headers["content-security-policy"]

    await calling.http.post(path, content=b"save=hours")
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"] * 2)
    assert call_hours(ledger, customer) is None


async def test_a_page_that_was_loaded_before_says_nothing_of_hours(
    calling: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Nor does the button of a mail program; who stops calls is not asked for their hours any more."""
    _, _, customer, path = await a_mailed_customer(world, intake, ledger)
    ledger.customer_set(customer, {"call_hours": "mon-fri 17:00-19:00"})

    for number, body in enumerate((b"stop=sms", ONE_CLICK, b"stop=phone"), start=1):
        shown = await calling.http.post(path, content=body)
        await until(lambda n=number: [row.state for row in ledger.inbox()] == ["done"] * n)
        assert (4 if body != b"stop=phone" else 0) == len(ticked(shown.text))

    assert "mon-fri 17:00-19:00" == call_hours(ledger, customer)


async def test_hours_that_the_page_does_not_offer_are_shown_in_the_customers_language(
    calling: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    *_, customer, path = await a_mailed_customer(world, intake, ledger, "de-CH")
    ledger.customer_set(customer, {"call_hours": "mon-wed,fri 17:00-19:00; sat 10:00-12:00"})

    page = await calling.http.get(path)

    assert "Mo–Mi, Fr 17:00–19:00; Sa 10:00–12:00" in page.text
    assert ["morning", "midday", "afternoon", "evening"] == ticked(page.text)


async def test_nobody_is_asked_for_hours_where_nobody_calls(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    *_, path = await a_mailed_customer(world, intake, ledger)

    assert [] == ticked((await web.http.get(path)).text)


async def test_hours_of_somebody_without_a_number_are_not_kept(
    calling: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Their data was erased, and they had the page open."""
    _, _, customer, path = await a_mailed_customer(world, intake, ledger)
    ledger.customer_set(customer, {"phone": None})

    assert 200 == (await calling.http.post(path, content=b"hours=evening&save=hours")).status_code
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])
    assert call_hours(ledger, customer) is None


async def test_a_part_of_the_day_that_there_is_not_is_refused(
    calling: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Taken for none, it would let calls be made at any hour."""
    *_, path = await a_mailed_customer(world, intake, ledger)

    for body in (b"hours=night&save=hours", b"hours=evening", b"save=all&hours=evening"):
        assert 422 == (await calling.http.post(path, content=body)).status_code
    assert [] == ledger.inbox()


def call_hours(ledger: SqlLedger, customer: str) -> str | None:
    known = ledger.customer(customer)
    assert known
    return known.call_hours
