"""When the last sweep was, how it ended, and whether the next one is overdue."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from temporalio.client import Client

from domain.sweep import Mend, Stage, Sweep, Tally
from gateways.ledger.sql_ledger import SqlLedger
from runtime.checks import servers
from runtime.checks.look import Look
from runtime.doctor import Finding, looked_at
from runtime.schedule import schedule_id, schedule_sweep
from runtime.settings import Settings

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
BY_HAND = {"dunning_sweep_every": timedelta(0)}


@pytest_asyncio.fixture(loop_scope="session")
async def scheduled(client: Client, settings: Settings, ledger: SqlLedger) -> AsyncIterator[Settings]:
    assert () == ledger.cases().rows
    await schedule_sweep(client, settings)
    yield settings
    await schedule_sweep(client, settings.model_copy(update=BY_HAND))


async def found(settings: Settings, at: datetime = NOW) -> Finding:
    lines = await looked_at(Look(settings, lambda: at), servers.CHECKS)
    return next(line for line in lines if line.what == "last sweep")


def a_sweep(begun: timedelta, ended: timedelta | None = None) -> Sweep:
    """One that began, and ended, so long ago."""
    at = NOW - begun
    tally = Tally(events=7, invoices=2, cases=3, mended={Mend.OPENED: 1}, stopped=("in_1",), stopped_in_all=1)
    sweep = Sweep(begun_at=at, since=at, until=at, place=at, pages=5, tally=tally, stage=Stage.CASES)
    return sweep.but(ended_at=NOW - ended) if ended is not None else sweep


def minute(ago: timedelta) -> str:
    return f"{NOW - ago:%Y-%m-%d %H:%M} UTC"


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


async def test_the_last_one_is_told_with_what_it_did(scheduled: Settings, ledger: SqlLedger) -> None:
    ledger.keep_sweep(a_sweep(hours(8), hours(7)))
    ledger.keep_sweep(a_sweep(hours(1)))

    told = await found(scheduled)

    assert told.good
    assert (
        f"ended {minute(hours(7))}: 7 events, 2 open invoices and 3 open cases seen: 1 opened, 0 told, 0 started anew, "
        "0 closed; 0 could not be taken; nothing acts on 1 open cases; "
        f"one that began {minute(hours(1))} is at its cases after 5 pages"
    ) == told.said


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([], "The sweep is overdue (none has run), and what no webhook brings is missed: start a worker"),
        ([a_sweep(hours(21), hours(20))], f"The sweep is overdue (ended {minute(hours(20))}: 7 events, "),
        (
            [a_sweep(hours(30))],
            f"The sweep has not ended for long (one that began {minute(hours(30))} is at its cases after 5 pages)",
        ),
        (
            [a_sweep(hours(40), hours(39)), a_sweep(hours(33))],
            f"The sweep has not ended for long (one that began {minute(hours(33))} is at its cases after 5 pages)",
        ),
    ],
)
async def test_one_that_is_overdue_is_a_fault(
    scheduled: Settings, ledger: SqlLedger, kept: list[Sweep], said: str
) -> None:
    """Two were due since, and an hour; where none ever ran, since the schedule was made."""
    for sweep in kept:
        ledger.keep_sweep(sweep)

    told = await found(scheduled, NOW if kept else NOW + hours(14))

    assert not told.good
    assert told.said.startswith(said)
    assert f"{schedule_id(scheduled)} in Temporal's UI" in told.said


async def test_one_that_is_late_is_no_fault_yet(scheduled: Settings, ledger: SqlLedger) -> None:
    assert (True, "none yet") == (await found(scheduled))[1:]
    ledger.keep_sweep(a_sweep(hours(13), hours(12)))
    assert (await found(scheduled)).good


async def test_by_hand_none_is_overdue(client: Client, settings: Settings, ledger: SqlLedger) -> None:
    assert client.namespace == settings.temporal_namespace
    ledger.keep_sweep(a_sweep(hours(901), hours(900)))

    told = await found(settings.model_copy(update=BY_HAND))

    assert told.good
    assert told.said.startswith(f"ended {minute(hours(900))}")
