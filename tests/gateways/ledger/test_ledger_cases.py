"""A case has one row for ever; each decision is kept whole and once; lists and states are read by the page."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.case import CaseStatus, Outcome
from domain.money import CurrencyMismatch, Money
from domain.steps import Access
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CaseRow, CustomerRow
from gateways.ports.trouble import ProviderMisuse
from tests.gateways.ledger.builders import (
    DAY,
    FREE,
    NOW,
    a_case,
    a_customer,
    a_foreign_attempt,
    a_projection,
    an_attempt,
    an_entry,
    at_most,
    close,
    open_case,
    race,
    usd,
)

OTHER = {"customer_id": "cus_other"}


def the_case(ledger: SqlLedger, invoice_id: str = "in_1") -> CaseRow:
    case = ledger.case(invoice_id)
    assert case
    return case


def test_a_case_is_opened_with_its_first_entry_and_the_charge_that_failed(ledger: SqlLedger) -> None:
    """All at once, and of those who open it at the same time only the first."""
    entry, charge = an_entry("case opened", step="opening"), a_foreign_attempt(invoice_id="in_new")

    race(lambda _: ledger.open_case(a_case("in_new"), a_customer(), "{}", entry, charge))
    ledger.open_case(a_case("in_new"), a_customer(), "{}", an_entry("case opened", step="again"), charge)

    assert [entry] == ledger.record("in_new")
    assert [charge] == ledger.attempts_of("in_new")


def states(ledger: SqlLedger) -> dict[str, str]:
    return dict(ledger.case_states(None, 100))


def decide(ledger: SqlLedger, at: datetime = NOW, state: str = '{"at": 1}', what: str = "waits") -> None:
    ledger.decided("in_1", at, [an_entry(what, at=at)], a_projection(), state)


def test_an_invoice_has_one_case_for_ever(ledger: SqlLedger) -> None:
    """A late duplicate of the event gets the row that stands, even when the case is closed."""
    close(ledger, Outcome.RECOVERED)
    standing = ledger.open_case(a_case(policy="other@1"), a_customer(email="late@example.com"), '{"late": 1}')

    assert ("closed", "standard@1", Outcome.RECOVERED) == (standing.status, standing.policy, standing.outcome)
    assert "ada@example.com" == ledger.address("cus_1").email


def test_two_starters_open_one_case(url: str) -> None:
    """Whoever comes second gets the first one's row."""
    ledger = SqlLedger(url)
    standing = race(lambda number: open_case(ledger, policy=f"p{number}@1"))

    assert 1 == len({row.policy for row in standing})
    assert (standing[0],) == ledger.cases().rows
    ledger.close()


def test_a_new_case_updates_what_it_states_of_its_customer(ledger: SqlLedger) -> None:
    """The newest address counts; what the newer event does not say is kept."""
    newer = CustomerRow(customer_id="cus_1", email="new@example.com", phone="+6620000000")
    ledger.open_case(a_case("in_2"), newer, "{}")
    ledger.open_case(a_case("in_3"), CustomerRow(customer_id="cus_1"), "{}")
    address = ledger.address("cus_1")

    assert ("Ada", "new@example.com", "+6620000000") == (address.name, address.email, address.phone)


def test_only_a_case_that_is_opening_becomes_open(ledger: SqlLedger) -> None:
    """A late mark_open does not open a closed case again."""
    ledger.mark_open("in_1")
    opened = the_case(ledger).status
    close(ledger, Outcome.WRITTEN_OFF)
    ledger.mark_open("in_1")

    assert ("open", "closed") == (opened, the_case(ledger).status)


def test_a_decision_is_kept_whole(ledger: SqlLedger) -> None:
    """What lists show, what happened, and what the case is."""
    held = a_projection(
        status=CaseStatus.ON_HOLD,
        stage="firm",
        remaining=usd(1500),
        decline_code="do_not_honor",
        decline_class="retry_later",
        access=Access.READ_ONLY,
        hold="disputed\0",
        next_at=NOW + DAY,
        next_step="retry on day 5",
        why="the customer disputes the charge",
    )
    entries = [an_entry("held"), an_entry("postponed", rule="visa-20@2026-04-18")]
    ledger.decided("in_1", NOW, entries, held, '{"held": true}')

    expected = a_case(
        status="on_hold",
        stage="firm",
        remaining=usd(1500),
        decline_code="do_not_honor",
        decline_class="retry_later",
        access=Access.READ_ONLY,
        hold="disputed",
        next_at=NOW + DAY,
        next_step="retry on day 5",
        why="the customer disputes the charge",
        decided_at=NOW,
    )
    assert expected == the_case(ledger)
    assert entries == ledger.record("in_1")
    assert {"in_1": '{"held": true}'} == states(ledger)


def test_a_repeated_decision_leaves_one_trace(ledger: SqlLedger) -> None:
    """Its activity may be run again after it was written."""
    for _ in range(2):
        decide(ledger)

    assert [an_entry("waits")] == ledger.record("in_1")


def test_an_older_decision_never_overwrites_a_newer_one(ledger: SqlLedger) -> None:
    """Its entries are kept, as it was decided; one of the same moment is as new."""
    decide(ledger, NOW + DAY, "newer")
    decide(ledger, NOW, "older", "waited before")
    assert {"in_1": "newer"} == states(ledger)

    decide(ledger, NOW + DAY, "as new")

    assert {"in_1": "as new"} == states(ledger)
    assert NOW + DAY == the_case(ledger).decided_at
    assert ["waited before", "waits"] == [entry.what for entry in ledger.record("in_1")]


def test_a_case_closes_once(ledger: SqlLedger) -> None:
    """The second call changes nothing, not even the date."""
    for later in (DAY, 2 * DAY):
        close(ledger, Outcome.SETTLED, NOW + later, remaining=usd(99), next_step=None)
    case = the_case(ledger)

    assert ("closed", Outcome.SETTLED, usd(99), NOW + DAY) == (
        case.status,
        case.outcome,
        case.remaining,
        case.closed_at,
    )
    assert NOW + DAY == case.decided_at


@pytest.mark.parametrize("end", [Outcome.RECOVERED, Outcome.SETTLED, Outcome.CANCELLED])
@pytest.mark.parametrize("given_up", [Outcome.COLLECTIONS, Outcome.WRITTEN_OFF])
def test_news_that_came_while_the_case_was_given_up_count(ledger: SqlLedger, given_up: Outcome, end: Outcome) -> None:
    """A payment, a settlement, a void invoice: the case decided anew, and the record keeps both ends."""
    close(ledger, given_up)
    close(ledger, end, NOW + DAY, remaining=usd(0))
    case = the_case(ledger)

    assert (end, usd(0), NOW + DAY) == (case.outcome, case.remaining, case.closed_at)
    assert [f"closed: {given_up}", f"closed: {end}"] == [entry.what for entry in ledger.record("in_1")]


def test_a_payment_that_came_while_the_case_was_given_up_has_its_effects_first(ledger: SqlLedger) -> None:
    """The service is restored before the case ends anew: until then it is open, and its state can be started again."""
    close(ledger, Outcome.WRITTEN_OFF)
    decide(ledger, NOW + DAY)
    case = the_case(ledger)

    assert ("open", None, None) == (case.status, case.outcome, case.closed_at)
    assert ["in_1"] == list(states(ledger))


def test_a_closed_case_keeps_its_outcome(ledger: SqlLedger) -> None:
    """What was reported as recovered is never turned into a write-off, and of the refused decision nothing is kept."""
    close(ledger, Outcome.RECOVERED)

    with pytest.raises(ProviderMisuse, match="closed as recovered: it cannot end as written_off"):
        close(ledger, Outcome.WRITTEN_OFF)
    with pytest.raises(ProviderMisuse, match="closed as recovered: it cannot become open"):
        decide(ledger, NOW + DAY)
    assert ["closed: recovered"] == [entry.what for entry in ledger.record("in_1")]


def test_a_late_repetition_does_not_open_a_closed_case(ledger: SqlLedger) -> None:
    """The decision before the end was written, its worker died, and it comes once more."""
    decide(ledger)
    close(ledger, Outcome.RECOVERED, NOW + DAY)
    decide(ledger)
    close(ledger, Outcome.WRITTEN_OFF, NOW)

    assert ("closed", Outcome.RECOVERED) == (the_case(ledger).status, the_case(ledger).outcome)


@pytest.mark.parametrize("outcome", [None, Outcome.RECOVERED])
def test_a_case_stays_in_its_currency(ledger: SqlLedger, outcome: Outcome | None) -> None:
    """What remains is of the invoice's currency."""
    euros = a_projection(outcome, remaining=Money(amount=0, currency="EUR"))

    with pytest.raises(CurrencyMismatch):
        ledger.decided("in_1", NOW, [], euros, "{}")


def test_decisions_and_reservations_of_one_case_never_block_each_other(ledger: SqlLedger) -> None:
    """Both write entries about the case, in either order; one lock order means no deadlock, which would be trouble."""
    ledger.begin_attempt(an_attempt(100), FREE)

    def work(number: int) -> None:
        for turn in range(10):
            at = NOW + turn * timedelta(minutes=1)
            if number % 2:
                ledger.begin_attempt(an_attempt(turn + 1, as_of=at), at_most(1))
            else:
                decide(ledger, at, f"{turn}", f"waits {turn}")

    race(work)

    assert [f"waits {turn}" for turn in range(10)] == sorted(
        entry.what for entry in ledger.record("in_1") if entry.what.startswith("waits")
    )
    assert 20 == len(ledger.record("in_1"))
    assert NOW + timedelta(minutes=9) == the_case(ledger).decided_at


def test_states_are_those_of_the_cases_that_are_not_closed(ledger: SqlLedger) -> None:
    """By the page, in order of the invoice's id: enough to start each anew."""
    for number in (4, 2, 3, 5):
        ledger.open_case(a_case(f"in_{number}"), a_customer(), f"state {number}")
    close(ledger, Outcome.RECOVERED)
    ledger.mark_open("in_3")
    first = ledger.case_states(None, 3)

    assert [("in_2", "state 2"), ("in_3", "state 3"), ("in_4", "state 4")] == first
    assert [("in_5", "state 5")] == ledger.case_states("in_4", 3)
    assert [] == ledger.case_states("in_5", 3)


def test_cases_are_listed_oldest_first_and_by_the_page(ledger: SqlLedger) -> None:
    """Also those that opened in the same moment, each once."""
    for number in (5, 3, 2, 4):
        open_case(ledger, f"in_{number}", opened_at=NOW if number < 4 else NOW - DAY)
    pages = [ledger.cases(limit=2)]
    while pages[-1].after:
        pages.append(ledger.cases(after=pages[-1].after, limit=2))

    assert [["in_4", "in_5"], ["in_1", "in_2"], ["in_3"]] == [[row.invoice_id for row in page.rows] for page in pages]


def test_a_last_page_that_is_full_has_none_after_it(ledger: SqlLedger) -> None:
    open_case(ledger, "in_2")

    assert ledger.cases(limit=1).after
    assert ledger.cases(limit=2).after is None


def test_cases_are_found_by_status_customer_and_segment(ledger: SqlLedger) -> None:
    """Each alone, and all together."""
    open_case(ledger, "in_2", **OTHER, status="open")
    open_case(ledger, "in_3", **OTHER, segment="business")
    open_case(ledger, "in_4", **OTHER, segment="business", status="open")
    decide(ledger)
    found = [
        ledger.cases("open"),
        ledger.cases(customer_id="cus_other"),
        ledger.cases(segment="business"),
        ledger.cases("open", "cus_other", "business"),
        ledger.cases("on_hold"),
    ]

    assert [["in_1", "in_2", "in_4"], ["in_2", "in_3", "in_4"], ["in_3", "in_4"], ["in_4"], []] == [
        [row.invoice_id for row in page.rows] for page in found
    ]


def test_the_open_cases_of_one_customer(ledger: SqlLedger) -> None:
    """News about a customer goes to all their cases that are not closed, and to no other's."""
    open_case(ledger, "in_0", opened_at=NOW + DAY)
    open_case(ledger, "in_2", **OTHER)
    open_case(ledger, "in_3")
    close(ledger, Outcome.WRITTEN_OFF)

    assert ["in_3", "in_0"] == [case.invoice_id for case in ledger.open_cases_of("cus_1")]
    assert ["in_2"] == [case.invoice_id for case in ledger.open_cases_of("cus_other")]


def test_the_open_cases_beside_one(ledger: SqlLedger) -> None:
    """What a message names besides its own invoice: nothing that is on hold, not open yet, or somebody else's."""
    open_case(ledger, "in_0", opened_at=NOW + DAY, status="open")
    open_case(ledger, "in_2", **OTHER, status="open")
    open_case(ledger, "in_3", status="open")
    open_case(ledger, "in_4", status="on_hold")
    open_case(ledger, "in_5", status="open")

    assert ["in_3", "in_0"] == ledger.open_beside("in_5", "cus_1")
    assert [] == ledger.open_beside("in_2", "cus_other")


def test_times_come_back_in_utc_and_amounts_whole(ledger: SqlLedger) -> None:
    """Whatever zone a time was written in; amounts beyond 32 bits are kept."""
    bangkok = NOW.astimezone(timezone(timedelta(hours=7))).replace(microsecond=123456)
    amount = Money(amount=9_000_000_000, currency="JPY")
    open_case(ledger, "in_2", opened_at=bangkok, amount=amount, remaining=amount)
    case = the_case(ledger, "in_2")

    assert (bangkok, UTC, amount) == (case.opened_at, case.opened_at.tzinfo, case.remaining)
