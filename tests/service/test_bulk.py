"""Bulk orders from the ledger alone: which cases, what would become of each, and what waits for Temporal."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from domain.case import Case
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.bulk import BulkState, Chosen, LineState
from runtime.bulk import bulk_work
from runtime.settings import Settings
from runtime.wiring import utc_now
from service import bulk_work as work_module
from service.bulk import MOST_NAMED, BulkDesk, Progress
from service.bulk_work import BulkWork
from service.keys import Caller, Scope
from service.requests import Refused, Unavailable, Unknown, WrongRequest
from service.running import RunningCases
from service.threads import Threads
from tests.domain.builders import PLAIN, a_case, at, paused, rule
from tests.gateways.ledger import builders

OLGA = Caller("k1", "Olga", Scope.OPERATOR)
NOW = at("04-01 12:00")


async def away() -> RunningCases:
    raise Unavailable("No Temporal server answers.")


@pytest.fixture
def desk(ledger: SqlLedger) -> BulkDesk:
    return BulkDesk(ledger, utc_now)


@pytest.fixture
def work(settings: Settings, ledger: SqlLedger) -> Iterator[BulkWork]:
    with closing(Threads(2, "bulk")) as threads:
        yield bulk_work(settings, ledger, away, threads)


def standing(
    ledger: SqlLedger, invoice: str, customer: str = "cus_1", told: Callable[[Case], Case] | None = None
) -> None:
    """A case as its newest decision leaves it."""
    case = a_case(invoice=invoice)
    case = case.but(facts=case.facts.but(customer_id=customer))
    ledger.keep_policy(case.policy.digest, PLAIN.name, PLAIN.version, PLAIN.model_dump_json())
    row = builders.a_case(invoice, customer_id=customer, policy_digest=case.policy.digest)
    ledger.open_case(row, builders.a_customer(customer_id=customer), case.model_dump_json())
    ledger.mark_open(invoice)
    ruling = rule(told(case) if told else case, NOW)
    ledger.decided(invoice, NOW, ruling.entries, ruling.projection, ruling.case.model_dump_json())


async def looked(work: BulkWork, desk: BulkDesk, made: Progress) -> Progress:
    while (now := desk.progress(made.bulk.bulk_id)).bulk.state is BulkState.LOOKING:
        await work.round()
    return now


def said(desk: BulkDesk, now: Progress) -> dict[str, tuple[LineState, str]]:
    lines, more = desk.lines(now.bulk.bulk_id, (), 0, 100)
    assert more is None
    return {line.invoice_id: (line.state, line.why or line.then) for line in lines}


async def test_a_dry_run_says_of_each_case_what_would_become_of_it(
    ledger: SqlLedger, desk: BulkDesk, work: BulkWork
) -> None:
    standing(ledger, "in_open")
    standing(ledger, "in_paused", told=lambda case: paused()(case, NOW))
    ledger.open_case(builders.a_case("in_opening"), builders.a_customer(), "{}")

    made = desk.make(OLGA, "pause", {"note": "storm"}, ["in_open", "in_paused", "in_opening", "in_0", "in_open"])
    now = await looked(work, desk, made)

    found = said(desk, now)
    assert ({"dry": True, "cases": 4}, BulkState.SHOWN) == (
        {"dry": now.bulk.dry_run, "cases": now.total},
        now.bulk.state,
    )
    assert (LineState.READY, True) == (found["in_open"][0], "on hold (operator pause: storm)" in found["in_open"][1])
    assert (LineState.REFUSED, True) == (found["in_paused"][0], "paused already" in found["in_paused"][1])
    assert {"The ledger has no open case of this invoice: it has ended, or is only being opened."} == {
        found["in_opening"][1],
        found["in_0"][1],
    }


@pytest.mark.parametrize(
    ("chosen", "invoices"),
    [
        (Chosen(), ["in_0", "in_1", "in_2", "in_3"]),
        (Chosen(status="on_hold"), ["in_3"]),
        (Chosen(customer_id="cus_2"), ["in_1", "in_2"]),
        (Chosen(status="open", customer_id="cus_2"), ["in_1", "in_2"]),
        (Chosen(owed_again=True), []),
    ],
)
async def test_a_filter_chooses_what_the_list_of_cases_has(
    ledger: SqlLedger,
    desk: BulkDesk,
    work: BulkWork,
    monkeypatch: pytest.MonkeyPatch,
    chosen: Chosen,
    invoices: list[str],
) -> None:
    """Page by page: here of one case each."""
    monkeypatch.setattr(work_module, "_PAGE", 1)
    for number, customer in enumerate(("cus_1", "cus_2", "cus_2")):
        standing(ledger, f"in_{number}", customer)
    standing(ledger, "in_3", told=lambda case: paused()(case, NOW))

    now = await looked(work, desk, desk.make(OLGA, "write_off", {}, chosen))

    assert invoices == sorted(said(desk, now))


async def test_without_temporal_it_waits_and_says_why_and_can_be_cancelled(
    ledger: SqlLedger, desk: BulkDesk, work: BulkWork
) -> None:
    standing(ledger, "in_1")
    now = await looked(work, desk, desk.make(OLGA, "write_off", {}, Chosen(), dry_run=False))
    of = now.bulk.bulk_id

    with pytest.raises(Unavailable):
        await work.round()
    waits = desk.progress(of)
    desk.cancel(of, "Olga")
    assert await work.round()
    ended = desk.progress(of)

    assert (BulkState.ORDERING, "No Temporal server answers.") == (waits.bulk.state, waits.bulk.note)
    assert (BulkState.CANCELLED, "cancelled by Olga") == (ended.bulk.state, ended.bulk.note)
    assert {LineState.LEFT: 1} == ended.cases
    assert [] == ledger.audit()


async def test_a_filter_that_finds_too_many_orders_nothing(
    ledger: SqlLedger, desk: BulkDesk, work: BulkWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_module, "_PAGE", 1)
    monkeypatch.setattr(work_module, "MOST_CHOSEN", 2)
    for number in range(3):
        standing(ledger, f"in_{number}")

    now = await looked(work, desk, desk.make(OLGA, "write_off", {}, Chosen(), dry_run=False))

    assert (BulkState.CANCELLED, {LineState.LEFT: 2}) == (now.bulk.state, now.cases)
    assert "More than 2 cases" in now.bulk.note


async def test_a_dry_run_is_run_once_and_only_when_it_is_over(
    ledger: SqlLedger, desk: BulkDesk, work: BulkWork
) -> None:
    standing(ledger, "in_1")
    made = desk.make(OLGA, "pause", {}, ["in_1"])
    of = made.bulk.bulk_id

    with pytest.raises(Refused, match="still looked at"):
        desk.run(of)
    await looked(work, desk, made)
    assert [BulkState.ORDERING] * 2 == [desk.run(of).bulk.state for _ in range(2)]
    desk.cancel(of, "Olga")
    await work.round()
    with pytest.raises(Refused, match="cancelled"):
        desk.run(of)
    with pytest.raises(Unknown):
        desk.run("bulk_0")


def test_a_request_that_was_cut_off_and_comes_again_is_one_bulk_order(desk: BulkDesk) -> None:
    made = [desk.make(OLGA, "pause", {}, Chosen(status="open"), token=token) for token in ("a", "a", "b", None, None)]
    other = desk.make(OLGA, "pause", {}, ["in_1"], token="a")

    ids = [now.bulk.bulk_id for now in made]
    assert (ids[0], 4) == (ids[1], len(set(ids)))
    assert other.bulk.bulk_id not in ids


@pytest.mark.parametrize(
    ("name", "given", "cases", "says"),
    [
        ("reopen_channel", {"channel": "email"}, ["in_1"], "no order reopen_channel for many cases"),
        ("payment_received", {}, ["in_1"], "no order payment_received"),
        ("settle", {}, ["in_1"], "amount"),
        ("pause", {"until": "9999-12-31T00:00:00Z"}, ["in_1"], "between the years"),
        ("pause", {}, [], "Name 1 to"),
        ("pause", {}, ["in_1"] * (MOST_NAMED + 1), "Name 1 to"),
        ("pause", {}, Chosen(status="gone"), "no status 'gone'"),
    ],
)
def test_what_cannot_be_meant_is_not_kept(
    desk: BulkDesk, name: str, given: Mapping[str, Any], cases: list[str] | Chosen, says: str
) -> None:
    with pytest.raises(WrongRequest, match=says):
        desk.make(OLGA, name, given, cases)
    assert ([], None) == desk.page(None, 9)
