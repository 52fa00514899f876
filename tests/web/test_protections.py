"""What protects a person, by the API: it holds at once, with or without a case, and reaches every open one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.keys import Scope
from tests.cases import a_failed_invoice, failed, signals
from tests.web.conftest import Web, until
from tests.web.test_customers import bearer


async def protect(
    web: Web, key: dict[str, str], customer: str = "cus_1", kind: str = "bankruptcy", **more: Any
) -> dict[str, Any]:
    order = {"event_id": "1", "note": "file 36 IN 114", **more}
    answer = await web.http.put(f"/v1/customers/{customer}/protections/{kind}", json=order, headers=key)
    assert 200 == answer.status_code, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_bankruptcy_reaches_every_open_case_of_the_person_once(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    billing, operator = bearer(ledger, Scope.BILLING), bearer(ledger, Scope.OPERATOR)
    invoice, customer = a_failed_invoice(world)
    other = world.stripe.fail_first_payment(customer, amount=2000, currency="usd")
    for each in (invoice, other):
        await intake.take_event(failed(world, each))

    told = [await protect(web, billing, customer) for _ in range(2)]
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])
    over = await web.http.delete(f"/v1/customers/{customer}/protections/bankruptcy?note=closed", headers=operator)
    await until(lambda: [row.state for row in ledger.inbox()] == ["done", "done"])

    assert [[("bankruptcy", "billing", "billing", "file 36 IN 114")]] * 2 == [
        [(one["protection"], one["source"], one["by"], one["note"]) for one in answer["standing"]] for answer in told
    ]
    assert [] == over.json()["standing"]
    assert [("operator", "closed")] == [(one["ended_by"], one["end_note"]) for one in over.json()["history"]]
    for each in (invoice, other):
        assert ["person_changed", "person_changed"] == [name for name, _ in await signals(client, each)]


async def test_it_holds_though_temporal_is_away_and_the_person_has_no_case(alone: Web, ledger: SqlLedger) -> None:
    await protect(alone, bearer(ledger, Scope.BILLING), "cus_new", "deceased")

    assert ["deceased"] == [one.protection.value for one in ledger.protections("cus_new")]


async def test_what_was_ended_does_not_come_back_with_its_own_event(alone: Web, ledger: SqlLedger) -> None:
    billing, operator = bearer(ledger, Scope.BILLING), bearer(ledger, Scope.OPERATOR)
    await protect(alone, billing)
    await alone.http.delete("/v1/customers/cus_1/protections/bankruptcy", headers=operator)

    again = await protect(alone, billing)
    anew = await protect(alone, billing, event_id="2")

    assert [] == again["standing"]
    assert ["2"] == [one["event_id"] for one in anew["standing"]]


async def test_a_breathing_space_ends_by_itself(alone: Web, ledger: SqlLedger) -> None:
    key = bearer(ledger, Scope.OPERATOR)
    until_then = (datetime.now(UTC) + timedelta(days=60)).isoformat()

    told = await protect(alone, key, kind="breathing_space", until=until_then)

    assert ["operator"] == [one["source"] for one in told["standing"]]
    assert datetime.fromisoformat(told["standing"][0]["until"]) == datetime.fromisoformat(until_then)


@pytest.mark.parametrize(
    ("kind", "order", "status"),
    [
        ("breathing_space", {"event_id": "1"}, 422),  # until when?
        ("hardship", {"event_id": "1", "until": "2020-01-01T00:00:00Z"}, 422),
        ("hardship", {"event_id": "1", "since": "2099-01-01T00:00:00Z"}, 422),
        ("hardship", {}, 422),
        ("poverty", {"event_id": "1"}, 422),
    ],
)
async def test_what_says_too_little_is_a_problem(
    alone: Web, ledger: SqlLedger, kind: str, order: dict[str, str], status: int
) -> None:
    answer = await alone.http.put(
        f"/v1/customers/cus_1/protections/{kind}", json=order, headers=bearer(ledger, Scope.BILLING)
    )

    assert status == answer.status_code
    assert [] == ledger.protections("cus_1")


async def test_only_an_operator_ends_it_and_only_what_stands(alone: Web, ledger: SqlLedger) -> None:
    path = "/v1/customers/cus_1/protections/hardship"

    assert 403 == (await alone.http.delete(path, headers=bearer(ledger, Scope.BILLING))).status_code
    assert 409 == (await alone.http.delete(path, headers=bearer(ledger, Scope.OPERATOR))).status_code
