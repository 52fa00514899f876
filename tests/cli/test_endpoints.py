"""Where events are sent, in the terminal: from the ledger alone."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from domain.event_shapes import PAYLOADS
from domain.outgoing import CaseOpened
from gateways.ledger.sql_ledger import SqlLedger
from tests.gateways.ledger.builders import NOW, a_case, a_customer, an_entry, usd
from tests.new_ledger import new_ledger

URL = "https://example.com/events"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_ledger(tmp_path / "ledger.db")


@pytest.fixture
def book(url: str) -> Iterator[SqlLedger]:
    """A ledger with one event."""
    with closing(SqlLedger(url)) as ledger:
        ledger.open_case(a_case(), a_customer(), "{}", an_entry("case opened", event=CaseOpened(amount=usd(1999))))
        yield ledger


def asked(url: str, *words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["endpoints", *words], env={"DUNNING_DATABASE_URL": url, **environment})


def test_an_endpoint_is_added_and_its_secret_shown_once(book: SqlLedger, url: str) -> None:
    assert book
    endpoint_id, secret = asked(url, "add", URL, "--type", "case.opened", "--type", "case.closed").stdout.split()
    [listed] = [json.loads(line) for line in asked(url, "list", "--json").stdout.splitlines()]
    line = asked(url, "list").stdout

    assert (endpoint_id, URL, ["case.opened", "case.closed"]) == (listed["endpoint_id"], listed["url"], listed["types"])
    assert f"{endpoint_id}  {URL}  case.opened, case.closed  0 wait  works\n" == line
    assert secret.startswith("whsec_")
    assert "whsec" not in asked(url, "list", "--json").stdout + line


@pytest.mark.parametrize("wrong", ["http://example.com/", "https://127.0.0.1/", "https://169.254.169.254/", "events"])
def test_an_address_that_events_never_go_to_is_refused(book: SqlLedger, url: str, wrong: str) -> None:
    refused = asked(url, "add", wrong)

    assert (2, []) == (refused.exit_code, book.endpoints())
    assert refused.stderr.strip().endswith(".")
    assert 1 == len(refused.stderr.splitlines())


def test_a_sandbox_may_have_its_own_machine(book: SqlLedger, url: str) -> None:
    added = asked(url, "add", "http://127.0.0.1:8080/", DUNNING_OUTBOX_PRIVATE="true")

    assert (0, 1) == (added.exit_code, len(book.endpoints()))


def test_a_type_that_there_is_not_is_named(book: SqlLedger, url: str) -> None:
    refused = asked(url, "add", URL, "--type", "case.celebrated")

    assert (2, []) == (refused.exit_code, book.endpoints())
    assert "case.celebrated" in refused.stderr


def test_a_secret_is_rotated_and_the_old_one_counts_for_a_while(book: SqlLedger, url: str) -> None:
    endpoint_id, old = asked(url, "add", URL).stdout.split()
    new = asked(url, "rotate", endpoint_id, "--grace", "2").stdout.strip()
    [kept] = book.endpoints()

    assert (new, old) == (kept.secret, kept.old_secret)
    assert kept.old_until
    assert timedelta(hours=1) < kept.old_until - datetime.now(UTC) <= timedelta(hours=2)


def test_events_are_sent_again_from_a_date_on(book: SqlLedger, url: str) -> None:
    endpoint_id, _ = asked(url, "add", URL).stdout.split()
    book.disable(endpoint_id, NOW, "It answered 410.")
    disabled = asked(url, "list").stdout
    none = asked(url, "replay", endpoint_id, "--since", f"{NOW + timedelta(days=1):%Y-%m-%d}")
    one = asked(url, "replay", endpoint_id, "--since", f"{NOW:%Y-%m-%d}")

    assert f"disabled {NOW:%Y-%m-%d %H:%M}: It answered 410." in disabled
    assert f"{endpoint_id}: 0 events are sent again\n" == none.stdout
    assert f"{endpoint_id}: 1 events are sent again\n" == one.stdout
    assert "1 wait  works" in asked(url, "list").stdout


def test_an_endpoint_is_removed(book: SqlLedger, url: str) -> None:
    endpoint_id, _ = asked(url, "add", URL).stdout.split()

    assert (0, []) == (asked(url, "remove", endpoint_id).exit_code, book.endpoints())
    for words in (("remove",), ("rotate",), ("replay", "--since", "2030-01-01")):
        missing = asked(url, *words, endpoint_id)
        assert 1 == missing.exit_code
        assert "endpoints list" in missing.stderr


def test_the_types_are_listed_with_a_sentence_each(url: str) -> None:
    lines = asked(url, "types").stdout.splitlines()

    assert [*PAYLOADS] == [line.split()[0] for line in lines]
    assert all(len(line.split()) > 3 for line in lines)


def test_an_endpoint_is_changed_disabled_and_enabled(book: SqlLedger, url: str) -> None:
    endpoint_id, _ = asked(url, "add", URL, "--type", "case.opened").stdout.split()

    said = [
        asked(url, *words).stdout
        for words in (
            ("change", endpoint_id, "--url", f"{URL}/2"),
            ("change", endpoint_id, "--every-type"),
            ("disable", endpoint_id),
            ("enable", endpoint_id),
        )
    ]

    assert f"{endpoint_id}  {URL}/2  case.opened  0 wait  works\n" == said[0]
    assert f"{endpoint_id}  {URL}/2  every type  0 wait  works\n" == said[1] == said[3]
    assert said[2].endswith(": Disabled by hand.\n")
    assert 2 == asked(url, "change", endpoint_id, "--url", "http://10.0.0.1/").exit_code


def test_deliveries_are_listed_with_their_last_error(book: SqlLedger, url: str) -> None:
    endpoint_id, _ = asked(url, "add", URL).stdout.split()
    asked(url, "replay", endpoint_id, "--since", f"{NOW:%Y-%m-%d}")
    [waiting] = book.deliveries(endpoint_id, None, 0, 9)
    book.not_delivered(endpoint_id, waiting.number, "It answered 500.", NOW, None)

    line = asked(url, "deliveries", endpoint_id).stdout
    [found] = [
        json.loads(each)
        for each in asked(url, "deliveries", endpoint_id, "--given-up", "--json").stdout.split("\n")[:-1]
    ]

    assert "in_1  case.opened  given_up, 1 failed: It answered 500.\n" in line
    assert ("given_up", 1) == (found["state"], found["attempts"])
    assert "" == asked(url, "deliveries", endpoint_id, "--waiting").stdout


def test_a_test_says_what_stands_in_its_way(book: SqlLedger, url: str) -> None:
    """By the way that events go: into the own network there is none."""
    endpoint_id, _ = asked(url, "add", "https://localhost/").stdout.split()

    answer = asked(url, "test", endpoint_id)
    none = asked(url, "test", "ep_0")

    assert (1, 1) == (answer.exit_code, none.exit_code)
    assert "localhost is not a public address" in answer.stdout
    assert "There is no endpoint ep_0" in none.stderr
