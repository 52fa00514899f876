"""What the ledger keeps beside the cases: disputes, the bank's late answers, and money that moved after an end."""

import pytest

from domain.case import ChargeOutcome, Outcome
from domain.record import Entry
from gateways.ledger.sql_ledger import SqlLedger
from tests.gateways.ledger.builders import DAY, FREE, NOW, a_decline, an_attempt, close, usd

LATE = Entry(at=NOW + DAY, step="late", what="taken back after the end", why="the debit came back")


def test_a_dispute_that_is_over_stays_over(ledger: SqlLedger) -> None:
    """R13: `closed` may come before `created`."""
    ledger.dispute_ended("du_1", "cus_1", "won", NOW)
    ledger.dispute_opened("du_1", "cus_1", NOW + DAY)
    ledger.dispute_opened("du_2", "cus_1", NOW + DAY)
    ledger.dispute_opened("du_3", "cus_2", NOW)

    assert ["du_2"] == ledger.open_disputes_of("cus_1")


def test_a_dispute_ends_once(ledger: SqlLedger) -> None:
    """Several may be open, and each ends by itself."""
    ledger.dispute_opened("du_1", "cus_1", NOW)
    ledger.dispute_opened("du_2", "cus_1", NOW + DAY)

    ledger.dispute_ended("du_1", "cus_1", "lost", NOW + DAY)

    assert ["du_2"] == ledger.open_disputes_of("cus_1")


@pytest.mark.parametrize("outcome", [ChargeOutcome.PAID, ChargeOutcome.DECLINED])
def test_an_attempt_on_its_way_gets_the_banks_answer(ledger: SqlLedger, outcome: ChargeOutcome) -> None:
    """The ledger's rows follow the money to its end, and the record has both moments."""
    ledger.begin_attempt(an_attempt(), FREE)
    sent = Entry(at=NOW, step="d01-charge", what="processing", why="retry")
    ledger.finish_attempt("in_1", 1, ChargeOutcome.PROCESSING, "pi_1", None, sent)
    answered = Entry(at=NOW + DAY, step="d01-charge", what=outcome.value, why="the bank answered")
    decline = a_decline() if outcome is ChargeOutcome.DECLINED else None

    for _ in range(2):
        ledger.settle_attempt("in_1", 1, outcome, decline, answered)

    assert [(outcome, decline)] == [(row.outcome, row.decline) for row in ledger.attempts_of("in_1")]
    assert ["processing", outcome.value] == [line.what for line in ledger.record("in_1")]


def test_an_answered_attempt_is_not_answered_anew(ledger: SqlLedger) -> None:
    """Only what was on its way has an answer to come."""
    ledger.begin_attempt(an_attempt(), FREE)
    entry = Entry(at=NOW, step="d01-charge", what="declined", why="retry")
    ledger.finish_attempt("in_1", 1, ChargeOutcome.DECLINED, "pi_1", a_decline(), entry)

    ledger.settle_attempt("in_1", 1, ChargeOutcome.PAID, None, entry.model_copy(update={"what": "paid"}))

    assert [ChargeOutcome.DECLINED] == [row.outcome for row in ledger.attempts_of("in_1")]


def test_money_that_is_taken_back_after_the_end_is_owed_again(ledger: SqlLedger) -> None:
    """R14: booked once, and found in a list."""
    close(ledger, Outcome.RECOVERED)

    booked = [ledger.after_the_end("in_1", "du_1", LATE, usd(1999)) for _ in range(2)]

    assert [True, False] == booked
    [row] = ledger.cases(owed_again=True).rows
    assert ("in_1", Outcome.RECOVERED, usd(1999), LATE.why) == (row.invoice_id, row.outcome, row.remaining, row.why)
    assert [LATE] == ledger.record("in_1")[1:]


def test_a_late_payment_of_what_was_written_off_is_a_recovery(ledger: SqlLedger) -> None:
    """R14, R40: how the case ended in truth."""
    close(ledger, Outcome.WRITTEN_OFF)

    ledger.after_the_end("in_1", "evt_1", LATE, usd(0), Outcome.RECOVERED)

    row = ledger.case("in_1")
    assert row
    assert ("closed", Outcome.RECOVERED, usd(0)) == (row.status, row.outcome, row.remaining)
    assert () == ledger.cases(owed_again=True).rows


def test_a_case_that_goes_on_is_not_booked_after_its_end(ledger: SqlLedger) -> None:
    """What it is told, it books itself."""
    assert not ledger.after_the_end("in_1", "evt_1", LATE, usd(0))
    assert [] == ledger.record("in_1")
