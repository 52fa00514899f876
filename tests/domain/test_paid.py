"""Money is told once, whatever tells of it: several of the provider's events, an operator, or the invoice (R57)."""

from itertools import permutations

import pytest

from domain import events, life
from domain.base import Message
from domain.case import Case, Outcome
from domain.invoice import InvoiceNow, InvoiceState
from domain.money import Money
from domain.opening import open_case
from domain.outgoing import PaymentReceived
from tests.domain.builders import a_case, at, usd

NOON = at("04-05 12:00")


def opened(paid: str = "0") -> Case:
    """A case over a hundred dollars, of which so much had been paid before."""
    case = a_case()
    return open_case(case.facts, case.policy, None, InvoiceNow(remaining=case.due, paid=usd(paid)))


def payment(event_id: str, amount: str, remaining: str, paid: str) -> tuple[str, Message]:
    said = {"amount": usd(amount), "remaining": usd(remaining), "paid": usd(paid)}
    return "payment_received", events.PaymentReceived(event_id=event_id, **said)


def altered(event_id: str, state: InvoiceState, remaining: str, paid: str) -> tuple[str, Message]:
    said = {"state": state, "remaining": usd(remaining), "paid": usd(paid)}
    return "invoice_changed", events.InvoiceChanged(event_id=event_id, **said)


def hear(case: Case, *news: tuple[str, Message]) -> Case:
    for name, message in news:
        case = life.hear(case, name, message, NOON)
    return case


def told(case: Case) -> Money:
    """What the merchant's systems were told that has come in."""
    amounts = [entry.event.amount for entry in case.unwritten if isinstance(entry.event, PaymentReceived)]
    return sum(amounts, usd("0"))


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_r57_two_payments_that_five_events_tell_of_are_two(order: tuple[int, ...]) -> None:
    """Forty dollars, and then the rest: in whatever order the provider's events come."""
    news = [
        payment("evt_part", "40", "60", "40"),
        altered("evt_updated", InvoiceState.OPEN, "60", "40"),
        payment("evt_rest", "60", "0", "100"),
        payment("evt_paid", "100", "0", "100"),
        payment("evt_succeeded", "100", "0", "100"),
    ]

    case = hear(opened(), *(news[number] for number in order))

    assert usd("100") == told(case)
    assert case.closing
    assert Outcome.RECOVERED is case.closing.outcome


def test_r57_what_an_operator_reported_is_not_told_again_when_the_provider_has_it() -> None:
    """Recorded at the provider, the transfer comes back as one of the provider's own payments."""
    transfer = events.PaymentReceived(event_id="op_1", amount=usd("25"))

    case = hear(opened(), ("payment_received", transfer), payment("evt_echo", "25", "75", "25"))

    assert usd("25") == told(case)


def test_r57_what_was_paid_before_the_case_is_no_news() -> None:
    """The event says all that was ever paid."""
    case = hear(opened(paid="30"), payment("evt_paid", "130", "0", "130"))

    assert usd("100") == told(case)


def test_r57_a_credit_note_over_everything_is_no_recovery() -> None:
    """Nothing came in: neither the end nor any event says that something did."""
    case = hear(
        opened(),
        altered("evt_credited", InvoiceState.OPEN, "0", "0"),
        payment("evt_paid", "100", "0", "0"),
    )

    assert usd("0") == told(case)
    assert case.closing
    assert (Outcome.CANCELLED, "the invoice was credited in full, and nothing was paid") == (
        case.closing.outcome,
        case.closing.why,
    )


@pytest.mark.parametrize("paid_first", [True, False])
def test_r57_a_part_that_was_paid_and_a_rest_that_was_credited_are_a_recovery(paid_first: bool) -> None:
    """Of the part alone."""
    news = [payment("evt_part", "40", "60", "40"), altered("evt_credited", InvoiceState.PAID, "0", "40")]

    case = hear(opened(), *(news if paid_first else news[::-1]))

    assert usd("40") == told(case)
    assert case.closing
    assert Outcome.RECOVERED is case.closing.outcome
