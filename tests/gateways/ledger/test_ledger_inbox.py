"""What came in is kept once, and in its order."""

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Arrival
from tests.gateways.ledger.builders import NOW


def an_arrival(event_id: str, provider: str = "stripe") -> Arrival:
    return Arrival(provider=provider, event_id=event_id, kind="invoice.paid", body="{}")


def test_many_that_come_together_stand_in_their_order(ledger: SqlLedger) -> None:
    """The inbox is read by its numbers: what a provider said first is handed on first."""
    events = [f"evt_{number * 7_919 % 2_500}" for number in range(2_500)]

    new = ledger.keep([an_arrival(event) for event in events], NOW)

    assert {("stripe", event) for event in events} == new
    assert events == [row.event_id for row in ledger.waiting(0, 3_000)]


def test_those_that_came_before_are_not_new(ledger: SqlLedger) -> None:
    """An id is its provider's own: another one may use the same."""
    ledger.keep([an_arrival("evt_1")], NOW)

    new = ledger.keep(
        [an_arrival("evt_1"), an_arrival("evt_2"), an_arrival("evt_2"), an_arrival("evt_1", "twilio")], NOW
    )

    assert {("stripe", "evt_2"), ("twilio", "evt_1")} == new
    assert set() == ledger.keep([], NOW)
