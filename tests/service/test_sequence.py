"""Which records of a file overlap, and which come one after the other."""

from datetime import UTC, datetime

import pytest

from domain.events import DisputeOutcome, MethodChange
from domain.money import Money
from gateways.ports.rows import CustomerRow
from gateways.provider_facts import (
    DisputeEnded,
    Fact,
    Ignored,
    MethodChanged,
    PaymentDisputed,
    PaymentFailed,
    PaymentSucceeded,
    RenewalComing,
)
from service.lanes import Claim
from service.opening import Failure
from service.sequence import Sequence

SAID = {"provider": "stripe", "event_id": "evt_1", "event_type": "any", "at": datetime(2026, 11, 20, tzinfo=UTC)}
AT = datetime(2026, 11, 20, tzinfo=UTC)


def failed(invoice: str, customer: str) -> PaymentFailed:
    return PaymentFailed(**SAID, invoice_id=invoice, customer=CustomerRow(customer_id=customer))


def part_paid(invoice: str) -> PaymentSucceeded:
    """An event that does not name the customer."""
    return PaymentSucceeded(**SAID, invoice_id=invoice, amount=Money(amount=500, currency="USD"))


def new_card(customer: str) -> MethodChanged:
    return MethodChanged(**SAID, customer_id=customer, change=MethodChange.NEW)


def disputed(customer: str | None = None, invoice: str | None = None) -> PaymentDisputed:
    return PaymentDisputed(**SAID, dispute_id="dp_1", customer_id=customer, invoice_id=invoice)


def dispute_ended(customer: str | None) -> DisputeEnded:
    return DisputeEnded(**SAID, dispute_id="dp_1", customer_id=customer, outcome=DisputeOutcome.WON)


def plain(invoice: str, customer: str | None = None) -> Failure:
    """A record of another billing system; with a customer it states their name and address."""
    row = CustomerRow(customer_id=customer, email="ada@customers.example") if customer else None
    return Failure(invoice_id=invoice, heard_at=AT, customer=row)


def waits(first: tuple[Claim, ...], second: tuple[Claim, ...]) -> bool:
    return any(a.lane == b.lane and (a.group is None or a.group != b.group) for a in first for b in second)


@pytest.mark.parametrize(
    ("earlier", "later", "in_order"),
    [
        (failed("in_1", "cus_1"), failed("in_1", "cus_1"), True),
        (failed("in_1", "cus_1"), failed("in_2", "cus_1"), False),
        (failed("in_1", "cus_1"), failed("in_2", "cus_2"), False),
        (failed("in_1", "cus_1"), part_paid("in_1"), True),
        (failed("in_1", "cus_1"), new_card("cus_1"), True),
        (new_card("cus_1"), failed("in_1", "cus_1"), True),
        (new_card("cus_1"), new_card("cus_1"), True),
        (new_card("cus_1"), new_card("cus_2"), False),
        (failed("in_1", "cus_1"), new_card("cus_2"), False),
        (part_paid("in_1"), part_paid("in_2"), False),
        (part_paid("in_1"), new_card("cus_1"), True),
        (new_card("cus_1"), part_paid("in_1"), True),
        (failed("in_1", "cus_1"), disputed("cus_1"), True),
        (failed("in_1", "cus_1"), disputed("cus_2"), False),
        (failed("in_1", "cus_1"), disputed(), True),
        (disputed(), failed("in_1", "cus_1"), True),
        (disputed(), dispute_ended(None), True),
        (disputed("cus_1"), dispute_ended("cus_1"), True),
        (disputed("cus_1"), dispute_ended("cus_2"), False),
        (plain("in_1"), plain("in_2"), False),
        (plain("in_1"), plain("in_1"), True),
        (plain("in_1", "cus_1"), plain("in_2", "cus_1"), True),
        (plain("in_1", "cus_1"), plain("in_2", "cus_2"), False),
        (plain("in_1"), plain("in_2", "cus_2"), True),
        (plain("in_1"), new_card("cus_1"), True),
        (plain("in_1", "cus_1"), failed("in_2", "cus_1"), True),
        (RenewalComing(**SAID, subscription_id="sub_1", customer_id="cus_1", renews_at=AT), part_paid("in_1"), False),
        (failed("in_1", "cus_1"), Ignored(**SAID, reason="says nothing", invoice_id="in_1"), False),
    ],
)
def test_what_may_overtake_what(earlier: Fact | Failure, later: Fact | Failure, in_order: bool) -> None:
    """Facts about an invoice, or about a customer and their invoices, come in their order; others may overlap."""
    order = Sequence()
    first, second = order.claims(earlier), order.claims(later)

    assert in_order == waits(first, second)


def test_an_earlier_record_names_the_customer_of_an_invoice() -> None:
    """A part payment of a known customer's invoice does not wait for another customer's new card."""
    order = Sequence()
    order.claims(failed("in_1", "cus_1"))

    of_known, own, others = (order.claims(fact) for fact in (part_paid("in_1"), new_card("cus_1"), new_card("cus_2")))

    assert waits(of_known, own)
    assert not waits(of_known, others)
    assert not waits(order.claims(disputed(invoice="in_1")), others)
