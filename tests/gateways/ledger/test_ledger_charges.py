"""A charge is reserved once, and a card is never used more often than its network allows."""

from datetime import timedelta

import pytest

from domain.case import ChargeOutcome
from domain.declines import Decline
from domain.gates import Postpone, Refuse
from domain.rules.uses import MethodUse
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import AttemptRow
from tests.gateways.ledger.builders import (
    DAY,
    FREE,
    NOW,
    RACERS,
    Rules,
    Seen,
    a_decline,
    a_foreign_attempt,
    an_attempt,
    an_entry,
    at_most,
    finish,
    open_case,
    race,
    usd,
)


def test_an_attempt_is_reserved_once(ledger: SqlLedger) -> None:
    """The worker that comes second learns when the first one began, by which it looks the charge up."""
    first = ledger.begin_attempt(an_attempt(), FREE)
    second = ledger.begin_attempt(an_attempt(started_at=NOW + timedelta(minutes=5), amount=usd(1)), FREE)

    assert an_attempt() == first == second
    assert [an_attempt()] == ledger.attempts_of("in_1")


def test_workers_that_race_for_an_attempt_reserve_it_once(ledger: SqlLedger) -> None:
    """Exactly one row, which all of them get, also when the card changed in between."""
    rows = race(
        lambda number: ledger.begin_attempt(
            an_attempt(started_at=NOW + timedelta(seconds=number), fingerprint=f"card_{number % 2}"), FREE
        )
    )

    assert [rows[0]] * RACERS == rows
    assert [rows[0]] == ledger.attempts_of("in_1")


def test_an_attempt_finishes_once_and_keeps_every_raw_code(ledger: SqlLedger) -> None:
    """A repeated activity neither changes the outcome nor writes a second line."""
    ledger.begin_attempt(an_attempt(), FREE)
    finish(ledger, an_attempt(), ChargeOutcome.DECLINED, a_decline())
    finish(ledger, an_attempt(), ChargeOutcome.PAID)
    finished = an_attempt(
        state="finished", outcome=ChargeOutcome.DECLINED, provider_id="ch_1", decline=a_decline().model_dump()
    )

    assert [finished] == ledger.attempts_of("in_1")
    assert [an_entry()] == ledger.record("in_1")


def test_a_postponed_attempt_is_kept_in_the_record_alone(ledger: SqlLedger) -> None:
    """Nothing was sent under its number: only the record tells, once per moment, by which rule and until when."""
    ledger.begin_attempt(an_attempt(1), FREE)
    answers = [ledger.begin_attempt(an_attempt(2), at_most(1)) for _ in range(2)]
    [entry] = ledger.record("in_1")

    assert [answers[0]] * 2 == answers
    assert isinstance(answers[0], Postpone)
    assert (NOW + 30 * DAY + timedelta(minutes=61), "test-1@2026-11-23") == (answers[0].until, answers[0].rule)
    assert (NOW, "try-2", "postponed to 2026-12-23 11:01") == (entry.at, entry.step, entry.what)
    assert (answers[0].why, answers[0].rule) == (entry.why, entry.rule)
    assert [1] == [row.attempt for row in ledger.attempts_of("in_1")]


def test_a_postponed_attempt_asks_anew_under_its_number(ledger: SqlLedger) -> None:
    """By then the card may have room, or may not: that is one more entry."""
    ledger.begin_attempt(an_attempt(1), FREE)
    for day in range(2):
        ledger.begin_attempt(an_attempt(2, as_of=NOW + day * DAY), at_most(1))
    later = an_attempt(2, as_of=NOW + 31 * DAY)

    assert later == ledger.begin_attempt(later, at_most(1))
    assert [NOW, NOW + DAY] == [entry.at for entry in ledger.record("in_1")]


class Refuses(Rules):
    """A rule that time does not change."""

    def ask(self, *_: object) -> Refuse:
        return Refuse(why="the card was reported stolen", rule="test@1")


def test_a_refused_attempt_is_kept_in_the_record_alone(ledger: SqlLedger) -> None:
    """With its rule."""
    refused = ledger.begin_attempt(an_attempt(1), Refuses())

    assert Refuse(why="the card was reported stolen", rule="test@1") == refused
    assert [an_entry("refused", why="the card was reported stolen", rule="test@1")] == ledger.record("in_1")
    assert [] == ledger.attempts_of("in_1")


def test_a_reserved_attempt_stands_whatever_the_rules_say_by_now(ledger: SqlLedger) -> None:
    """It may have been sent: its own row neither counts against it nor is it postponed for others'."""
    open_case(ledger, "in_2")
    ledger.begin_attempt(an_attempt(1), at_most(1))

    assert an_attempt(1) == ledger.begin_attempt(an_attempt(1), at_most(1))
    ledger.begin_attempt(an_attempt(1, "in_2"), FREE)
    assert an_attempt(1) == ledger.begin_attempt(an_attempt(1), at_most(1))
    assert [] == ledger.record("in_1")


def test_the_last_slot_of_a_card_is_given_once(ledger: SqlLedger) -> None:
    """Several invoices on one card race for the third and last charge that the network allows."""
    for number in range(RACERS):
        open_case(ledger, f"in_race_{number}")
    for number in (1, 2):
        ledger.begin_attempt(an_attempt(number), FREE)
    answers = race(lambda number: ledger.begin_attempt(an_attempt(1, f"in_race_{number}"), at_most(3)))

    assert 1 == sum(isinstance(answer, AttemptRow) for answer in answers)
    assert RACERS - 1 == sum(isinstance(answer, Postpone) for answer in answers)


@pytest.mark.parametrize(
    ("outcome", "decline", "counts"),
    [
        (ChargeOutcome.PAID, None, True),
        (ChargeOutcome.DECLINED, a_decline(), True),
        (ChargeOutcome.PROCESSING, None, True),
        (None, None, True),
        (ChargeOutcome.DECLINED, a_decline(reached_network=False), False),
        (ChargeOutcome.NOT_OPEN, None, False),
    ],
)
def test_a_charge_that_may_have_reached_the_network_uses_up_the_card(
    ledger: SqlLedger, outcome: ChargeOutcome | None, decline: Decline | None, counts: bool
) -> None:
    """One whose outcome is unknown counts, one that the provider blocked by itself does not."""
    ledger.begin_attempt(an_attempt(1), FREE)
    if outcome:
        finish(ledger, an_attempt(1), outcome, decline)
    rules = Seen()
    ledger.begin_attempt(an_attempt(2), rules)
    use = MethodUse(
        at=NOW,
        amount=usd(1999),
        outcome=outcome or ChargeOutcome.PROCESSING,
        invoice_id="in_1",
        code=decline.raw.return_code if decline else None,
    )

    assert [use][: int(counts)] == rules.uses


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        (a_foreign_attempt(invoice_id="in_without_case"), True),
        (a_foreign_attempt(as_of=NOW - 30 * DAY), True),
        (a_foreign_attempt(as_of=NOW + timedelta(hours=3)), True),
        (a_foreign_attempt(as_of=NOW - 182 * DAY), False),
        (a_foreign_attempt(fingerprint="card_b"), False),
        (a_foreign_attempt(fingerprint=None), False),
    ],
)
def test_every_charge_on_the_same_card_counts(ledger: SqlLedger, row: AttemptRow, counts: bool) -> None:
    """Also the customer's own, on any invoice, within the 181 days that an answer for good binds."""
    ledger.record_foreign_attempt(row, "evt_1")
    rules = Seen()
    ledger.begin_attempt(an_attempt(), rules)

    assert [row.as_of][: int(counts)] == [use.at for use in rules.uses]


def test_a_card_without_fingerprint_is_known_within_its_invoice(ledger: SqlLedger) -> None:
    """Two customers whose cards have no fingerprint do not share a budget."""
    open_case(ledger, "in_2")
    ledger.begin_attempt(an_attempt(1, "in_2", fingerprint=None), FREE)
    ledger.begin_attempt(an_attempt(1, fingerprint=None), FREE)
    rules = Seen()
    ledger.begin_attempt(an_attempt(2, fingerprint=None), rules)

    assert 1 == len(rules.uses)


def test_a_postponed_attempt_uses_up_nothing(ledger: SqlLedger) -> None:
    """Otherwise postponements would prolong themselves."""
    ledger.begin_attempt(an_attempt(1), FREE)
    ledger.begin_attempt(an_attempt(2), at_most(1))
    rules = Seen()
    ledger.begin_attempt(an_attempt(3), rules)

    assert 1 == len(rules.uses)


def test_a_foreign_attempt_is_recorded_once_per_event(ledger: SqlLedger) -> None:
    """Two attempts of the customer are two rows, a repeated event is none."""
    for event_id in ("evt_1", "evt_1", "evt_2"):
        ledger.record_foreign_attempt(a_foreign_attempt(decline=a_decline()), event_id)
    ledger.begin_attempt(an_attempt(1), FREE)

    assert [0, 0, 1] == [row.attempt for row in ledger.attempts_of("in_1")]
    assert a_foreign_attempt(decline=a_decline()) == ledger.attempts_of("in_1")[0]
