"""Cases, contacts, the timeline and events happen once, also when several workers call at the same time."""

from collections.abc import Callable
from datetime import UTC, timedelta, timezone

import pytest
import sqlalchemy as sa

from domain.case import ChargeOutcome, Outcome
from domain.money import CurrencyMismatch, Money
from domain.steps import Channel
from gateways.ledger.database import open_database
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CustomerRow
from gateways.ports.trouble import NotFound, ProviderMisuse
from tests.gateways.ledger.builders import (
    DAY,
    FREE,
    NOW,
    a_case,
    a_contact,
    a_customer,
    a_line,
    an_attempt,
    finish,
    race,
    usd,
)


def test_it_is_what_the_activities_expect(ledger: SqlLedger) -> None:
    """The type checker holds the class against the port."""
    port: Ledger = ledger

    assert a_case() == port.case("in_1")


def test_an_invoice_has_one_case_for_ever(ledger: SqlLedger) -> None:
    """A late duplicate of the event gets the row that stands, even when the case is closed."""
    ledger.close_case("in_1", Outcome.RECOVERED, usd(0), NOW + DAY, a_line("closed"))
    standing = ledger.open_case(a_case(policy="other@1"), a_customer(email="late@example.com"))

    assert ("closed", "standard@1", Outcome.RECOVERED) == (standing.status, standing.policy, standing.outcome)
    assert "ada@example.com" == ledger.address("cus_1").email


def test_two_starters_open_one_case(url: str) -> None:
    """Whoever comes second gets the first one's row."""
    ledger = SqlLedger(url)
    standing = race(lambda number: ledger.open_case(a_case(policy=f"p{number}@1"), a_customer()))

    assert 1 == len({row.policy for row in standing})
    assert [standing[0]] == ledger.cases()
    ledger.close()


def test_a_new_case_updates_what_it_states_of_its_customer(ledger: SqlLedger) -> None:
    """The newest address counts; what the newer event does not say is kept."""
    newer = CustomerRow(customer_id="cus_1", email="new@example.com", phone="+6620000000")
    ledger.open_case(a_case("in_2"), newer)
    address = ledger.address("cus_1")

    assert ("Ada", "new@example.com", "+6620000000") == (address.name, address.email, address.phone)


def test_only_a_case_that_is_opening_becomes_open(ledger: SqlLedger) -> None:
    """A late mark_open does not open a closed case again."""
    ledger.mark_open("in_1")
    opened = ledger.case("in_1")
    ledger.close_case("in_1", Outcome.WRITTEN_OFF, usd(1999), NOW + DAY, a_line("closed"))
    ledger.mark_open("in_1")
    closed = ledger.case("in_1")

    assert ("open", "closed") == (opened and opened.status, closed and closed.status)


def test_cases_are_listed_by_status_oldest_first(ledger: SqlLedger) -> None:
    """Operators read the list from the top."""
    ledger.open_case(a_case("in_0", opened_at=NOW + DAY), a_customer())
    ledger.open_case(a_case("in_2", opened_at=NOW - DAY, status="open"), a_customer())

    assert ["in_2", "in_1", "in_0"] == [case.invoice_id for case in ledger.cases()]
    assert ["in_1", "in_0"] == [case.invoice_id for case in ledger.cases("opening")]
    assert [] == ledger.cases("closed")


def test_a_case_closes_once(ledger: SqlLedger) -> None:
    """The second call changes nothing, not even the date."""
    for later in (DAY, 2 * DAY):
        ledger.close_case("in_1", Outcome.SETTLED, usd(99), NOW + later, a_line("closed", why="agreed"))
    case = ledger.case("in_1")

    assert a_case(status="closed", outcome=Outcome.SETTLED, remaining=usd(99), closed_at=NOW + DAY) == case
    assert [a_line("closed", why="agreed")] == ledger.timeline("in_1")


def test_a_closed_case_keeps_its_outcome(ledger: SqlLedger) -> None:
    """What was reported as recovered is never turned into a write-off."""
    ledger.close_case("in_1", Outcome.RECOVERED, usd(0), NOW, a_line("closed"))

    with pytest.raises(ProviderMisuse, match="closed as recovered"):
        ledger.close_case("in_1", Outcome.WRITTEN_OFF, usd(1999), NOW, a_line("closed"))


def test_a_case_cannot_close_in_another_currency(ledger: SqlLedger) -> None:
    """What remains is of the invoice's currency."""
    with pytest.raises(CurrencyMismatch):
        ledger.close_case("in_1", Outcome.RECOVERED, Money(amount=0, currency="EUR"), NOW, a_line("closed"))


def test_an_unknown_customer_has_no_address(ledger: SqlLedger) -> None:
    """The error names the id and what to do."""
    with pytest.raises(NotFound, match="no customer cus_9"):
        ledger.address("cus_9")


@pytest.mark.parametrize(
    "write",
    [
        lambda ledger: ledger.mark_open("in_9"),
        lambda ledger: ledger.close_case("in_9", Outcome.RECOVERED, usd(0), NOW, a_line(invoice_id="in_9")),
        lambda ledger: ledger.begin_attempt(an_attempt(invoice_id="in_9"), FREE),
        lambda ledger: finish(ledger, an_attempt(invoice_id="in_9"), ChargeOutcome.PAID),
        lambda ledger: ledger.begin_contact(a_contact(invoice_id="in_9")),
        lambda ledger: ledger.finish_contact("in_9", "day-3", Channel.EMAIL, "sent", None, a_line(invoice_id="in_9")),
        lambda ledger: ledger.append("in_9", [Note(at=NOW, step="s", what="skipped", why="late")]),
        lambda ledger: ledger.record_effect("in_9", a_line(invoice_id="in_9")),
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
    first = ledger.begin_contact(a_contact())
    second = ledger.begin_contact(a_contact(started_at=NOW + DAY, text="again"))
    other = ledger.begin_contact(a_contact(channel=Channel.SMS))

    assert [(a_contact(), True), (a_contact(), False)] == [first, second]
    assert (a_contact(channel=Channel.SMS), True) == other
    assert 2 == len(ledger.contacts("in_1"))


def test_workers_that_race_for_a_contact_reserve_it_once(ledger: SqlLedger) -> None:
    """Exactly one of them is told that it may send."""
    answers = race(lambda number: ledger.begin_contact(a_contact(text=f"by {number}")))

    assert 1 == sum(inserted for _, inserted in answers)
    assert [answers[0][0]] == ledger.contacts("in_1")


def test_a_contact_that_failed_is_reserved_once_more_as_it_reads_now(ledger: SqlLedger) -> None:
    """It certainly was not sent: of the workers that try again one may send, and its text is the one that is kept."""
    ledger.begin_contact(a_contact())
    ledger.finish_contact("in_1", "day-3", Channel.EMAIL, "failed", None, a_line("failed", step="day-3"))

    answers = race(lambda number: ledger.begin_contact(a_contact(text=f"by {number}", started_at=NOW + DAY)))

    assert 1 == sum(ours for _, ours in answers)
    (row,) = ledger.contacts("in_1")
    assert {row} == {answer for answer, _ in answers}
    assert ("sending", NOW + DAY) == (row.state, row.started_at)
    assert row.text.startswith("by ")


def test_a_contact_finishes_once(ledger: SqlLedger) -> None:
    """What was sent stays sent."""
    ledger.begin_contact(a_contact())
    for state, provider_id in (("sent", "msg_1"), ("unreachable", None)):
        line = a_line(state, step="day-3")
        ledger.finish_contact("in_1", "day-3", Channel.EMAIL, state, provider_id, line)

    assert [a_contact(state="sent", provider_id="msg_1")] == ledger.contacts("in_1")
    assert [a_line("sent", step="day-3")] == ledger.timeline("in_1")


def test_a_channel_closes_once_per_event_and_keeps_its_first_reason(ledger: SqlLedger) -> None:
    """An opt-out counts even when it comes before the customer's first case."""
    ledger.close_channel("cus_7", Channel.SMS, "opted out", "evt_1", NOW)
    ledger.close_channel("cus_7", Channel.SMS, "repeated", "evt_1", NOW - DAY)
    ledger.close_channel("cus_7", Channel.SMS, "undeliverable", "evt_2", NOW + DAY)
    ledger.close_channel("cus_7", Channel.EMAIL, "bounced", "evt_3", NOW)

    assert {Channel.SMS: "opted out", Channel.EMAIL: "bounced"} == ledger.closed_channels("cus_7")
    assert {} == ledger.closed_channels("cus_1")


def test_a_decision_is_written_once_per_moment(ledger: SqlLedger) -> None:
    """A repeated order brings the same notes along; the same decision on another day is another line."""
    notes = [Note(at=NOW + later, step="day-3", what="skipped", why="too late") for later in (DAY, timedelta(0))]
    ledger.append("in_1", notes)
    ledger.append("in_1", notes[:1])
    ledger.append("in_1", [])

    assert [NOW, NOW + DAY] == [line.at for line in ledger.timeline("in_1")]


def test_two_decisions_of_one_moment_are_two_lines(ledger: SqlLedger) -> None:
    """Two signals that cannot be read and came while no worker ran: neither vanishes."""
    unread = [Note(at=NOW, step="signal", what="malformed", why=f"signal {name} not carried out") for name in "ab"]
    for _ in range(2):
        ledger.append("in_1", unread)

    assert [note.why for note in unread] == [line.why for line in ledger.timeline("in_1")]


def test_text_with_a_nul_is_written_without_it(ledger: SqlLedger) -> None:
    """It comes with JSON that others write, and no database may make a case stand still for it."""
    ledger.append("in_1", [Note(at=NOW, step="evt\0_1", what="pause", why="on hold: \0called")])

    assert [("evt_1", "on hold: called")] == [(line.step, line.why) for line in ledger.timeline("in_1")]


def test_an_effect_is_written_once(ledger: SqlLedger) -> None:
    """Also when the repeated activity has another moment; a decision on the same step is a line of its own."""
    for later in (timedelta(0), DAY):
        ledger.record_effect("in_1", a_line("restricted", at=NOW + later, rule="policy"))
    ledger.append("in_1", [Note(at=NOW, step="try-1", what="restricted", why="noted")])

    assert [a_line("restricted", rule="policy"), a_line("restricted", why="noted")] == ledger.timeline("in_1")


@pytest.mark.parametrize("change", ["UPDATE timeline SET why = 'nicer'", "DELETE FROM timeline"])
def test_the_timeline_refuses_every_change(url: str, ledger: SqlLedger, change: str) -> None:
    """The record of what was done cannot be corrected, whoever tries."""
    ledger.record_effect("in_1", a_line())
    engine = open_database(url)

    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(change)
    engine.dispose()
    assert [a_line()] == ledger.timeline("in_1")


def test_an_event_is_new_once(ledger: SqlLedger) -> None:
    """Of several web processes that get the same event, one acts on it."""
    answers = race(lambda _: ledger.provider_event("stripe", "evt_1", "invoice.paid", "in_1", NOW))

    assert 1 == sum(answers)
    assert ledger.provider_event("twilio", "evt_1", "status", None, NOW)


def test_an_event_is_known_once_it_was_recorded(ledger: SqlLedger) -> None:
    """By its provider: two providers may use the same id."""
    ledger.provider_event("stripe", "evt_1", "invoice.paid", "in_1", NOW)

    assert [True, False, False] == [
        ledger.knows_event("stripe", "evt_1"),
        ledger.knows_event("stripe", "evt_2"),
        ledger.knows_event("twilio", "evt_1"),
    ]


def test_the_cases_of_one_customer(ledger: SqlLedger) -> None:
    """News about a customer goes to all their cases and to no other's."""
    other = a_customer().model_copy(update={"customer_id": "cus_other"})
    ledger.open_case(a_case().model_copy(update={"invoice_id": "in_other", "customer_id": "cus_other"}), other)

    assert ["in_other"] == [case.invoice_id for case in ledger.cases(customer_id="cus_other")]
    assert [] == ledger.cases("closed", customer_id="cus_other")


def test_a_handoff_is_recorded_once(ledger: SqlLedger, url: str) -> None:
    """A repeated handoff keeps the agency's first reference."""
    for reference in ("ref-1", "ref-2"):
        ledger.record_handoff("in_1", "h_1", reference, NOW)
    engine = open_database(url)
    with engine.begin() as connection:
        references = connection.exec_driver_sql("SELECT reference FROM handoffs").scalars().all()
    engine.dispose()

    assert ["ref-1"] == references


def test_times_come_back_in_utc_and_amounts_whole(ledger: SqlLedger) -> None:
    """Whatever zone a time was written in; amounts beyond 32 bits are kept."""
    bangkok = NOW.astimezone(timezone(timedelta(hours=7))).replace(microsecond=123456)
    amount = Money(amount=9_000_000_000, currency="JPY")
    ledger.open_case(a_case("in_2", opened_at=bangkok, amount=amount, remaining=amount), a_customer())
    case = ledger.case("in_2")

    assert case is not None
    assert (bangkok, UTC, amount) == (case.opened_at, case.opened_at.tzinfo, case.remaining)


def test_a_time_without_zone_is_refused(ledger: SqlLedger) -> None:
    """A guess about the zone could move a charge by a day."""
    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        ledger.provider_event("stripe", "evt_1", "kind", None, NOW.replace(tzinfo=None))
