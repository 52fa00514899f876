"""What the ledger keeps beside the cases: disputes, the bank's late answers, and money that moved after an end."""

import pytest

from domain.case import ChargeOutcome, Outcome
from domain.record import Entry
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import Late
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
    owed = Late(remaining=usd(1999), owed_again=True)

    booked = [ledger.after_the_end("in_1", "du_1", LATE, owed) for _ in range(2)]

    assert [True, False] == booked
    [row] = ledger.cases(owed_again=True).rows
    assert ("in_1", Outcome.RECOVERED, usd(1999), LATE.why) == (row.invoice_id, row.outcome, row.remaining, row.why)
    assert [LATE] == ledger.record("in_1")[1:]


def test_a_late_payment_of_what_was_written_off_is_a_recovery(ledger: SqlLedger) -> None:
    """R14, R40: how the case ended in truth."""
    close(ledger, Outcome.WRITTEN_OFF)

    ledger.after_the_end("in_1", "evt_1", LATE, Late(remaining=usd(0), outcome=Outcome.RECOVERED))

    row = ledger.case("in_1")
    assert row
    assert ("closed", Outcome.RECOVERED, usd(0)) == (row.status, row.outcome, row.remaining)
    assert () == ledger.cases(owed_again=True).rows


def test_a_case_that_goes_on_is_not_booked_after_its_end(ledger: SqlLedger) -> None:
    """What it is told, it books itself."""
    assert not ledger.after_the_end("in_1", "evt_1", LATE, Late(remaining=usd(0)))
    assert [] == ledger.record("in_1")


def test_a_settled_case_with_a_rest_is_not_owed_again(ledger: SqlLedger) -> None:
    """R14: what was given up by agreement is not in the list, and what was taken back of it is."""
    close(ledger, Outcome.SETTLED)
    assert () == ledger.cases(owed_again=True).rows

    ledger.after_the_end("in_1", "du_1", LATE, Late(remaining=usd(2499), owed_again=True))

    assert ["in_1"] == [row.invoice_id for row in ledger.cases(owed_again=True).rows]


def test_what_is_billed_anew_is_owed_on_the_new_invoice(ledger: SqlLedger) -> None:
    """R14: the old case is linked to the new one, and its debt is in no list twice."""
    close(ledger, Outcome.RECOVERED)

    ledger.after_the_end("in_1", "du_1", LATE, Late(remaining=usd(0), reopened_as="in_2"))

    row = ledger.case("in_1")
    assert row
    assert ("in_2", False, usd(0)) == (row.reopened_as, row.owed_again, row.remaining)


def test_a_refund_that_is_due_stays_in_the_row(ledger: SqlLedger) -> None:
    """Whatever else happens to the money afterwards."""
    close(ledger, Outcome.RECOVERED)

    ledger.after_the_end("in_1", "evt_1", LATE, Late(remaining=usd(0), refund_due=usd(500)))
    ledger.after_the_end("in_1", "du_1", LATE, Late(remaining=usd(1999), owed_again=True))

    row = ledger.case("in_1")
    assert row
    assert (usd(500), True) == (row.refund_due, row.owed_again)
