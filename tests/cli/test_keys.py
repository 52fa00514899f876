"""Keys of the API in the terminal."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from gateways.ledger.sql_ledger import SqlLedger
from service.keys import KeyRing, Scope
from tests.new_ledger import new_ledger


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_ledger(tmp_path / "ledger.db")


def asked(url: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words], env={"DUNNING_DATABASE_URL": url})


def works(url: str, token: str) -> bool:
    with closing(SqlLedger(url)) as ledger:
        return KeyRing(ledger, lambda: datetime.now(UTC)).caller(token) is not None


def test_a_key_is_shown_once_and_works_until_it_is_revoked(url: str) -> None:
    token = asked(url, "make", "billing system", "--scope", "billing", "--days", "30").stdout.strip()
    [listed] = [json.loads(line) for line in asked(url, "list", "--json").stdout.splitlines()]
    before = works(url, token)
    revoked = asked(url, "revoke", listed["key_id"])

    assert ("billing system", Scope.BILLING) == (listed["name"], listed["scope"])
    assert token.rpartition("_")[2] not in asked(url, "list", "--json").stdout
    assert (True, 0, False) == (before, revoked.exit_code, works(url, token))


def test_a_rotated_key_works_on_for_its_grace(url: str) -> None:
    old = asked(url, "make", "ops", "--scope", "operator").stdout.strip()
    key_id = old.split("_")[1]

    new = asked(url, "rotate", key_id, "--grace", "0").stdout.strip()

    assert (False, True) == (works(url, old), works(url, new))
    assert "lists them" in asked(url, "rotate", "nobody").stderr


def test_a_rotated_key_can_be_cut_off_within_its_grace(url: str) -> None:
    """It has leaked."""
    old = asked(url, "make", "ops", "--scope", "operator").stdout.strip()
    key_id = old.split("_")[1]
    asked(url, "rotate", key_id, "--grace", "24")

    before, revoked = works(url, old), asked(url, "revoke", key_id)

    assert (True, 0, False) == (before, revoked.exit_code, works(url, old))


def test_a_key_needs_a_name_and_some_time(url: str) -> None:
    for words in (["make", " "], ["make", "x", "--days", "0"]):
        refused = asked(url, *words)

        assert (2, 1) == (refused.exit_code, len(refused.stderr.strip().splitlines()))
