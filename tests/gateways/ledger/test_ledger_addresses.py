"""R33: a bounce belongs to the address, a wish to the person and to whoever has the address."""

import pytest

from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CustomerRow
from tests.cases import a_closure, an_opening_row

ALL = dict.fromkeys(Channel, "the customer was deleted at the payment provider")


def known(ledger: SqlLedger, customer_id: str, **fields: str) -> None:
    """A customer with a case, as the payment provider states them."""
    customer = CustomerRow(customer_id=customer_id, stated=fields, **fields)
    ledger.open_case(an_opening_row(f"in_of_{customer_id}", customer_id), customer, "{}")


@pytest.fixture
def ledger(ledger: SqlLedger) -> SqlLedger:
    known(ledger, "cus_a", email="ann@example.com", phone="+14155550100", name="Ann", country="US")
    known(ledger, "cus_b", email="bob@example.com", phone="+14155550100")
    return ledger


def test_a_bounce_closed_the_person_although_they_had_a_new_address(ledger: SqlLedger) -> None:
    ledger.close_channel(a_closure("cus_a", Channel.EMAIL, "bounced", address="Ann@example.com "))
    bounced = ledger.closed_channels("cus_a")

    ledger.customer_is(CustomerRow(customer_id="cus_a", email="ann@new.example"))

    assert {Channel.EMAIL: "bounced"} == bounced
    assert {} == ledger.closed_channels("cus_a")
    assert "ann@new.example" == ledger.recipient("cus_a").address.email


def test_a_wish_was_hidden_behind_a_bounce_from_before(ledger: SqlLedger) -> None:
    """R38: by the reason that stands it is decided whether text messages may take the place of e-mails."""
    for why, event_id, wish in (("bounced", "e1", False), ("opted out", "e2", True), ("invalid address", "e3", False)):
        closure = a_closure("cus_a", Channel.EMAIL, why, event_id, address="ann@example.com", wish=wish)
        ledger.close_channel(closure)

    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels("cus_a") == ledger.recipient("cus_a").closed_channels


def test_what_was_known_before_is_told_where_something_is_news(ledger: SqlLedger) -> None:
    stated = CustomerRow(customer_id="cus_a", email="ann@new.example")

    before, again = ledger.customer_is(stated), ledger.customer_is(stated)

    assert before
    assert ("ann@example.com", None) == (before.email, again)


def test_the_old_address_is_still_closed_when_it_comes_back(ledger: SqlLedger) -> None:
    ledger.close_channel(a_closure("cus_a", Channel.EMAIL, "bounced", address="ann@example.com"))
    for email in ("ann@new.example", "ann@example.com"):
        ledger.customer_is(CustomerRow(customer_id="cus_a", email=email))

    assert {Channel.EMAIL: "bounced"} == ledger.closed_channels("cus_a")


def test_a_stop_on_a_shared_number_was_kept_for_one_of_its_two_accounts_only(ledger: SqlLedger) -> None:
    ledger.close_channel(a_closure("cus_a", Channel.SMS, "opted out", address="+14155550100", wish=True))

    assert {Channel.SMS: "opted out"} == ledger.closed_channels("cus_a")
    assert {Channel.SMS: "opted out"} == ledger.closed_channels("cus_b")


def test_a_wish_holds_for_the_person_at_a_new_number_too(ledger: SqlLedger) -> None:
    """And no longer for whoever shared the old one and has another one now."""
    ledger.close_channel(a_closure("cus_a", Channel.SMS, "opted out", address="+14155550100", wish=True))
    for customer_id, phone in (("cus_a", "+14155550111"), ("cus_b", "+14155550122")):
        ledger.customer_is(CustomerRow(customer_id=customer_id, phone=phone))

    assert {Channel.SMS: "opted out"} == ledger.closed_channels("cus_a")
    assert {} == ledger.closed_channels("cus_b")


def test_what_cannot_be_read_erased_a_good_address(ledger: SqlLedger) -> None:
    ledger.customer_is(CustomerRow(customer_id="cus_a", email="n/a", phone="call me", name="Ann", country="??"))

    address = ledger.address("cus_a")
    assert ("ann@example.com", "+14155550100") == (address.email, address.phone)


def test_an_address_that_was_removed_is_removed(ledger: SqlLedger) -> None:
    ledger.customer_is(CustomerRow(customer_id="cus_a", phone="+14155550100", name="Ann", country="US"))

    assert (None, "+14155550100") == (ledger.address("cus_a").email, ledger.address("cus_a").phone)


def test_what_the_merchants_own_record_said_stays_until_the_provider_says_something_new(ledger: SqlLedger) -> None:
    """A record of another billing system goes before what Stripe knew when the case began."""
    stated = {"email": "billing@example.com", "name": "Cy"}
    known(ledger, "cus_c", email="cy@own.example", name="Cy")
    ledger.customer_is(CustomerRow(customer_id="cus_c", **stated))
    known(ledger, "cus_d", email="di@example.com")
    row = CustomerRow(customer_id="cus_d", email="di@own.example")
    ledger.open_case(an_opening_row("in_2_of_cus_d", "cus_d"), row, "{}")

    ledger.customer_is(CustomerRow(customer_id="cus_d", email="di@example.com", name="Di"))

    assert "billing@example.com" == ledger.address("cus_c").email
    assert ("di@own.example", "Di") == (ledger.address("cus_d").email, ledger.address("cus_d").name)


def test_a_deleted_customer_is_not_written_to_anywhere(ledger: SqlLedger) -> None:
    """R21."""
    ledger.customer_deleted("cus_a")

    assert ALL == ledger.closed_channels("cus_a") == ledger.recipient("cus_a").closed_channels
    assert {} == ledger.closed_channels("cus_b")


def test_a_customer_without_a_case_stays_unknown(ledger: SqlLedger) -> None:
    ledger.customer_is(CustomerRow(customer_id="cus_9", email="new@example.com"))

    assert {} == ledger.closed_channels("cus_9")
