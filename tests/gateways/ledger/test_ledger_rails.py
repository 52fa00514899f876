"""Ten invoices on one bank account, and ten on one card, never exceed what its rail or network allows (R15)."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from domain.case import ChargeOutcome
from domain.declines import Decline, RawDecline
from domain.gates import Postpone, Refuse
from domain.rules.uses import NextCharge
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import AttemptRow
from gateways.rules import load_network_rules
from runtime.settings import ROOT
from tests.gateways.ledger.builders import (
    DAY,
    NOW,
    RACERS,
    a_decline,
    a_foreign_attempt,
    an_attempt,
    an_entry,
    finish,
    open_case,
    race,
    usd,
)

RULES = load_network_rules(ROOT / "policies" / "rules")
INVOICES = 10


def returned(code: str) -> Decline:
    """A debit that came back by ACH."""
    return a_decline(raw=RawDecline(network_decline_code=code, decline_code="insufficient_funds", network="ach"))


def a_debit(attempt: int = 1, invoice_id: str = "in_1", **fields: object) -> AttemptRow:
    return an_attempt(attempt, invoice_id, **{"network": "ach", "fingerprint": "account_a"} | fields)


def a_first_debit(ledger: SqlLedger, invoice_id: str, code: str = "R01", **fields: object) -> None:
    """The debit by which the provider failed to collect the invoice."""
    given = {"network": "ach", "fingerprint": "account_a", "decline": returned(code)}
    ledger.record_foreign_attempt(a_foreign_attempt(invoice_id=invoice_id, **given | fields), f"evt_{invoice_id}")


def test_a_debit_is_made_twice_again_and_then_never(ledger: SqlLedger) -> None:
    """R15: R01 came back three times; the refusal is on record with rule and edition."""
    a_first_debit(ledger, "in_1")
    for number in (1, 2):
        row = a_debit(number, as_of=NOW + 7 * number * DAY)
        assert row == ledger.begin_attempt(row, RULES)
        finish(ledger, row, ChargeOutcome.PROCESSING)
        ledger.settle_attempt("in_1", number, ChargeOutcome.DECLINED, returned("R01"), an_entry("declined"))
    refused = ledger.begin_attempt(a_debit(3, as_of=NOW + 21 * DAY), RULES)

    last = ledger.record("in_1")[-1]
    why = "no further debit by ACH after 3 that came back in a row"
    assert Refuse(why=why, rule="ach-reinitiation@2026-11-26") == refused
    assert ("refused", "ach-reinitiation@2026-11-26") == (last.what, last.rule)


def test_an_account_that_is_closed_is_debited_for_no_invoice(ledger: SqlLedger) -> None:
    """R15: R02 on one invoice, months ago."""
    open_case(ledger, "in_2")
    a_first_debit(ledger, "in_2", "R02", as_of=NOW - 100 * DAY)
    a_first_debit(ledger, "in_1", as_of=NOW - 5 * DAY)

    assert isinstance(ledger.begin_attempt(a_debit(), RULES), Refuse)


def test_the_last_debit_of_an_account_is_given_once(ledger: SqlLedger) -> None:
    """R15: several invoices on one account race for it."""
    for number in range(RACERS):
        open_case(ledger, f"in_race_{number}")
    for number in (1, 2):
        a_first_debit(ledger, f"in_race_{number}", as_of=NOW - (3 + number) * DAY)
    answers = race(lambda number: ledger.begin_attempt(a_debit(1, f"in_race_{number}"), RULES))

    assert 1 == sum(isinstance(answer, AttemptRow) for answer in answers)
    assert RACERS - 1 == sum(isinstance(answer, Postpone) for answer in answers)


def test_a_card_issued_in_india_is_charged_once(ledger: SqlLedger) -> None:
    """R15: the country is the card's; with another one there is room."""
    a_first_debit(ledger, "in_1", network="visa", fingerprint="card_a", as_of=NOW - 60 * DAY)

    assert isinstance(ledger.begin_attempt(an_attempt(), RULES, "IN"), Refuse)
    assert an_attempt() == ledger.begin_attempt(an_attempt(), RULES, "US")


def test_what_is_asked_when_deciding_is_what_is_counted_when_acting(ledger: SqlLedger) -> None:
    """Over all invoices, within the rail's own window, and with the codes of what came back."""
    open_case(ledger, "in_2")
    a_first_debit(ledger, "in_2", "R09", as_of=NOW - 150 * DAY)
    a_first_debit(ledger, "in_other", fingerprint="account_b")
    charge = NextCharge(invoice_id="in_1", amount=usd(1999), at=NOW, network="ach", fingerprint="account_a")

    [use] = ledger.uses_of(charge, RULES.window(charge))
    assert ("in_2", "R09", NOW - 150 * DAY) == (use.invoice_id, use.code, use.at)
    assert [] == ledger.uses_of(charge, 31 * DAY)


Made = Iterator[tuple[AttemptRow, bool]]


def lives(ledger: SqlLedger, network: str, method: str, days: int, every: int, paid: float) -> Made:
    """Ten invoices on one card or account, tried at random, at most every so many hours; a part `paid` goes through.

    Yields what was charged, and whether it was paid.
    """
    chance = Random(method)  # noqa: S311 - the same lives on each run
    invoices = [f"{method}_{number}" for number in range(INVOICES)]
    for invoice in invoices:
        open_case(ledger, invoice)
    numbers, open_ = dict.fromkeys(invoices, 0), set(invoices)
    for hour in range(0, 24 * days, every):
        for invoice in sorted(open_):
            if chance.random() > 0.3:
                continue
            at = NOW + timedelta(hours=hour, seconds=chance.randrange(3600))
            row = an_attempt(numbers[invoice] + 1, invoice, network=network, fingerprint=method, as_of=at)
            if not isinstance(ledger.begin_attempt(row, RULES), AttemptRow):
                continue
            numbers[invoice] += 1
            goes_through = chance.random() < paid
            decline = a_decline(raw=RawDecline(decline_code="insufficient_funds", network=network))
            outcome = ChargeOutcome.PAID if goes_through else ChargeOutcome.DECLINED
            finish(ledger, row, outcome, None if goes_through else decline)
            open_ -= {invoice} if goes_through else set()
            yield row, goes_through


@pytest.mark.parametrize("seed", range(3))
def test_ten_invoices_on_one_bank_account_never_exceed_the_ceiling(ledger: SqlLedger, seed: int) -> None:
    """R15: three debits of one invoice, three that come back in a row, days apart, whoever asks and when."""
    in_a_row: list[AttemptRow] = []
    of_invoice: dict[str, int] = {}
    for row, paid in lives(ledger, "ach", f"account_{seed}", 40, 24, 0.2 * seed):
        of_invoice[row.invoice_id] = of_invoice.get(row.invoice_id, 0) + 1
        assert not in_a_row or row.as_of - in_a_row[-1].as_of >= 3 * DAY
        in_a_row = [] if paid else [*in_a_row, row]
        assert len(in_a_row) <= 3
        assert of_invoice[row.invoice_id] <= 3
    assert of_invoice


@pytest.mark.parametrize("network", ["visa", "mastercard"])
def test_ten_invoices_on_one_card_never_exceed_the_ceiling(ledger: SqlLedger, network: str) -> None:
    """Twenty declined charges of one amount in 30 days; ten in a day, and 35 in 30 days."""
    limits = {"visa": [(20, 30 * DAY)], "mastercard": [(10, DAY), (35, 30 * DAY)]}[network]
    made: list[AttemptRow] = []
    for row, _ in lives(ledger, network, f"card_{network}", 32, 6, 0.0):
        made.append(row)
        for most, window in limits:
            assert sum(1 for other in made if row.as_of - other.as_of < window) <= most
    assert len(made) >= 20
