"""Processes die. Money moves once all the same, no message comes twice, and no case is lost."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from domain.case import Outcome
from runtime.settings import ROOT
from sandbox.processes import ChildSpec
from sandbox.providers.faults import Fault, Mode
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.stage import Stage, staged
from sandbox.supervisor import Supervisor
from sandbox.temporal_server import TemporalServer, start_temporal
from tests.conftest import prepared_client


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[TemporalServer]:
    """A server that this test may kill."""
    with start_temporal(data_dir=tmp_path / "temporal", time_skipping=True, ui=False, say=lambda _: None) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def fragile(server: TemporalServer, tmp_path: Path) -> AsyncIterator[tuple[Stage, Supervisor]]:
    """A stage whose worker is a process of its own, under a supervisor that starts it again."""
    await prepared_client(server.address)
    async with staged(server.address, tmp_path, own_worker=False) as stage:
        worker = ChildSpec(
            name="worker",
            argv=[sys.executable, "worker.py"],
            log=tmp_path / "worker.log",
            env=stage.worker_environment,
            cwd=ROOT,
        )
        with Supervisor([worker], say=lambda _: None) as supervisor:
            yield stage, supervisor


async def test_a_worker_killed_between_charged_and_answered_charges_once(
    fragile: tuple[Stage, Supervisor],
) -> None:
    """Stripe has charged, the worker dies with the answer on its way: the next worker finds the charge."""
    stage, supervisor = fragile
    case = await stage.open(Decline("insufficient_funds"))
    stage.world.stripe.set_behaviour(case.card, APPROVE)
    fault = stage.world.faults.add("stripe", rf"POST /v1/invoices/{case.invoice}/pay", Mode.HOLD_AFTER)
    moving = asyncio.create_task(case.until("2030-04-05 12:00"))
    await reached(fault)
    supervisor.kill("worker")
    fault.release()

    await moving
    result = await asyncio.wait_for(case.handle.result(), timeout=60)

    assert (Outcome.RECOVERED, 1) == (result.outcome, result.attempts)
    assert [f"dun:{case.invoice}:1"] == [entry.key for entry in case.charges]


async def test_a_worker_killed_between_sent_and_answered_sends_once(fragile: tuple[Stage, Supervisor]) -> None:
    """SendGrid has accepted the mail, the worker dies: the next worker finds it and does not send it again."""
    stage, supervisor = fragile
    case = await stage.open(Decline("expired_card"))
    fault = stage.world.faults.add("sendgrid", "POST /v3/mail/send", Mode.HOLD_AFTER)
    moving = asyncio.create_task(case.until("2030-04-03 12:00"))
    await reached(fault)
    supervisor.kill("worker")
    fault.release()

    view = await moving

    assert "done: sent" == view.steps["ask-0"]
    assert ["ask-0:email"] == case.messages


async def test_a_case_survives_the_death_of_the_server(
    server: TemporalServer, fragile: tuple[Stage, Supervisor]
) -> None:
    """kill -9 in mid-case: it listens again, knows the case, and the case goes on where it was."""
    stage, _ = fragile
    case = await stage.open(Decline("generic_decline"))
    before = await case.until("2030-04-05 12:00")

    server.kill()
    server.wait_ready()
    after = await case.until("2030-04-07 12:00")

    assert 2 == before.attempts
    assert 3 == after.attempts
    assert before.journal == after.journal[: len(before.journal)]


async def reached(fault: Fault) -> None:
    """Waits until the stand-in holds the answer back."""
    assert await asyncio.to_thread(fault.reached.wait, 60)
