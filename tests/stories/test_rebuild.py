"""Temporal's database is lost in mid-life; the ledger starts every open case anew."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from domain import events
from domain.case import CaseStatus, Outcome
from domain.money import Money
from domain.steps import Channel
from runtime.settings import ROOT
from sandbox.machine.processes import ChildSpec
from sandbox.machine.server_config import database
from sandbox.machine.supervisor import Supervisor
from sandbox.machine.temporal_server import start_temporal
from sandbox.play.stage import Scene, StagedCase, staged
from sandbox.play.starter_process import starter
from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, Decline
from sandbox.providers.stripe_world import Behaviour
from tests.conftest import prepared_client

Part = Callable[[StagedCase], Awaitable[object]]


@dataclass(frozen=True)
class Life:
    """A case in two parts. Between them Temporal forgets everything, or nothing."""

    behaviour: Behaviour
    before: Part
    after: Part
    outcome: Outcome
    amount: int = 20_000


def until(moment: str) -> Part:
    return lambda case: case.until(moment)


def finish() -> Part:
    return lambda case: case.finish()


async def paused(case: StagedCase) -> None:
    await case.until("2030-04-05 12:00")
    await case.handle.signal("pause", {"by": "mia"})
    assert CaseStatus.ON_HOLD is (await case.status()).status


async def resumed_and_settled(case: StagedCase) -> None:
    await case.until("2030-04-12 12:00")
    await case.handle.signal("resume", {"by": "mia"})
    await case.until("2030-04-14 12:00")
    await case.tell("settle", events.Settle(amount=Money(amount=15_000, currency="USD")))


async def bounced(case: StagedCase) -> None:
    await case.until("2030-04-04 12:00")
    fact = events.ContactReported(event_id="evt_b", channel=Channel.EMAIL, result=events.ContactResult.BOUNCED)
    await case.tell("contact_reported", fact)


async def part_paid(case: StagedCase) -> None:
    await case.until("2030-04-11 20:00")
    case.stage.world.stripe.customer_pays(case.invoice, 4_000)
    await case.deliver()


async def pays(case: StagedCase) -> None:
    await case.until("2030-04-20 12:00")
    case.stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()


async def card_approves(case: StagedCase) -> None:
    case.stage.world.stripe.set_behaviour(case.card, APPROVE)
    await case.finish()


async def with_agency(case: StagedCase) -> None:
    await case.until("2030-05-03 12:00")
    told = events.AgencyReported(event_id="evt_a", report=events.AgencyReport.ACKNOWLEDGED)
    assert CaseStatus.WITH_AGENCY is (await case.tell("agency_reported", told)).status


async def pays_the_agencys_case(case: StagedCase) -> None:
    case.stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()


DECLINED = Decline("generic_decline")
LIVES = {
    "nobody pays": Life(DECLINED, until("2030-04-09 12:00"), finish(), Outcome.COLLECTIONS),
    "too small": Life(DECLINED, until("2030-04-22 12:00"), finish(), Outcome.WRITTEN_OFF, amount=1_000),
    "paid by our charge": Life(DECLINED, until("2030-04-05 12:00"), card_approves, Outcome.RECOVERED),
    "only the customer can": Life(AUTHENTICATION_REQUIRED, until("2030-04-05 12:00"), pays, Outcome.RECOVERED),
    "quick tries": Life(Decline("processing_error"), until("2030-04-01 02:40"), finish(), Outcome.COLLECTIONS),
    "paused": Life(DECLINED, paused, resumed_and_settled, Outcome.SETTLED),
    "bounced": Life(DECLINED, bounced, finish(), Outcome.COLLECTIONS),
    "paid in parts": Life(DECLINED, part_paid, pays, Outcome.RECOVERED, amount=10_000),
    "paid at the agency": Life(DECLINED, with_agency, pays_the_agencys_case, Outcome.RECOVERED),
}


async def test_every_open_case_goes_on_from_the_ledger(tmp_path: Path) -> None:
    """Each life ends as its twin's that nothing happened to: same outcome, charges, messages, and access."""
    data = tmp_path / "temporal"
    with start_temporal(data_dir=data, time_skipping=True, ui=False, say=lambda _: None) as server:
        await prepared_client(server.address)
        async with staged(server.address, tmp_path, own_worker=False) as stage:
            async with worker(stage, tmp_path):
                twins, cases = [await opened(stage) for _ in range(2)]
                await asyncio.gather(*(whole(LIVES[name], twin) for name, twin in twins.items()))
                await asyncio.gather(*(LIVES[name].before(case) for name, case in cases.items()))
            server.stop()
            database(data).unlink()
            with start_temporal(data_dir=data, time_skipping=True, ui=False, say=lambda _: None) as empty:
                assert empty.address == server.address
                await prepared_client(empty.address)
                said = await starter(stage.worker_environment, "rebuild")
                again = await starter(stage.worker_environment, "rebuild")
                async with worker(stage, tmp_path):
                    await asyncio.gather(*(LIVES[name].after(case) for name, case in cases.items()))
                    outcomes = {name: (await case.handle.result()).outcome for name, case in cases.items()}

            assert f"{len(cases)} started" in said
            assert f"0 started, {len(cases)} already there" in again
            assert {name: life.outcome for name, life in LIVES.items()} == outcomes
            for name, case in cases.items():
                assert deeds(twins[name]) == deeds(case), name


async def opened(stage: Scene) -> dict[str, StagedCase]:
    return {name: await stage.open(life.behaviour, amount=life.amount) for name, life in LIVES.items()}


async def whole(life: Life, case: StagedCase) -> None:
    await life.before(case)
    await life.after(case)
    await case.handle.result()


def deeds(case: StagedCase) -> dict[str, object]:
    """What the outside world saw of a case; each of it once."""
    world = case.stage.world
    keys = [entry.key for entry in case.log if entry.key]
    return {
        "charges": [(entry.kind, (entry.key or "").replace(case.invoice, "…")) for entry in case.charges],
        "messages": sorted(case.messages),
        "twice": sorted({key.replace(case.invoice, "…") for key in keys if keys.count(key) > 1}),
        "invoice": world.stripe.get(case.invoice)["status"],
        "access": world.merchant.access(case.customer),
        "agency": len([handoff for handoff in world.agency.handoffs if case.invoice in handoff.key]),
    }


@asynccontextmanager
async def worker(stage: Scene, folder: Path) -> AsyncIterator[None]:
    """A worker in a process of its own."""
    child = ChildSpec(
        name="worker",
        argv=[sys.executable, "worker.py"],
        log=folder / "worker.log",
        env=stage.worker_environment,
        cwd=ROOT,
    )
    with Supervisor([child], say=lambda _: None):
        yield
