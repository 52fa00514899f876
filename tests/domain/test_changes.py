"""How a case changes, whatever brought it about: its end, what it remembers, what it records."""

from domain import changes, events, orders
from domain.case import Case, Outcome
from domain.decisions import Close
from domain.invoice import InvoiceNow, InvoiceState
from domain.money import Money
from domain.record import Entry
from tests.domain.builders import (
    a_case,
    at,
    live,
    payment,
    settled,
    usd,
)

NOON = at("04-05 12:00")


def test_an_amount_of_another_currency_found_while_acting_is_not_taken_over() -> None:
    """What an activity read about another currency cannot be what is due."""
    case = changes.invoice_is(a_case(), InvoiceNow(remaining=Money(amount=1, currency="THB")), NOON, "d05-charge")

    assert usd("100") == case.due


def test_the_first_end_stands_but_a_payment_beats_giving_up() -> None:
    """Written off and then paid is recovered; settled and then written off is settled."""
    written_off = orders.write_off(a_case(), events.WriteOff(), NOON)
    agreed = orders.settle(a_case(), events.Settle(amount=usd("40")), NOON)
    then_paid = payment("p", usd("100"))(written_off, NOON)
    then_void = changes.invoice_is(agreed, InvoiceNow(state=InvoiceState.VOID), NOON, "c")

    assert [Outcome.RECOVERED, Outcome.SETTLED] == [
        case.closing.outcome for case in (then_paid, then_void) if case.closing
    ]


def test_a_payment_while_the_end_is_written_down_ends_the_case_anew() -> None:
    """The close of a write-off is not applied to a case that was paid meanwhile."""
    written_off = orders.write_off(a_case(), events.WriteOff(), NOON)
    paid_meanwhile = payment("p", usd("100"))(written_off, NOON)
    after = settled(paid_meanwhile, Close(outcome=Outcome.WRITTEN_OFF, why="given up"), NOON)

    assert not after.closed
    assert Outcome.RECOVERED is live(after, start=NOON).outcome


def test_an_event_is_known_by_its_id_for_three_hundred_events() -> None:
    """The same id is applied once."""
    case: Case | None = a_case()
    for number in range(300):
        assert case is not None
        case = changes.once(case, f"e{number}")
    assert case is not None

    assert changes.once(case, "e0") is None
    assert changes.once(case, "e299") is None
    assert changes.once(case, "new") is not None


def test_the_record_keeps_the_last_sixty_entries() -> None:
    """Enough to read, small enough for a workflow's history; what the ledger has not got is kept from the first on."""
    case = a_case()
    for number in range(300):
        case = changes.said(case, Entry(at=NOON, step="x", what=f"entry {number}", why=""))

    assert 60 == len(case.record)
    assert "entry 299" == case.record[-1].what
    assert [f"entry {number}" for number in range(200)] == [entry.what for entry in case.unwritten]


def test_the_events_of_a_long_life_are_forgotten_from_the_oldest_on() -> None:
    """The newest three hundred are known again; without an end they would not fit into a next run's input."""
    case = a_case()
    for number in range(400):
        case = changes.once(case, f"evt_{number}") or case

    assert 300 == len(case.seen)
    assert changes.once(case, "evt_399") is None
    assert changes.once(case, "evt_99") is not None
