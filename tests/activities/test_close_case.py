"""The end of a case in the ledger."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.case import Outcome
from tests.activities.builders import AS_OF, Worker, a_closing, a_note, open_case, usd

LATER = AS_OF + timedelta(hours=1)


def test_a_case_closes_once(worker: Worker) -> None:
    """The second run changes nothing, not even the date."""
    case = open_case(worker)

    for _ in range(2):
        worker.close_case(a_closing(case, Outcome.SETTLED, 500, notes=(a_note(),)))

    row = worker.ledger.case(case.invoice_id)
    assert row is not None
    assert ("closed", Outcome.SETTLED, usd(500), AS_OF) == (row.status, row.outcome, row.remaining, row.closed_at)
    assert ["skipped", "closed: settled"] == [line.what for line in worker.ledger.record(case.invoice_id)]


@pytest.mark.parametrize("given_up", [Outcome.WRITTEN_OFF, Outcome.COLLECTIONS])
def test_a_payment_that_arrived_while_the_case_was_closing_is_taken_over(worker: Worker, given_up: Outcome) -> None:
    """A payment beats giving up: the row says recovered, and the timeline keeps both ends."""
    case = open_case(worker)
    worker.close_case(a_closing(case, given_up, 1999))

    for _ in range(2):
        worker.close_case(a_closing(case, Outcome.RECOVERED, 0, as_of=LATER))

    row = worker.ledger.case(case.invoice_id)
    assert row is not None
    assert (Outcome.RECOVERED, usd(0), LATER) == (row.outcome, row.remaining, row.closed_at)
    assert [f"closed: {given_up.value}", "closed: recovered"] == [
        line.what for line in worker.ledger.record(case.invoice_id)
    ]


def test_a_recovered_case_is_never_turned_into_a_write_off(worker: Worker) -> None:
    """A late run of an older order is refused, for good."""
    case = open_case(worker)
    worker.close_case(a_closing(case))

    with pytest.raises(ApplicationError, match="closed as recovered") as caught:
        worker.close_case(a_closing(case, Outcome.WRITTEN_OFF, 1999))

    assert ("ProviderMisuse", True) == (caught.value.type, caught.value.non_retryable)
