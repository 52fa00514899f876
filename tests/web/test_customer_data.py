"""One customer's data by the API: read and erased with keys of its own, and both on record."""

from gateways.ledger.sql_ledger import SqlLedger
from service.keys import Scope
from tests.gateways.ledger.builders import a_case, a_customer
from tests.web.conftest import Web
from tests.web.test_customers import bearer

DATA, ERASURE = "/v1/customers/cus_grace/data", "/v1/customers/cus_grace/erasure"


def a_life(ledger: SqlLedger, status: str = "closed") -> None:
    customer = a_customer(customer_id="cus_grace", name="Grace Hopper", email="grace@customers.example")
    ledger.open_case(a_case("in_grace", customer_id="cus_grace", status=status), customer, "{}")


async def test_data_is_read_and_erased_and_the_audit_says_by_whom(alone: Web, ledger: SqlLedger) -> None:
    """Temporal is away: only the ledger is asked."""
    a_life(ledger)
    key = bearer(ledger, Scope.PRIVACY)

    before = await alone.http.get(DATA, headers=key)
    erased = [await alone.http.post(ERASURE, headers=key) for _ in range(2)]
    after = await alone.http.get(DATA, headers=key)

    assert "Grace Hopper" == before.json()["tables"]["customers"][0]["name"]
    assert [(200, {"customer_id": "cus_grace", "erased": True})] * 2 == [
        (one.status_code, one.json()) for one in erased
    ]
    assert "Grace" not in after.text.replace("cus_grace", "").replace("in_grace", "")
    assert [("GET", DATA), ("POST", ERASURE), ("POST", ERASURE), ("GET", DATA)] == [
        (one.method, one.path) for _, one in ledger.audit()
    ]
    assert {("privacy", 200)} == {(one.name, one.status) for _, one in ledger.audit()}


async def test_an_open_case_is_a_conflict_and_nobody_is_not_found(alone: Web, ledger: SqlLedger) -> None:
    a_life(ledger, "open")
    key = bearer(ledger, Scope.PRIVACY)

    refused = await alone.http.post(ERASURE, headers=key)
    unknown = await alone.http.get("/v1/customers/cus_nobody/data", headers=key)

    assert (409, 404) == (refused.status_code, unknown.status_code)
    assert "The case of in_grace is open" in refused.json()["detail"]
