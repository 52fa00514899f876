"""Contacts, the record, policies and events happen once, also when several workers call at the same time."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.case import ChargeOutcome, Outcome
from domain.record import Entry
from domain.steps import Channel
from gateways.ledger.database import open_database
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Recipient
from gateways.ports.rows import KnownEvent
from gateways.ports.trouble import NotFound
from tests.cases import a_closure
from tests.gateways.ledger.builders import (
    DAY,
    FREE,
    NOW,
    a_case,
    a_contact,
    a_projection,
    an_attempt,
    an_entry,
    finish,
    open_case,
    race,
    reserve,
)


def test_it_is_what_the_activities_expect(ledger: SqlLedger) -> None:
    """The type checker holds the class against the port."""
    port: Ledger = ledger

    assert a_case() == port.case("in_1")


def test_an_unknown_customer_has_no_address(ledger: SqlLedger) -> None:
    """The error names the id and what to do."""
    with pytest.raises(NotFound, match="no customer cus_9"):
        ledger.address("cus_9")


def written(ledger: SqlLedger, entries: Sequence[Entry]) -> None:
    """A decision with these entries is on record."""
    ledger.decided("in_1", NOW, entries, a_projection(), "{}")


@pytest.mark.parametrize(
    "write",
    [
        lambda ledger: ledger.mark_open("in_9"),
        lambda ledger: ledger.decided("in_9", NOW, [an_entry()], a_projection(), "{}"),
        lambda ledger: ledger.decided("in_9", NOW, [], a_projection(Outcome.RECOVERED), "{}"),
        lambda ledger: ledger.begin_attempt(an_attempt(invoice_id="in_9"), FREE),
        lambda ledger: finish(ledger, an_attempt(invoice_id="in_9"), ChargeOutcome.PAID),
        lambda ledger: reserve(ledger, a_contact(invoice_id="in_9")),
        lambda ledger: ledger.finish_contact("in_9", "day-3", Channel.EMAIL, "sent", None, an_entry()),
        lambda ledger: ledger.record_effect("in_9", an_entry()),
        lambda ledger: ledger.record_handoff("in_9", "h_1", "ref", NOW),
    ],
)
def test_nothing_is_written_for_an_invoice_without_a_case(
    ledger: SqlLedger, write: Callable[[SqlLedger], object]
) -> None:
    """A wrong invoice id is one clear error that names it."""
    with pytest.raises(NotFound, match="in_9"):
        write(ledger)


def test_a_contact_is_reserved_once_per_step_and_channel(ledger: SqlLedger) -> None:
    """A second call gets the first one's row and learns that it is not its own."""
    first = reserve(ledger, a_contact())
    second = reserve(ledger, a_contact(started_at=NOW + DAY, text="again"))
    other = reserve(ledger, a_contact(channel=Channel.SMS))

    assert [(a_contact(), True), (a_contact(), False)] == [first, second]
    assert (a_contact(channel=Channel.SMS), True) == other
    assert 2 == len(ledger.contacts("in_1"))


def test_workers_that_race_for_a_contact_reserve_it_once(ledger: SqlLedger) -> None:
    """Exactly one of them is told that it may send."""
    answers = race(lambda number: reserve(ledger, a_contact(text=f"by {number}")))

    assert 1 == sum(inserted for _, inserted in answers)
    assert [answers[0][0]] == ledger.contacts("in_1")


def test_a_contact_that_failed_is_reserved_once_more_as_it_reads_now(ledger: SqlLedger) -> None:
    """It certainly was not sent: of the workers that try again one may send, and its text is the one that is kept."""
    reserve(ledger, a_contact())
    ledger.finish_contact("in_1", "day-3", Channel.EMAIL, "failed", None, an_entry("failed", step="day-3"))

    answers = race(lambda number: reserve(ledger, a_contact(text=f"by {number}", started_at=NOW + DAY)))

    assert 1 == sum(ours for _, ours in answers)
    (row,) = ledger.contacts("in_1")
    assert {row} == {answer for answer, _ in answers}
    assert ("sending", NOW + DAY) == (row.state, row.started_at)
    assert row.text.startswith("by ")


def test_a_contact_finishes_once(ledger: SqlLedger) -> None:
    """What was sent stays sent."""
    reserve(ledger, a_contact())
    for state, provider_id in (("sent", "msg_1"), ("unreachable", None)):
        entry = an_entry(state, step="day-3")
        ledger.finish_contact("in_1", "day-3", Channel.EMAIL, state, provider_id, entry)

    assert [a_contact(state="sent", provider_id="msg_1")] == ledger.contacts("in_1")
    assert [an_entry("sent", step="day-3")] == ledger.record("in_1")


def test_a_channel_closes_once_per_event_and_keeps_its_first_reason(ledger: SqlLedger) -> None:
    """An opt-out counts even when it comes before the customer's first case."""
    ledger.close_channel(a_closure("cus_7", Channel.SMS, "opted out", "evt_1", NOW))
    ledger.close_channel(a_closure("cus_7", Channel.SMS, "repeated", "evt_1", NOW - DAY))
    ledger.close_channel(a_closure("cus_7", Channel.SMS, "undeliverable", "evt_2", NOW + DAY))
    ledger.close_channel(a_closure("cus_7", Channel.EMAIL, "bounced", "evt_3", NOW))

    assert {Channel.SMS: "opted out", Channel.EMAIL: "bounced"} == ledger.closed_channels("cus_7")
    assert {} == ledger.closed_channels("cus_1")


def test_event_ids_may_be_the_same_for_several_customers(ledger: SqlLedger) -> None:
    """A billing system counts its own: what one customer wants, and what another one takes back, are two things."""
    open_case(ledger)
    first, second = (a_closure(customer, Channel.SMS, "opted out", "1", NOW) for customer in ("cus_1", "cus_7"))
    ledger.close_channel(first)
    ledger.close_channel(second)
    ledger.open_channel(ledger.closures("cus_1"), NOW + DAY, "an order")

    assert {} == ledger.closed_channels("cus_1")
    assert {Channel.SMS: "opted out"} == ledger.closed_channels("cus_7")


def test_a_decision_is_written_once_per_moment(ledger: SqlLedger) -> None:
    """A repeated decision brings the same entries along; the same decision on another day is another entry."""
    notes = [Entry(at=NOW + later, step="day-3", what="skipped", why="too late") for later in (DAY, timedelta(0))]
    for entries in (notes, notes[:1], []):
        written(ledger, entries)

    assert [NOW, NOW + DAY] == [entry.at for entry in ledger.record("in_1")]


def test_two_decisions_of_one_moment_are_two_lines(ledger: SqlLedger) -> None:
    """Two signals that cannot be read and came while no worker ran: neither vanishes."""
    unread = [Entry(at=NOW, step="signal", what="malformed", why=f"signal {name} not carried out") for name in "ab"]
    for _ in range(2):
        written(ledger, unread)

    assert [note.why for note in unread] == [entry.why for entry in ledger.record("in_1")]


def test_text_with_a_nul_is_written_without_it(ledger: SqlLedger) -> None:
    """It comes with JSON that others write, and no database may make a case stand still for it."""
    written(ledger, [Entry(at=NOW, step="evt\0_1", what="pause", why="on hold: \0called")])

    assert [("evt_1", "on hold: called")] == [(entry.step, entry.why) for entry in ledger.record("in_1")]


def test_an_effect_is_written_once(ledger: SqlLedger) -> None:
    """Also when the repeated activity has another moment; a decision on the same step is a line of its own."""
    for later in (timedelta(0), DAY):
        ledger.record_effect("in_1", an_entry("restricted", at=NOW + later, rule="policy"))
    written(ledger, [Entry(at=NOW, step="try-1", what="restricted", why="noted")])

    assert [an_entry("restricted", rule="policy"), an_entry("restricted", why="noted")] == ledger.record("in_1")


@pytest.mark.parametrize("change", ["UPDATE record SET why = 'nicer'", "DELETE FROM record"])
def test_the_record_refuses_every_change(url: str, ledger: SqlLedger, change: str) -> None:
    """What was done cannot be corrected, whoever tries."""
    ledger.record_effect("in_1", an_entry())
    engine = open_database(url)

    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(change)
    engine.dispose()
    assert [an_entry()] == ledger.record("in_1")


def test_recipient_is_address_and_closed_channels_in_one(ledger: SqlLedger) -> None:
    """The first reason stands, as when the channels are read alone."""
    whole = ledger.recipient("cus_1")
    ledger.close_channel(a_closure("cus_1", Channel.SMS, "opted out", "evt_1", NOW))
    ledger.close_channel(a_closure("cus_1", Channel.SMS, "undeliverable", "evt_2", NOW + DAY))
    ledger.close_channel(a_closure("cus_1", Channel.EMAIL, "bounced", "evt_3", NOW))

    assert Recipient(address=ledger.address("cus_1"), closed_channels={}) == whole
    assert whole.model_copy(update={"closed_channels": ledger.closed_channels("cus_1")}) == ledger.recipient("cus_1")
    with pytest.raises(NotFound, match="no customer cus_9"):
        ledger.recipient("cus_9")


def test_a_policy_is_kept_once_and_as_it_was(ledger: SqlLedger) -> None:
    """Many cases begin with the same one."""
    for name in ("standard", "renamed"):
        ledger.keep_policy("0123", name, 1, '{"name": "standard"}')

    assert '{"name": "standard"}' == ledger.policy("0123")
    with pytest.raises(NotFound, match="no policy 4567"):
        ledger.policy("4567")


@pytest.mark.parametrize("change", ["UPDATE policies SET body = '{}'", "DELETE FROM policies"])
def test_a_policy_never_changes(url: str, ledger: SqlLedger, change: str) -> None:
    """Running cases go by it, whoever tries."""
    ledger.keep_policy("0123", "standard", 1, "{}")
    engine = open_database(url)

    with pytest.raises(sa.exc.DBAPIError, match="immutable"), engine.begin() as connection:
        connection.exec_driver_sql(change)
    engine.dispose()


def test_an_event_is_new_once(ledger: SqlLedger) -> None:
    """Of several web processes that get the same event, one acts on it."""
    answers = race(lambda _: ledger.provider_event("stripe", "evt_1", "invoice.paid", "in_1", NOW))

    assert 1 == sum(answers)
    assert ledger.provider_event("twilio", "evt_1", "status", None, NOW)


def test_an_event_is_known_once_it_was_recorded(ledger: SqlLedger) -> None:
    """By its provider: two providers may use the same id."""
    ledger.provider_event("stripe", "evt_1", "invoice.paid", "in_1", NOW)

    assert [KnownEvent(invoice_id="in_1"), None, None] == [
        ledger.event_known("stripe", "evt_1"),
        ledger.event_known("stripe", "evt_2"),
        ledger.event_known("twilio", "evt_1"),
    ]


def test_a_handoff_is_recorded_once(ledger: SqlLedger, url: str) -> None:
    """A repeated handoff keeps the agency's first reference."""
    for reference in ("ref-1", "ref-2"):
        ledger.record_handoff("in_1", "h_1", reference, NOW)
    engine = open_database(url)
    with engine.begin() as connection:
        references = connection.exec_driver_sql("SELECT reference FROM handoffs").scalars().all()
    engine.dispose()

    assert ["ref-1"] == references


def test_a_time_without_zone_is_refused(ledger: SqlLedger) -> None:
    """A guess about the zone could move a charge by a day."""
    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        ledger.provider_event("stripe", "evt_1", "kind", None, NOW.replace(tzinfo=None))
