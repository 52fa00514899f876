"""Versions of the terms, and who has agreed to which: on SQLite and on PostgreSQL."""

import json
from datetime import datetime

import pytest
import sqlalchemy as sa

from domain.installation import COMPLETE
from domain.terms import Acceptance, KeptTerms, Section, Stated, TermsText, TermsVersion, terms_of
from gateways.ledger.database import open_database
from gateways.ledger.sql_ledger import SqlLedger
from tests.domain.builders import STANDARD
from tests.gateways.ledger.builders import DAY, NOW

TERMS = terms_of(Stated(due_days=14, late_fee={"en": "A fee."}), {False: STANDARD}, COMPLETE)
TEXT = TermsText(title="Terms", sections=(Section(heading="How", sentences=("By card.",)),))


def a_version(name: str = "a" * 16, since: datetime = NOW) -> KeptTerms:
    return KeptTerms(version=name, since=since, content=TermsVersion(terms=TERMS, texts={"en": TEXT}))


def an_acceptance(customer: str = "cus_9", event_id: str = "e1", at: datetime = NOW, **changes: str) -> Acceptance:
    said = {"version": "a" * 16, "language": "en", "where": "sign-up page", "by": "shop", **changes}
    return Acceptance(customer_id=customer, event_id=event_id, at=at, **said)


def test_a_version_is_kept_once_and_as_it_was(ledger: SqlLedger) -> None:
    """Asked for by many: the moment from which it is there stands."""
    for since in (NOW, NOW + DAY):
        ledger.keep_terms(a_version(since=since))

    assert a_version() == ledger.kept_terms("a" * 16)
    assert ledger.kept_terms("b" * 16) is None


def test_a_version_with_fields_that_are_gone_can_still_be_read() -> None:
    body = a_version().content.model_dump(mode="json")
    body["terms"]["collected"]["dropped"] = 1

    assert a_version().content == TermsVersion.stored(json.dumps(body))


def test_what_a_customer_agreed_to_is_kept_once_and_in_order(ledger: SqlLedger) -> None:
    """Of a customer without a case as well; the newest is the one that counts."""
    ledger.keep_terms(a_version())
    ledger.keep_terms(a_version("b" * 16))
    newer = an_acceptance(event_id="e0", at=NOW + DAY, version="b" * 16)
    for one in (newer, an_acceptance(), an_acceptance(at=NOW + 2 * DAY, where="elsewhere"), an_acceptance("cus_2")):
        ledger.accept(one)

    assert [an_acceptance(), newer] == ledger.acceptances("cus_9")
    assert newer == ledger.accepted("cus_9", NOW + DAY)
    assert an_acceptance() == ledger.accepted("cus_9", NOW)
    assert ledger.accepted("cus_9", NOW - DAY) is None
    assert ledger.accepted("cus_3", NOW + DAY) is None


def test_nobody_agrees_to_a_version_that_is_not_there(ledger: SqlLedger) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        ledger.accept(an_acceptance())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE terms_versions SET body = '{}'", "immutable"),
        ("DELETE FROM terms_versions", "immutable"),
        ("UPDATE acceptances SET language = 'de'", "append-only"),
    ],
)
def test_what_was_agreed_to_cannot_be_changed(url: str, ledger: SqlLedger, change: str, said: str) -> None:
    ledger.keep_terms(a_version())
    ledger.accept(an_acceptance())
    engine = open_database(url)

    with pytest.raises(sa.exc.DBAPIError, match=said), engine.begin() as connection:
        connection.exec_driver_sql(change)
    engine.dispose()
    assert [an_acceptance()] == ledger.acceptances("cus_9")


def test_the_data_of_a_customer_can_be_erased(url: str, ledger: SqlLedger) -> None:
    ledger.keep_terms(a_version())
    ledger.accept(an_acceptance())
    ledger.accept(an_acceptance("cus_2"))
    engine = open_database(url)

    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM acceptances WHERE customer_id = 'cus_9'")
    engine.dispose()

    assert [[], [an_acceptance("cus_2")]] == [ledger.acceptances(customer) for customer in ("cus_9", "cus_2")]
