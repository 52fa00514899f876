"""Customers by the API: found, shown as the ledger knows them, and their consents."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from domain.case import CaseStatus
from domain.consent import Source
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.keys import KeyRing, Scope
from tests.cases import a_closure, a_failed_invoice, failed, signals
from tests.gateways.ledger.builders import a_case, a_contact, a_customer, reserve
from tests.web.conftest import Web, serving, until

MAIL, NUMBER = "ada@customers.example", "+14155550123"


def bearer(ledger: SqlLedger, scope: Scope) -> dict[str, str]:
    token = KeyRing(ledger, lambda: datetime.now(UTC)).make(scope, scope)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def operator(ledger: SqlLedger) -> dict[str, str]:
    return bearer(ledger, Scope.OPERATOR)


@pytest.fixture
def billing(ledger: SqlLedger) -> dict[str, str]:
    return bearer(ledger, Scope.BILLING)


def open_one(ledger: SqlLedger, invoice: str, customer: str, **stated: Any) -> None:
    known = a_customer(customer_id=customer, **{"email": f"{customer}@example.com"} | stated)
    ledger.open_case(a_case(invoice, customer_id=customer, invoice_number=f"N-{invoice}"), known, "{}")
    ledger.mark_open(invoice)


async def found(web: Web, key: dict[str, str], **params: Any) -> list[str]:
    answer = await web.http.get("/v1/customers", params=params, headers=key)
    return [one["customer_id"] for one in answer.json()["customers"]]


async def test_customers_come_by_pages_with_what_they_owe(
    alone: Web, ledger: SqlLedger, operator: dict[str, str]
) -> None:
    for number in range(3):
        open_one(ledger, f"in_{number}", f"cus_{number % 2}")
    ledger.open_case(a_case("in_3", customer_id="cus_2", status=CaseStatus.CLOSED), a_customer(customer_id="cus_2"), "")

    first = (await alone.http.get("/v1/customers", params={"limit": 2}, headers=operator)).json()
    second = (await alone.http.get("/v1/customers", params={"after": first["after"]}, headers=operator)).json()

    assert [("cus_0", 2, 3998), ("cus_1", 1, 1999)] == [
        (one["customer_id"], one["open_cases"], one["due"][0]["amount"]) for one in first["customers"]
    ]
    assert [("cus_2", 0, [])] == [(one["customer_id"], one["open_cases"], one["due"]) for one in second["customers"]]
    assert second["after"] is None


@pytest.mark.parametrize("search", ["cus_1", "in_1", "N-in_1", MAIL, " Ada@Customers.example", "+1 415 555 0123"])
async def test_a_customer_is_found_by_what_somebody_on_the_phone_would_say(
    alone: Web, ledger: SqlLedger, operator: dict[str, str], search: str
) -> None:
    open_one(ledger, "in_1", "cus_1", email=MAIL, phone=NUMBER)
    open_one(ledger, "in_2", "cus_2")

    assert ["cus_1"] == await found(alone, operator, search=search)


@pytest.mark.parametrize("search", ["cus_1", "in_1", "N-in_1", MAIL, "+1 415 555 0123"])
async def test_cases_are_found_by_their_customer_too(
    alone: Web, ledger: SqlLedger, operator: dict[str, str], search: str
) -> None:
    open_one(ledger, "in_1", "cus_1", email=MAIL, phone=NUMBER)
    open_one(ledger, "in_2", "cus_2")

    answer = await alone.http.get("/v1/cases", params={"search": search}, headers=operator)

    assert ["in_1"] == [one["invoice_id"] for one in answer.json()["cases"]]


async def test_cases_of_two_who_share_an_address_are_two_pages(
    alone: Web, ledger: SqlLedger, operator: dict[str, str]
) -> None:
    for name in ("a", "b"):
        open_one(ledger, f"in_{name}", f"cus_{name}", email=MAIL)
    open_one(ledger, "in_c", "cus_c")

    seen, after = [], None
    while after or not seen:
        params = {"search": MAIL, "limit": 1, "status": "open"} | ({"after": after} if after else {})
        page = (await alone.http.get("/v1/cases", params=params, headers=operator)).json()
        seen += [one["invoice_id"] for one in page["cases"]]
        after = page["after"]

    assert ["in_a", "in_b"] == seen


async def test_two_who_share_an_address_are_two_pages(alone: Web, ledger: SqlLedger, operator: dict[str, str]) -> None:
    for name in ("a", "b"):
        open_one(ledger, f"in_{name}", f"cus_{name}", email=MAIL)

    assert ["cus_a"] == await found(alone, operator, search=MAIL, limit=1)
    assert ["cus_b"] == await found(alone, operator, search=MAIL, limit=1, after="cus_a")


@pytest.mark.parametrize("search", ["", "  ", "a\nb", "x" * 301])
async def test_a_search_for_what_nobody_is_called_is_a_problem(
    alone: Web, operator: dict[str, str], search: str
) -> None:
    answer = await alone.http.get("/v1/customers", params={"search": search}, headers=operator)

    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


async def a_customer_with_a_history(ledger: SqlLedger, world: ProviderWorld, intake: Intake) -> tuple[str, str]:
    """Contacted three times; e-mails bounced, and they want no texts."""
    invoice, customer = a_failed_invoice(world, email=MAIL, phone=NUMBER, country="US", name="Zoya")
    await intake.take_event(failed(world, invoice))
    now = datetime.now(UTC)
    for step, ago, channel in (("d0", 40, Channel.EMAIL), ("d1", 3, Channel.EMAIL), ("d2", 2, Channel.SMS)):
        at = now - timedelta(days=ago)
        reserve(ledger, a_contact(invoice_id=invoice, step=step, channel=channel, key=step, as_of=at), customer)
    ledger.close_channel(a_closure(customer, Channel.EMAIL, "bounced", "sg-1", now, address=MAIL))
    stop = a_closure(customer, Channel.SMS, "opted out", "SM1-received", now, address=NUMBER, wish=True)
    ledger.close_channel(stop.model_copy(update={"source": Source.STOP}))
    return invoice, customer


async def test_one_customer_is_shown_with_addresses_contacts_and_caps(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, operator: dict[str, str]
) -> None:
    invoice, customer = await a_customer_with_a_history(ledger, world, intake)

    shown = (await alone.http.get(f"/v1/customers/{customer}", headers=operator)).json()

    assert ([invoice], [{"amount": 2000, "currency": "USD"}]) == (
        [case["invoice_id"] for case in shown["open_cases"]],
        shown["due"],
    )
    reach = {one["channel"]: one for one in shown["addresses"]}
    assert ("closed", MAIL, "bounced") == tuple(reach["email"][name] for name in ("state", "address", "why"))
    [stopped] = reach["sms"]["closed_by"]
    assert ("stop", True, "SM1-received") == tuple(stopped[name] for name in ("source", "wish", "evidence"))
    assert "open" == reach["notice"]["state"]
    assert ["email", "sms"] == [one["channel"] for one in shown["contacts"]]
    [cap] = shown["caps"]
    assert ("standard@1", 2) == (cap["policy"], cap["used"])
    assert ("US", True) == (shown["country"], "America/New_York" in shown["time_zones"])


async def test_a_channel_that_is_not_set_up_is_not_called_open(
    web_settings: Settings, ledger: SqlLedger, operator: dict[str, str]
) -> None:
    """What the customer wants is said first: it holds when the channel is set up again."""
    for number, phone in ((1, "+14155550999"), (2, NUMBER)):
        case = a_case(f"in_{number}", customer_id=f"cus_{number}", status=CaseStatus.CLOSED)
        ledger.open_case(case, a_customer(customer_id=f"cus_{number}", email=MAIL, phone=phone), "")
    now = datetime.now(UTC)
    ledger.close_channel(a_closure("cus_2", Channel.SMS, "opted out", "SM1", now, address=NUMBER, wish=True))
    whatsapp = ("twilio_whatsapp_from", "twilio_whatsapp_templates")
    none = dict.fromkeys(("twilio_account_sid", "twilio_auth_token", "twilio_from", *whatsapp))

    async with serving(web_settings.model_copy(update={"temporal_address": "127.0.0.1:1"} | none)) as web:
        shown = [(await web.http.get(f"/v1/customers/cus_{number}", headers=operator)).json() for number in (1, 2)]

    reach = [{one["channel"]: (one["state"], one["why"]) for one in customer["addresses"]} for customer in shown]
    assert [("closed", "TWILIO_ACCOUNT_SID is not set"), ("closed", "opted out")] == [one["sms"] for one in reach]
    assert [("open", None)] * 2 == [one["email"] for one in reach]


async def test_auditors_see_no_name_and_no_address(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    _, customer = await a_customer_with_a_history(ledger, world, intake)

    answers = [
        await alone.http.get(path, headers=bearer(ledger, Scope.AUDITOR))
        for path in ("/v1/customers", f"/v1/customers/{customer}", f"/v1/customers/{customer}/consents")
    ]

    assert [200] * 3 == [answer.status_code for answer in answers]
    for answer in answers:
        assert not [known for known in ("Zoya", MAIL, NUMBER) if known in answer.text]


async def consent(
    web: Web, key: dict[str, str], customer: str, wish: str, event_id: str, channel: str = "email", **more: Any
) -> dict[str, Any]:
    order = {"wish": wish, "event_id": event_id, "proof": "ticket 4711", **more}
    answer = await web.http.put(f"/v1/customers/{customer}/consents/{channel}", json=order, headers=key)
    assert 200 == answer.status_code, answer.text
    told: dict[str, Any] = answer.json()
    return told


def wishes(told: dict[str, Any]) -> dict[str, str]:
    return {one["channel"]: one["wish"] for one in told["consents"]}


async def test_an_opt_out_by_the_billing_system_holds_for_the_person_and_reaches_every_open_case(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, billing: dict[str, str]
) -> None:
    """As a STOP does; and an opt-in takes it back."""
    invoice, customer = a_failed_invoice(world, email=MAIL)
    other = world.stripe.fail_first_payment(customer, amount=2000, currency="usd")
    for each in (invoice, other):
        await intake.take_event(failed(world, each))

    out = await consent(web, billing, customer, "opted_out", "1")
    again = await consent(web, billing, customer, "opted_out", "1")
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])
    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels(customer)
    back = await consent(web, billing, customer, "opted_in", "1")
    await until(lambda: [row.state for row in ledger.inbox()] == ["done", "done"])

    assert [{"email": "opted_out"}, {"email": "opted_out"}, {"email": "opted_in"}] == [
        wishes(told) for told in (out, again, back)
    ]
    assert {} == ledger.closed_channels(customer)
    for each in (invoice, other):
        assert ["contact_reported", "reopen_channel"] == [name for name, _ in await signals(client, each)]
    assert [("opted_out", "billing", "ticket 4711"), ("opted_in", "billing", "ticket 4711")] == [
        (one["wish"], one["source"], one["proof"]) for one in back["history"]
    ]
    assert back["history"][0]["taken_back_at"]


@pytest.mark.parametrize("wish", ["opted_in", "opted_out"])
async def test_what_a_customer_without_an_open_case_wants_is_not_called_ignored(
    web: Web, ledger: SqlLedger, billing: dict[str, str], wish: str
) -> None:
    await consent(web, billing, "cus_1", wish, "1", "whatsapp")

    await until(lambda: [(row.state, row.result) for row in ledger.inbox()] == [("done", "kept")])
    assert "no open case" in ledger.inbox()[0].note


async def test_an_opt_out_holds_at_once_though_temporal_is_away(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    invoice, customer = a_failed_invoice(world, email=MAIL)
    await intake.take_event(failed(world, invoice))

    await consent(alone, billing, customer, "opted_out", "1")

    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels(customer)
    assert ["waiting"] == [row.state for row in ledger.inbox()]


async def test_an_opt_out_is_kept_before_the_customers_first_case(
    alone: Web, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    """The same id of the billing system's may come with another customer, and on another channel."""
    for customer, channel in (("cus_new", "email"), ("cus_new", "sms"), ("cus_two", "email")):
        await consent(alone, billing, customer, "opted_out", "1", channel)
    open_one(ledger, "in_1", "cus_new")

    assert {Channel.EMAIL, Channel.SMS} == set(ledger.closed_channels("cus_new"))
    assert {Channel.EMAIL} == set(ledger.closed_channels("cus_two"))


async def test_an_opt_in_opens_no_bounce_no_stop_and_nothing_that_was_said_later(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    _, customer = await a_customer_with_a_history(ledger, world, intake)
    earlier = (datetime.now(UTC) - timedelta(days=1)).isoformat()

    by_text = await consent(alone, billing, customer, "opted_in", "1", "sms")
    by_mail = await consent(alone, billing, customer, "opted_in", "2", "email")
    await consent(alone, billing, customer, "opted_out", "3", "notice")
    late = await consent(alone, billing, customer, "opted_in", "4", "notice", at=earlier)

    assert {"email": "bounced", "sms": "opted out", "notice": "opted out"} == ledger.closed_channels(customer)
    assert "opted_out" == wishes(by_text)["sms"]
    assert "opted_in" == wishes(by_mail)["email"]
    assert "opted_out" == wishes(late)["notice"]


async def test_a_consent_that_came_before_counts_once(alone: Web, ledger: SqlLedger, billing: dict[str, str]) -> None:
    """Given again after the customer changed their mind, it changes nothing."""
    said = [("opted_out", "1"), ("opted_in", "2"), ("opted_out", "1"), ("opted_out", "3"), ("opted_in", "2")]

    told = [wishes(await consent(alone, billing, "cus_1", wish, event_id)) for wish, event_id in said]

    assert ["opted_out", "opted_in", "opted_in", "opted_out", "opted_out"] == [one["email"] for one in told]
    assert 3 == len(ledger.inbox())


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"wish": "opted_in", "event_id": "1"}, "proof"),
        ({"wish": "opted_out", "event_id": "1", "at": "2099-01-01T00:00:00Z"}, "future"),
        ({"wish": "opted_out", "event_id": "1", "at": "2026-01-01T00:00:00"}, "timezone"),
        ({"wish": "perhaps", "event_id": "1"}, "wish"),
        ({"wish": "opted_out", "event_id": "a\u001bb"}, "printed"),
        ({"wish": "opted_out"}, "event_id"),
    ],
)
async def test_a_consent_that_says_too_little_is_a_problem(
    alone: Web, ledger: SqlLedger, billing: dict[str, str], order: dict[str, str], says: str
) -> None:
    answer = await alone.http.put("/v1/customers/cus_1/consents/email", json=order, headers=billing)

    assert 422 == answer.status_code
    assert says in answer.json()["detail"]
    assert ([], []) == (ledger.inbox(), ledger.opt_outs("cus_1"))


async def test_nobody_knows_the_consents_of_a_stranger(alone: Web, billing: dict[str, str]) -> None:
    assert 404 == (await alone.http.get("/v1/customers/cus_0/consents", headers=billing)).status_code


async def test_an_opt_in_to_promotion_is_kept_and_opens_nothing(
    alone: Web, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    """All our messages are of the account: what is wanted of advertisements says nothing of them."""
    await consent(alone, billing, "cus_1", "opted_out", "1")

    told = await consent(alone, billing, "cus_1", "opted_in", "2", purpose="promotion")
    refused = await alone.http.put(
        "/v1/customers/cus_1/consents/email",
        json={"wish": "opted_out", "event_id": "3", "purpose": "promotion"},
        headers=billing,
    )

    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels("cus_1")
    assert {"email": "opted_out"} == wishes(told)
    assert ["service", "promotion"] == [one["purpose"] for one in told["history"]]
    assert 422 == refused.status_code
