"""One customer's data by the command line: all of it in a file, its erasure, and what that waits for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.case import CaseStatus
from domain.rules.keeping import months_after
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Arrival
from tests.cli.commands import Starter, said
from tests.gateways.ledger.builders import a_case, a_contact, a_customer, reserve

NAME = "Grace Hopper"
WROTE = datetime.now(UTC) - timedelta(days=40)


def a_life(ledger: SqlLedger, status: CaseStatus = CaseStatus.CLOSED, country: str = "DE") -> None:
    customer = a_customer(customer_id="cus_grace", name=NAME, email="grace@customers.example", country=country)
    ledger.open_case(a_case("in_grace", customer_id="cus_grace", status=status), customer, "{}")
    row = a_contact(invoice_id="in_grace", channel=Channel.EMAIL, as_of=WROTE, text=f"Dear {NAME}")
    reserve(ledger, row, "cus_grace")


def test_all_that_is_held_of_a_customer_is_one_file(starter: Starter, ledger: SqlLedger, tmp_path: Path) -> None:
    a_life(ledger)
    file = tmp_path / "grace.json"

    done = starter("customer", "export", "cus_grace", "--out", str(file), "--by", "pat")
    shown = starter("customer", "export", "cus_grace")

    assert (0, 0) == (done.exit_code, shown.exit_code)
    found = json.loads(file.read_text())
    assert (1, "cus_grace") == (found["schema_version"], found["customer_id"])
    assert NAME == found["tables"]["customers"][0]["name"]
    assert f"Dear {NAME}" == found["tables"]["contacts"][0]["text"]
    assert 0o600 == file.stat().st_mode & 0o777
    assert {**found, "made_at": ""}.keys() == json.loads(shown.stdout).keys()
    path = "/v1/customers/cus_grace/data"
    names = ["pat (command line)", "operator (command line)"]
    assert [("GET", path, 200, name) for name in names] == [
        (one.method, one.path, one.status, one.name) for _, one in ledger.audit()
    ]


def test_a_customer_is_erased_and_may_be_again(starter: Starter, ledger: SqlLedger) -> None:
    a_life(ledger)

    both = [starter("customer", "erase", "cus_grace", "--by", "pat") for _ in range(2)]

    assert ["What identified cus_grace is erased from the ledger.\n"] * 2 == [one.stdout for one in both]
    assert NAME not in starter("customer", "export", "cus_grace").stdout
    assert [("POST", "/v1/customers/cus_grace/erasure", 200)] * 2 == [
        (one.method, one.path, one.status) for _, one in ledger.audit() if one.name == "pat (command line)"
    ]


def an_open_case(ledger: SqlLedger) -> None:
    a_life(ledger, CaseStatus.OPEN)


def waiting_news(ledger: SqlLedger) -> None:
    a_life(ledger)
    ledger.keep([Arrival(provider="stripe", event_id="evt_9", kind="k", body='{"customer": "cus_grace"}')], WROTE)


def kept_by_law(ledger: SqlLedger) -> None:
    a_life(ledger, country="US")


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (an_open_case, "The case of in_grace is open: let it end, or give it up (python starter.py write-off)"),
        (waiting_news, "evt_9 waits in the inbox and names the customer: try again when it is taken."),
        (
            kept_by_law,
            f"Records of this customer have to be kept until {months_after(WROTE.date(), 36)} by us-records@2021-11-30",
        ),
    ],
)
def test_what_keeps_a_customer_from_being_erased_is_named_and_nothing_is_done(
    starter: Starter, ledger: SqlLedger, before: object, why: str
) -> None:
    assert callable(before)
    before(ledger)

    code, sentence = said(starter("customer", "erase", "cus_grace"))

    assert 1 == code
    assert why in sentence
    assert [409] == [one.status for _, one in ledger.audit()]
    customer = ledger.customer("cus_grace")
    assert customer
    assert NAME == customer.name


def test_nothing_is_known_of_nobody(starter: Starter, ledger: SqlLedger) -> None:
    answers = [said(starter("customer", word, "cus_nobody")) for word in ("export", "erase")]

    assert [(1, "The ledger knows nothing of a customer cus_nobody.")] * 2 == answers
    assert [404, 404] == [one.status for _, one in ledger.audit()]
