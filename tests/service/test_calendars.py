"""The calendar of a policy, and of a real case."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain import life
from domain.case import Case, CaseStatus, Circumstances
from domain.record import Entry
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import load_policy, policy_digest
from gateways.ports.rows import ContactRow, CustomerRow
from runtime.previewing import calendars, simulations
from runtime.settings import ROOT, Settings
from service.calendars import PAST, Calendar, calendar_of
from service.requests import Refused
from service.sample_customers import SampleCustomer, sample
from service.simulations import Simulated
from tests.cases import an_opening_row
from tests.gateways.ledger.builders import reserve
from tests.new_ledger import new_ledger

OPENED = datetime(2030, 4, 1, 3, tzinfo=UTC)
STANDARD = load_policy(ROOT / "policies/standard.yaml")
ALL_SET_UP = Settings.model_validate(
    {
        "sendgrid_api_key": "k",
        "sendgrid_from_email": "billing@example.com",
        "twilio_account_sid": "AC1",
        "twilio_auth_token": "t",
        "twilio_from": "+15550100",
        "merchant_webhook_url": "https://app.example.com",
        "merchant_webhook_secret": "whsec_dGVzdA==",
        "agency_endpoint": "https://agency.example.com",
    }
)
SIMULATIONS = simulations(ALL_SET_UP)


def tried(customer: SampleCustomer, code: str = "insufficient_funds", paid_on: int | None = None) -> Calendar:
    return calendar_of(SIMULATIONS.open(STANDARD, customer, code, OPENED, paid_on))


def test_every_line_is_dated_in_the_customers_zone() -> None:
    shown = tried(sample("th"))

    assert "Asia/Bangkok" == shown.zone
    assert {timedelta(hours=7)} == {row.at.utcoffset() for row in shown.rows}
    assert sorted(row.at for row in shown.rows) == [row.at for row in shown.rows]


def test_the_law_of_the_place_is_named_where_it_postpones() -> None:
    """In Thailand one contact a day: the second final message waits for the next."""
    rules = {row.rule for row in tried(sample("th")).rows if row.what == "postponed"}

    assert "th-once-a-day@2019-11-21" in rules


def test_the_networks_ceiling_is_named_where_it_postpones_or_forbids() -> None:
    """A policy that tries a bank account more often than its rail allows."""
    customer = sample().model_copy(update={"network": "ach"})

    rules = {row.rule for row in tried(customer).rows if row.what == "left out"}

    assert any(rule and rule.startswith("ach-") for rule in rules)


def test_a_payment_ends_it() -> None:
    shown = tried(sample(), paid_on=6)

    assert ["heard", "closed"] == [row.what for row in shown.rows[-2:]]
    assert "closed as recovered" in shown.rows[-1].said


def made() -> Simulated:
    return SIMULATIONS.open(STANDARD, sample("th"), "insufficient_funds", OPENED)


@pytest.fixture
def case() -> Case:
    return made().case


@pytest.fixture
def ledger(tmp_path: Path, case: Case) -> Iterator[SqlLedger]:
    """The case in a ledger, as it stands after its first decision."""
    with closing(SqlLedger(new_ledger(tmp_path / "ledger.db"))) as ledger:
        facts, digest = case.facts, policy_digest(STANDARD)
        ledger.keep_policy(digest, STANDARD.name, STANDARD.version, STANDARD.model_dump_json())
        row = an_opening_row(facts.invoice_id, facts.customer_id, OPENED).model_copy(
            update={"policy_digest": digest, "amount": facts.amount, "remaining": facts.amount}
        )
        ledger.open_case(row, sample("th").row, case.model_dump_json())
        ruling = life.decide(case, STANDARD, Circumstances(), OPENED)
        ledger.decided(facts.invoice_id, OPENED, (), ruling.projection, ruling.case.model_dump_json())
        ledger.mark_open(facts.invoice_id)
        yield ledger


def test_what_lies_ahead_of_a_real_case_is_what_the_same_case_would_do_made_up(case: Case, ledger: SqlLedger) -> None:
    made_up = calendar_of(made())

    shown = calendars(ALL_SET_UP, ledger).of(case.facts.invoice_id)

    assert [(row.at, row.title) for row in made_up.rows] == [(row.at, row.title) for row in shown.rows]


def test_what_rules_have_decided_is_told_before(case: Case, ledger: SqlLedger) -> None:
    """What was done by no rule is in the record, which `show` has."""
    for what, rule in (("postponed to 2030-04-02 03:00", "cap@1"), ("email sent", None)):
        entry = Entry(at=OPENED, step="d01", what=what, why="asked too often", rule=rule)
        ledger.record_effect(case.facts.invoice_id, entry)

    past = [row for row in calendars(ALL_SET_UP, ledger).of(case.facts.invoice_id).rows if row.what == PAST]

    assert ["postponed to 2030-04-02 03:00: asked too often [cap@1]"] == [row.said for row in past]


def test_what_the_customer_heard_of_other_invoices_counts(case: Case, ledger: SqlLedger) -> None:
    """In Thailand once a day, whatever it is about."""
    day_three = next(row for row in calendar_of(made()).rows if row.title == "friendly e-mail on day 3")
    other = an_opening_row("in_other", case.facts.customer_id, OPENED)
    ledger.open_case(other, CustomerRow(customer_id=case.facts.customer_id), "{}")
    earlier = day_three.at - timedelta(minutes=20)
    told = {"invoice_id": "in_other", "step": "d03-sms", "channel": Channel.SMS, "stage": "reminder"}
    reserve(ledger, ContactRow(**told, key="k", state="sending", as_of=earlier, started_at=earlier))

    rows = calendars(ALL_SET_UP, ledger).of(case.facts.invoice_id).rows

    postponed = [row.rule for row in rows if row.title == day_three.title and row.what == "postponed"]
    assert ["th-once-a-day@2019-11-21"] == postponed


def test_a_case_that_is_over_has_nothing_ahead(case: Case, ledger: SqlLedger) -> None:
    shown = calendars(ALL_SET_UP, ledger)

    with pytest.raises(Refused, match="There is no case of invoice in_none"):
        shown.of("in_none")
    ruling = life.decide(case.but(closed=True), STANDARD, Circumstances(), OPENED)
    over = ruling.projection.model_copy(update={"status": CaseStatus.CLOSED})
    ledger.decided(case.facts.invoice_id, OPENED, (), over, case.model_dump_json())
    with pytest.raises(Refused, match="Nothing lies ahead of the case of in_preview: it is over"):
        shown.of(case.facts.invoice_id)
