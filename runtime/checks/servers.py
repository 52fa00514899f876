"""The ledger and Temporal."""

import asyncio
from contextlib import closing
from datetime import datetime

from temporalio.service import RPCError, RPCStatusCode

from domain.sweep import Sweep, is_overdue
from gateways.ledger.database import place
from runtime import wiring
from runtime.books import require_schema
from runtime.checks.look import Check, Look, fault
from runtime.schedule import schedule_id
from runtime.set_up import knows_search_attributes
from runtime.temporal import connect


def _ledger(look: Look) -> str:
    require_schema(look.settings)
    return f"{place(look.settings.dunning_database_url)}, its tables are current"


async def _server(look: Look) -> str:
    await connect(look.settings)
    return f"{look.settings.temporal_address}, namespace {look.settings.temporal_namespace}"


async def _attributes(look: Look) -> str:
    if not await knows_search_attributes(await connect(look.settings)):
        raise fault("Not all that cases have are in the namespace: run python starter.py setup.")
    return "registered"


async def _sweep(look: Look) -> str:
    if not look.settings.dunning_sweep_every:
        return "made by hand only (DUNNING_SWEEP_EVERY)"
    client = await connect(look.settings)
    try:
        found = await client.get_schedule_handle(schedule_id(look.settings)).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        sentence = "The sweep has no schedule, and what no webhook brings is missed: run python starter.py setup."
        raise fault(sentence) from None
    if found.schedule.state.paused:
        raise fault(f"The schedule {found.id} of the sweep is paused: resume it in Temporal's UI.")
    return f"every {look.settings.dunning_sweep_every}"


async def _last_sweep(look: Look) -> str:
    newest, last = await asyncio.to_thread(_sweeps, look)
    every = look.settings.dunning_sweep_every
    if every:
        found = await (await connect(look.settings)).get_schedule_handle(schedule_id(look.settings)).describe()
        ended_at = last.ended_at if last else None
        if is_overdue(newest, ended_at, found.info.created_at, every, look.now()):
            raise fault(_overdue(newest, last, found.id))
    return "; ".join(filter(None, (_ended(last), _under_way(newest)))) or "none yet"


def _sweeps(look: Look) -> tuple[Sweep | None, Sweep | None]:
    with closing(wiring.open_ledger(look.settings)) as ledger:
        return ledger.newest_sweep(), ledger.last_sweep()


def _overdue(newest: Sweep | None, last: Sweep | None, schedule: str) -> str:
    if going := _under_way(newest):
        return (
            f"The sweep has not ended for long ({going}): look at {schedule} in Temporal's UI, and raise "
            "DUNNING_SWEEP_PAGES where each run has done its share."
        )
    return (
        f"The sweep is overdue ({_ended(last) or 'none has run'}), and what no webhook brings is missed: start a "
        f"worker (python worker.py), and look at {schedule} in Temporal's UI."
    )


def _ended(last: Sweep | None) -> str | None:
    if last is None or last.ended_at is None:
        return None
    tally = last.tally
    idle = f"; nothing acts on {tally.stopped_in_all} open cases" if tally.stopped_in_all else ""
    return f"ended {_minute(last.ended_at)}: {tally.in_words}{idle}"


def _under_way(newest: Sweep | None) -> str | None:
    if newest is None or newest.ended_at:
        return None
    return f"one that began {_minute(newest.begun_at)} is at its {newest.stage.value} after {newest.pages} pages"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


CHECKS = (
    Check("ledger", _ledger),
    Check("Temporal server", _server),
    Check("search attributes", _attributes, after=("Temporal server",)),
    Check("sweep", _sweep, after=("Temporal server",)),
    Check("last sweep", _last_sweep, after=("ledger", "sweep")),
)
