"""The list of cases: a page at a time, from the ledger alone."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from domain.case import CaseStatus, Outcome
from domain.money import Money
from domain.projection import Projection
from domain.record import Entry
from domain.retries import BESIDE
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CaseRow, CustomerRow, Late
from runtime.settings import ROOT
from tests.cli.commands import said
from tests.new_ledger import new_ledger

FIRST = datetime(2026, 11, 1, 8, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_ledger(tmp_path / "ledger.db")


@pytest.fixture
def books(url: str) -> Iterator[SqlLedger]:
    """A ledger, and no Temporal far and wide."""
    with closing(SqlLedger(url)) as ledger:
        yield ledger


def listed(url: str, *words: str) -> Result:
    return CliRunner().invoke(
        app, ["list", *words], env={"DUNNING_DATABASE_URL": url, "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    )


def an_open_case(ledger: SqlLedger, number: int, customer: str = "cus_1") -> str:
    """Opened one hour after the one before it."""
    invoice = f"in_{number:04}"
    row = CaseRow(
        invoice_id=invoice,
        customer_id=customer,
        policy="standard@1",
        policy_digest="0" * 16,
        amount=Money(amount=2000, currency="USD"),
        remaining=Money(amount=2000, currency="USD"),
        opened_at=FIRST + timedelta(hours=number),
        status="opening",
        decline_code="insufficient_funds",
    )
    ledger.open_case(row, CustomerRow(customer_id=customer), "{}")
    ledger.mark_open(invoice)
    return invoice


def invoices(result: Result) -> list[str]:
    assert 0 == result.exit_code, result.stderr

    return [json.loads(line)["invoice_id"] for line in result.stdout.splitlines()]


def test_pages_lead_from_one_to_the_next(books: SqlLedger, url: str) -> None:
    """With the words to get the next one; the last page has none."""
    cases = [an_open_case(books, number) for number in range(5)]
    first = listed(url, "--limit", "2", "--json")
    pages = [first]
    while place := re.search(r"--after (\S+)", pages[-1].stderr):
        pages.append(listed(url, "--limit", "2", "--json", "--after", place[1]))

    assert [cases[0:2], cases[2:4], cases[4:]] == [invoices(page) for page in pages]
    assert f"There are more: python starter.py list --limit 2 --after 2026-11-01T09:00:00Z/{cases[1]}\n" == (
        first.stderr
    )


def test_a_page_has_50_cases_unless_told_otherwise(books: SqlLedger, url: str) -> None:
    for number in range(51):
        an_open_case(books, number)

    assert 50 == len(invoices(listed(url, "--json")))
    assert 51 == len(invoices(listed(url, "--json", "--limit", "100")))


def test_status_and_customer_choose(books: SqlLedger, url: str) -> None:
    """Each alone and both together; the place of the next page keeps them."""
    one, two, three = an_open_case(books, 1), an_open_case(books, 2, "cus_2"), an_open_case(books, 3, "cus_2")
    held = Projection(
        status=CaseStatus.ON_HOLD,
        stage="silent",
        remaining=Money(amount=2000, currency="USD"),
        hold="dispute",
        next_at=None,
        why="the customer disputes",
    )
    books.decided(three, FIRST + timedelta(days=1), [], held, "{}")

    assert [one, two] == invoices(listed(url, "--json", "--status", "open"))
    assert [two, three] == invoices(listed(url, "--json", "--customer", "cus_2"))
    assert [three] == invoices(listed(url, "--json", "--status", "on_hold", "--customer", "cus_2"))
    assert "--customer cus_2 --limit 1 --after" in listed(url, "--customer", "cus_2", "--limit", "1").stderr


def test_what_the_newest_decision_says_is_listed(books: SqlLedger, url: str) -> None:
    """The next step, its time and its reason come from the ledger."""
    invoice = an_open_case(books, 1)
    decided = Projection(
        status=CaseStatus.OPEN,
        stage="friendly",
        decline_code="insufficient_funds",
        remaining=Money(amount=1500, currency="USD"),
        next_at=datetime(2026, 11, 5, 9, 30, tzinfo=UTC),
        next_step="retry on day 5",
        why="the next retry is on day 5",
    )
    books.decided(invoice, FIRST + timedelta(days=1), [], decided, "{}")

    case = json.loads(listed(url, "--json").stdout)
    table = listed(url).stdout

    assert ("15.00 USD", "retry on day 5", "the next retry is on day 5") == (
        case["due"],
        case["next_step"],
        case["why"],
    )
    assert "2026-11-05T09:30:00Z" == case["next_step_at"]
    assert [
        invoice,
        "cus_1",
        "open",
        "15.00",
        "USD",
        "insufficient",
        "funds",
        "standard@1",
        "2026-11-01",
        "2026-11-05",
        "09:30",
    ] == (table.splitlines()[1].split())


def test_a_page_shows_who_waits_for_what(books: SqlLedger, url: str) -> None:
    """Customer, kind of each hold, what is due now, and the zone of the times."""
    invoice = an_open_case(books, 1, "cus_held")
    held = Projection(
        status=CaseStatus.ON_HOLD,
        stage="silent",
        remaining=Money(amount=1200, currency="USD"),
        hold="operator needed: Stripe refuses the API key: check STRIPE_API_KEY.; dispute: the customer disputes",
        next_at=None,
        why="on hold",
    )
    books.decided(invoice, FIRST + timedelta(days=1), [], held, "{}")

    shown = listed(url).stdout
    asked = json.loads(listed(url, "--json").stdout)

    for part in ("cus_held", "12.00 USD", "(UTC)", "dispute", "operator"):
        assert part in shown
    assert ["dispute", "operator_needed"] == asked["holds"]


def test_r19_a_case_that_stripe_retries_as_well_is_seen_in_the_list(books: SqlLedger, url: str) -> None:
    """Until it is closed."""
    invoice = an_open_case(books, 1)
    due = Money(amount=1200, currency="USD")
    why = f"retry 1 of 6; {BESIDE}"
    case = Projection(status=CaseStatus.OPEN, stage="silent", remaining=due, why=why)
    books.decided(invoice, FIRST + timedelta(days=1), [], case, "{}")

    shown = " ".join(listed(url).stdout.split())
    asked = json.loads(listed(url, "--json").stdout)

    assert "retried by Stripe too" in shown
    assert (True, why) == (asked["two_owners"], asked["why"])


def test_a_page_shows_what_became_of_the_money_after_the_end(books: SqlLedger, url: str) -> None:
    """Owed again, billed anew, or to be given back: never silently."""
    for number in range(3):
        an_open_case(books, number)
        end = Projection(
            status=CaseStatus.CLOSED,
            stage="silent",
            remaining=Money(amount=0, currency="USD"),
            why="paid",
            outcome=Outcome.RECOVERED,
        )
        books.decided(f"in_{number:04}", FIRST, [], end, "{}")
    nothing, twenty = (Money(amount=amount, currency="USD") for amount in (0, 2000))
    for number, late in enumerate(
        (
            Late(remaining=twenty, owed_again=True),
            Late(remaining=nothing, reopened_as="in_again"),
            Late(remaining=nothing, refund_due=twenty),
        )
    ):
        entry = Entry(at=FIRST, step="late", what="told", why="the bank")
        books.after_the_end(f"in_{number:04}", "du_1", entry, late)

    shown = " ".join(listed(url).stdout.split())
    found = [json.loads(line) for line in listed(url, "--json").stdout.splitlines()]

    assert [True, False, False] == [case["owed_again"] for case in found]
    assert (["in_again"], "20.00 USD") == ([found[1]["reopened_as"]], found[2]["refund_due"])
    for part in ("owed again", "billed anew", "in_again", "refund due"):
        assert part in shown
    assert ["in_0000"] == invoices(listed(url, "--owed-again", "--json"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--status", "sleeping"],
            "There is no status 'sleeping': use one of opening, open, on_hold, with_agency, closed.",
        ),
        (["--limit", "0"], "A page has at least one case: give a limit of 1 or more."),
        (
            ["--after", "tomorrow"],
            "'tomorrow' is no place in the list: take the one that was printed below the page before.",
        ),
    ],
)
def test_a_wrong_request_is_one_sentence(books: SqlLedger, url: str, words: list[str], sentence: str) -> None:
    assert (2, sentence) == said(listed(url, *words))


def test_an_empty_list_says_so(books: SqlLedger, url: str) -> None:
    assert "There is no such case.\n" == listed(url).stdout


def test_a_ledger_that_is_not_set_up_is_one_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"

    assert (2, "The ledger is not set up, or not for this version: run python starter.py setup.") == said(listed(url))


def test_a_list_loads_neither_temporal_nor_a_provider() -> None:
    """They take longer to load than a page of ten thousand cases takes to read."""
    program = (
        "import sys; from typer.testing import CliRunner; from cli.app import app;"
        "CliRunner().invoke(app, ['list']);"
        "print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    )
    heavy = ["temporalio", "stripe", "twilio", "sendgrid", "alembic", "psycopg", "phonenumbers", "holidays", "jinja2"]
    heavy += ["sqlalchemy.dialects.postgresql", "domain.planner", "domain.projection"]
    done = subprocess.run(
        [sys.executable, "-c", program, *heavy], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert "[]\n" == done.stdout
