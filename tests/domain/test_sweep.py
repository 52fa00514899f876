"""How a sweep goes on, and when a case has missed something."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.events import InvoiceChanged
from domain.invoice import InvoiceNow, InvoiceState, MethodRef
from domain.money import Money
from domain.news import invoice_changed
from domain.retries import OwnTries
from domain.sweep import Mend, Stage, Sweep, Tally, is_late, missed, next_sweep, occasion
from tests.domain.builders import a_case

NOW = datetime(2030, 4, 1, 12, tzinfo=UTC)
MONTH, GRACE = timedelta(days=30), timedelta(minutes=10)


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def test_the_first_sweep_looks_at_all_that_is_kept() -> None:
    sweep = next_sweep(None, NOW, MONTH, GRACE)

    assert (NOW - MONTH, NOW - MONTH, NOW - GRACE) == (sweep.since, sweep.place, sweep.until)
    assert (Stage.EVENTS, None) == (sweep.stage, sweep.ended_at)


def test_the_next_one_begins_where_the_last_one_ended() -> None:
    last = next_sweep(None, NOW, MONTH, GRACE).but(ended_at=NOW)
    later = NOW + timedelta(hours=6)

    sweep = next_sweep(last, later, MONTH, GRACE)

    assert (last.until, later - GRACE) == (sweep.place, sweep.until)
    assert later - MONTH == sweep.since


def test_one_that_was_interrupted_goes_on_unless_all_is_asked_for() -> None:
    last = next_sweep(None, NOW, MONTH, GRACE).but(stage=Stage.CASES, after="in_7")
    later = NOW + timedelta(days=1)

    assert last == next_sweep(last, later, MONTH, GRACE)
    assert later - MONTH == next_sweep(last, later, MONTH, GRACE, whole=True).place


def test_after_a_long_silence_it_looks_no_further_back_than_events_are_kept() -> None:
    last = next_sweep(None, NOW, MONTH, GRACE).but(ended_at=NOW)
    later = NOW + timedelta(days=90)

    assert later - MONTH == next_sweep(last, later, MONTH, GRACE).place


def test_a_part_with_too_many_events_is_halved_down_to_a_second() -> None:
    sweep = next_sweep(None, NOW, MONTH, GRACE)
    widths = []
    while not sweep.is_narrowest:
        sweep = sweep.narrower()
        widths.append(sweep.part_until - sweep.place)

    assert sorted(set(widths), reverse=True) == widths
    assert timedelta(seconds=1) == widths[-1]


def test_every_moment_is_in_one_part() -> None:
    sweep, parts = next_sweep(None, NOW, MONTH, GRACE), []
    while sweep.stage is Stage.EVENTS:
        parts.append((sweep.place, sweep.part_until))
        sweep = sweep.after_events(Tally(events=1), few=len(parts) % 3 != 0)

    assert [NOW - MONTH, *(end for _, end in parts[:-1])] == [begin for begin, _ in parts]
    assert NOW - GRACE == parts[-1][1]
    assert (len(parts), len(parts)) == (sweep.tally.events, sweep.pages)


def test_invoices_come_after_events_and_cases_after_invoices() -> None:
    sweep = next_sweep(None, NOW, MONTH, GRACE).but(stage=Stage.INVOICES)

    more = sweep.after_invoices(Tally(), "in_1")
    cases = more.after_invoices(Tally(), None)
    ended = cases.after_cases(Tally(mended={Mend.TOLD: 1}), None, NOW)

    assert [(Stage.INVOICES, "in_1"), (Stage.CASES, None)] == [(each.stage, each.after) for each in (more, cases)]
    assert (NOW, {Mend.TOLD: 1}, 3) == (ended.ended_at, ended.tally.mended, ended.pages)


def test_what_was_found_adds_up_and_names_only_some() -> None:
    tally = Tally()
    for number in range(30):
        tally = tally.plus(Tally(mended={Mend.TOLD: 1}, stopped=(f"in_{number}",), stopped_in_all=1, refused=2))

    assert ({Mend.TOLD: 30}, 30, 60, 20) == (tally.mended, tally.stopped_in_all, tally.refused, len(tally.stopped))


def test_a_sweep_survives_its_json() -> None:
    sweep = next_sweep(None, NOW, MONTH, GRACE).after_events(Tally(mended={Mend.OPENED: 2}), few=True)

    assert sweep == Sweep.model_validate_json(sweep.model_dump_json())


CASE = a_case()


def due(amount: int) -> Money:
    return Money(amount=amount, currency=CASE.due.currency)


@pytest.mark.parametrize(
    ("now", "is_missed"),
    [
        (InvoiceNow(), False),
        (InvoiceNow(remaining=CASE.due, paying=False, customer_deleted=False), False),
        (InvoiceNow(state=InvoiceState.PAID, remaining=due(0)), True),
        (InvoiceNow(state=InvoiceState.VOID), True),
        (InvoiceNow(remaining=due(CASE.due.amount - 1)), True),
        (InvoiceNow(remaining=Money(amount=1, currency="JPY")), False),
        (InvoiceNow(paying=True), True),
        (InvoiceNow(customer_deleted=True), True),
        (InvoiceNow(tries=OwnTries(next_at=NOW)), True),
        (InvoiceNow(tries=OwnTries()), False),
        (InvoiceNow(method=MethodRef(id="pm_new", fingerprint="fp_new")), True),
    ],
)
def test_a_case_has_missed_what_the_invoice_shows_otherwise(now: InvoiceNow, is_missed: bool) -> None:
    assert is_missed is missed(CASE, now)


def test_a_case_that_stands_still_for_a_debit_knows_that_it_is_on_its_way() -> None:
    told = InvoiceChanged(event_id="evt_1", paying=True)
    held = invoice_changed(CASE, told, NOW)

    assert not missed(held, InvoiceNow(paying=True))
    assert missed(held, InvoiceNow(paying=False))


def test_a_case_that_is_ending_has_missed_nothing() -> None:
    assert not missed(CASE.but(closed=True), InvoiceNow(state=InvoiceState.PAID))


def test_a_step_is_late_after_an_hour() -> None:
    assert not is_late(None, NOW)
    assert not is_late(NOW - timedelta(hours=1), NOW)
    assert is_late(NOW - timedelta(hours=1, seconds=1), NOW)


def test_the_same_news_has_the_same_id_for_a_day() -> None:
    now = InvoiceNow(remaining=usd(5))

    assert occasion(now, NOW) == occasion(now, NOW + timedelta(hours=6))
    assert occasion(now, NOW) != occasion(now, NOW + timedelta(days=1))
    assert occasion(now, NOW) != occasion(now.but(remaining=usd(4)), NOW)
