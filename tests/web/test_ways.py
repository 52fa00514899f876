"""How a customer wants to be reached, by the API: with or without a case, and beside what Stripe's metadata says."""

from typing import Any

import pytest
from temporalio.client import Client

from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.keys import Scope
from tests.cases import a_failed_invoice, failed, signals
from tests.web.conftest import Web, until
from tests.web.test_customers import MAIL, bearer

EVENINGS: dict[str, Any] = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "17:00", "end": "19:00"}
USER = "U4af4980629f04af4980629f04af49806"


@pytest.fixture
def billing(ledger: SqlLedger) -> dict[str, str]:
    return bearer(ledger, Scope.BILLING)


async def reached(
    web: Web, key: dict[str, str], customer: str = "cus_1", status: int = 200, **change: Any
) -> dict[str, Any]:
    answer = await web.http.patch(f"/v1/customers/{customer}", json=change, headers=key)
    assert status == answer.status_code, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_how_a_customer_wants_to_be_reached_is_said_before_their_first_case_and_outlasts_it(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    """What Stripe's metadata said all along takes its place neither when a case opens nor when other data change."""
    old = {"preferred_channel": "email", "line_user_id": "U" + "0" * 32}
    invoice, customer = a_failed_invoice(world, email=MAIL, metadata=old)
    both = await reached(alone, billing, customer, preferred_channel="line", line_user_id=USER)

    await intake.take_event(failed(world, invoice))
    world.stripe.update_customer(customer, name="Zoya")
    await intake.take_event(world.stripe.last_event("customer.updated", customer))
    known = ledger.customer(customer)

    assert both == {
        "customer_id": customer,
        "preferred_channel": "line",
        "line_user_id": USER,
        "call_hours": None,
    }
    assert known
    assert (Channel.LINE, USER, "Zoya") == (known.preferred_channel, known.line_user_id, known.name)

    other = world.stripe.fail_first_payment(customer, amount=2000, currency="usd")
    await reached(alone, billing, customer, preferred_channel=None)
    await intake.take_event(failed(world, other))

    assert ledger.case(other)
    assert [None, USER] == [getattr(ledger.customer(customer), name) for name in ("preferred_channel", "line_user_id")]


async def test_what_stripe_says_anew_takes_the_place_of_what_was_set(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    invoice, customer = a_failed_invoice(world, email=MAIL, metadata={"preferred_channel": "email"})
    await intake.take_event(failed(world, invoice))
    await reached(alone, billing, customer, preferred_channel="line")

    world.stripe.update_customer(customer, metadata={"preferred_channel": "sms"})
    await intake.take_event(world.stripe.last_event("customer.updated", customer))

    known = ledger.customer(customer)
    assert known
    assert Channel.SMS is known.preferred_channel


async def test_when_a_customer_wants_to_be_called_is_said_read_and_erased(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    """What Stripe says of the customer leaves it as it is."""
    invoice, customer = a_failed_invoice(world, email=MAIL)
    saturdays = {"days": ["sun", "sat"], "start": "10:00", "end": "12:30"}
    said = await reached(alone, billing, customer, call_hours=[EVENINGS, saturdays])
    await intake.take_event(failed(world, invoice))
    world.stripe.update_customer(customer, name="Zoya")
    await intake.take_event(world.stripe.last_event("customer.updated", customer))
    same = await reached(alone, billing, customer, preferred_channel="email")
    shown = await alone.http.get(f"/v1/customers/{customer}", headers=bearer(ledger, Scope.AUDITOR))
    known = ledger.customer(customer)

    assert [EVENINGS, saturdays | {"days": ["sat", "sun"]}] == said["call_hours"] == same["call_hours"]
    assert said["call_hours"] == shown.json()["call_hours"]
    assert known
    assert "mon-fri 17:00-19:00; sat-sun 10:00-12:30" == known.call_hours
    assert (await reached(alone, billing, customer, call_hours=None))["call_hours"] is None


async def test_open_cases_are_told_of_a_new_line_user_id_alone(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, billing: dict[str, str]
) -> None:
    """As of an address that Stripe says: where the old id could not be reached, the new one is tried."""
    invoice, customer = a_failed_invoice(world, email=MAIL)
    await intake.take_event(failed(world, invoice))

    await reached(web, billing, customer, preferred_channel="line")
    for _ in range(2):
        await reached(web, billing, customer, line_user_id=USER)
    await until(lambda: [(row.state, row.result) for row in ledger.inbox()] == [("done", "passed on")])
    await reached(web, billing, customer, line_user_id=None)

    [(name, fact)] = await signals(client, invoice)
    assert ("contact_changed", ["line"]) == (name, fact["channels"])
    assert USER not in ledger.inbox()[0].body


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "preferred_channel"),
        ({"preferred_channel": "pigeon"}, "preferred_channel"),
        ({"line_user_id": "ada"}, "line_user_id"),
        ({"line_user_id": f"{USER}\n"}, "line_user_id"),
        ({"email": MAIL}, "email"),
        ({"call_hours": []}, "call_hours"),
        ({"call_hours": [EVENINGS] * 8}, "call_hours"),
        ({"call_hours": [EVENINGS | {"start": "19:00"}]}, "19:00 has to come before 19:00"),
        ({"call_hours": [EVENINGS | {"days": ["someday"]}]}, "call_hours"),
        ({"call_hours": [EVENINGS | {"zone": "UTC"}]}, "zone"),
    ],
)
async def test_a_way_that_is_none_is_a_problem(
    alone: Web, ledger: SqlLedger, billing: dict[str, str], change: dict[str, Any], says: str
) -> None:
    """Names and addresses are the payment provider's to say."""
    problem = await reached(alone, billing, status=422, **change)

    assert says in problem["detail"]
    assert ledger.customer("cus_1") is None


async def test_who_said_how_a_customer_is_reached_is_on_record(
    alone: Web, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    await reached(alone, billing, preferred_channel="email")

    [(_, asked)] = ledger.audit()
    assert ("billing", "PATCH", "/v1/customers/cus_1", 200) == (asked.name, asked.method, asked.path, asked.status)


async def test_hours_that_are_said_again_are_told_again(
    alone: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, billing: dict[str, str]
) -> None:
    """Whoever said them first may have died between the ledger and the inbox."""
    invoice, customer = a_failed_invoice(world, email=MAIL)
    await intake.take_event(failed(world, invoice))
    for _ in range(2):
        await reached(alone, billing, customer, call_hours=[EVENINGS])

    assert 2 == sum(row.event_id.startswith(f"{customer}/call_hours/") for row in ledger.inbox())
