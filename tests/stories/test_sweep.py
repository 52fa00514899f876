"""Without a webhook and without a file: the schedule's sweep alone opens cases and brings them to their ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleHandle,
    ScheduleOverlapPolicy,
)
from temporalio.service import RPCError

from domain.case import Outcome
from domain.sweep import Mend, Sweep
from runtime.schedule import schedule_id, schedule_sweep
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import Scene, staged
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from workflows.sweep import SweepWorkflow

BROKE = Decline("insufficient_funds")
ZONE = "America/New_York"


@pytest_asyncio.fixture(loop_scope="session")
async def swept(temporal: TemporalServer, client: Client, tmp_path: Path) -> AsyncIterator[Scene]:
    """A stage whose sweep is scheduled; what happened a second ago is old enough for it."""
    assert client.namespace == temporal.namespace
    short = {"dunning_sweep_back": timedelta(hours=1), "dunning_sweep_grace": timedelta(0)}
    async with staged(temporal.address, tmp_path, **short) as stage:
        assert await schedule_sweep(stage.client, stage.settings)
        yield stage
        await schedule_sweep(stage.client, stage.settings.model_copy(update={"dunning_sweep_every": timedelta(0)}))


def the_schedule(stage: Scene) -> ScheduleHandle:
    return stage.client.get_schedule_handle(schedule_id(stage.settings))


async def one_sweep(stage: Scene) -> Sweep:
    """What the schedule does when its time has come."""
    before = len((await the_schedule(stage).describe()).info.recent_actions)
    await the_schedule(stage).trigger()
    async with asyncio.timeout(30):
        while len(actions := (await the_schedule(stage).describe()).info.recent_actions) == before:
            await asyncio.sleep(0.05)
    started = actions[-1].action
    assert isinstance(started, ScheduleActionExecutionStartWorkflow)
    handle = stage.client.get_workflow_handle_for(SweepWorkflow.run, started.workflow_id)
    return await asyncio.wait_for(handle.result(), timeout=60)


async def test_cases_begin_and_end_by_the_sweep_alone(swept: Scene) -> None:
    """One customer pays, one invoice is voided, one retry goes through; a third sweep finds nothing to do."""
    stripe = swept.world.stripe

    def fails(*behaviour: object) -> str:
        owner = stripe.add_customer(country="US", metadata={"time_zone": ZONE})
        stripe.add_card(owner, behaviour=behaviour or (BROKE,))
        return stripe.fail_first_payment(owner, amount=5_000, currency="usd")

    pays, voided, retried = fails(), fails(), fails(BROKE, APPROVE)

    first = await one_sweep(swept)
    stripe.customer_pays(pays)
    stripe.void(voided)
    second = await one_sweep(swept)
    cases = [swept.case("", "", invoice, ZONE) for invoice in (pays, voided, retried)]
    results = [await cases[0].handle.result(), await cases[1].handle.result(), await cases[2].finish()]
    third = await one_sweep(swept)

    assert {Mend.OPENED: 3} == first.tally.mended
    assert {Mend.TOLD} == second.tally.mended.keys()
    assert ({}, 0) == (third.tally.mended, third.tally.cases)
    assert [Outcome.RECOVERED, Outcome.CANCELLED, Outcome.RECOVERED] == [result.outcome for result in results]
    rows = [swept.ledger.case(invoice) for invoice in (pays, voided, retried)]
    assert ["recovered", "cancelled", "recovered"] == [row.outcome for row in rows if row]
    assert ["charge.succeeded"] == [charge.kind for charge in cases[2].charges]


async def test_the_schedule_is_made_once_and_keeps_somebodys_pause(swept: Scene) -> None:
    await the_schedule(swept).pause()

    again = swept.settings.model_copy(update={"dunning_sweep_every": timedelta(hours=1)})
    assert await schedule_sweep(swept.client, again)

    schedule = (await the_schedule(swept).describe()).schedule
    assert schedule.state.paused
    assert ScheduleOverlapPolicy.SKIP == schedule.policy.overlap
    assert [timedelta(hours=1)] == [interval.every for interval in schedule.spec.intervals]


async def test_without_an_interval_there_is_no_schedule(swept: Scene) -> None:
    never = swept.settings.model_copy(update={"dunning_sweep_every": timedelta(0)})

    assert not await schedule_sweep(swept.client, never)
    assert not await schedule_sweep(swept.client, never)

    with pytest.raises(RPCError, match="not found"):
        await the_schedule(swept).describe()
