"""Processes die. Money moves once all the same, no message comes twice, and no case is lost."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError
from temporalio.worker import Replayer

from domain import events
from domain.case import CaseStatus, Outcome
from domain.steps import Channel
from runtime.settings import ROOT
from runtime.temporal import dunning_plugin
from sandbox.machine.processes import ChildSpec
from sandbox.machine.supervisor import Supervisor
from sandbox.machine.temporal_server import TemporalServer, start_temporal
from sandbox.play.stage import Scene, StagedCase, staged
from sandbox.providers.faults import Fault, Mode
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from tests.conftest import prepared_client
from worker import build_worker


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[TemporalServer]:
    """A server that this test may kill."""
    with start_temporal(data_dir=tmp_path / "temporal", time_skipping=True, ui=False, say=lambda _: None) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def fragile(server: TemporalServer, tmp_path: Path) -> AsyncIterator[tuple[Scene, Supervisor]]:
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


async def test_a_worker_killed_between_done_and_answered_charges_and_sends_once(
    fragile: tuple[Scene, Supervisor],
) -> None:
    """Stripe has charged one customer and SendGrid has accepted a mail to another; the worker dies with both answers on
    their way: the next worker finds the charge and the mail. (One death for both: it costs an activity's time-out.)"""
    stage, supervisor = fragile
    charged, written = await stage.open(Decline("insufficient_funds")), await stage.open(Decline("expired_card"))
    stage.world.stripe.set_behaviour(charged.card, APPROVE)
    charge = stage.world.faults.add("stripe", rf"POST /v1/invoices/{charged.invoice}/pay", Mode.HOLD_AFTER)
    moving = [asyncio.create_task(charged.until("2030-04-05 12:00"))]
    await reached(charge)
    # Only now, so that the mail that is held is no other than this one.
    mail = stage.world.faults.add("sendgrid", "POST /v3/mail/send", Mode.HOLD_AFTER)
    moving.append(asyncio.create_task(written.until("2030-04-03 12:00")))
    await reached(mail)
    supervisor.kill("worker")
    charge.release()
    mail.release()

    _, view = await asyncio.gather(*moving)
    result = await asyncio.wait_for(charged.handle.result(), timeout=60)

    assert (Outcome.RECOVERED, 1) == (result.outcome, result.attempts)
    assert [f"dun:{charged.invoice}:1"] == [entry.key for entry in charged.charges]
    assert "done: sent" == view.steps["ask-0"]
    assert ["ask-0:email"] == written.messages


async def test_a_case_survives_the_death_of_the_server(
    server: TemporalServer, fragile: tuple[Scene, Supervisor]
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
    assert before.record == after.record[: len(before.record)]


async def test_what_a_case_is_told_before_any_worker_runs_is_heard(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """The workers are down; a case is opened, a channel is closed, a signal is nonsense, and the customer pays."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path, own_worker=False) as stage:
        case = await stage.open(Decline("generic_decline"), unheard=True)
        bounced = events.ContactReported(event_id="evt_b", channel=Channel.EMAIL, result=events.ContactResult.BOUNCED)
        await case.handle.signal("contact_reported", bounced)
        await case.handle.signal("pay_me", {})
        stage.world.stripe.customer_pays(case.invoice)
        await stage.deliver(datetime.now(UTC))
        async with build_worker(stage.client, stage.settings):
            result = await asyncio.wait_for(case.handle.result(), timeout=30)
            view = await case.status()

    assert Outcome.RECOVERED is result.outcome
    assert "bounced" == view.closed_channels[Channel.EMAIL.value]
    assert ["signal pay_me not carried out"] == [e.why.partition(":")[0] for e in view.record if e.what == "malformed"]


async def reached(fault: Fault) -> None:
    """Waits until the stand-in holds the answer back."""
    assert await asyncio.to_thread(fault.reached.wait, 60)


async def test_a_query_that_meets_news_on_a_cold_worker_cannot_set_the_clock_back(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """The SDK then runs the case under the time of its last task: a pause until just after that is in the past.

    Whether a query or the task comes first is the server's choice, so several cases are tried. The query may fail.
    """
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path, own_worker=False) as stage:
        async with build_worker(stage.client, stage.settings):
            cases = [await stage.open(Decline("generic_decline"), unheard=True) for _ in range(5)]
            for case in cases:
                await asleep(case)
        queries = [asyncio.create_task(case.status()) for case in cases for _ in range(2)]
        for case in cases:
            just_after = await last_task_at(case) + timedelta(milliseconds=1)
            await case.handle.signal("pause", events.Pause(until=just_after))

        async with build_worker(stage.client, stage.settings):
            await asyncio.wait(queries)
            views = [await asyncio.wait_for(case.status(), timeout=30) for case in cases]

        for query in queries:
            assert query.exception() is None or isinstance(query.exception(), WorkflowQueryFailedError | RPCError)
        for case, view in zip(cases, views, strict=True):
            assert CaseStatus.OPEN == view.status
            assert "`until` lies in the past" in str(view.record[-1])
            history = await case.handle.fetch_history()
            await Replayer(workflows=[], plugins=[dunning_plugin()]).replay_workflow(history)


async def test_a_cancellation_that_meets_a_new_run_ends_the_case_in_order(
    temporal: TemporalServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both in the first task after an outage: the new run knows of the end and carries it out."""
    assert client.namespace == temporal.namespace
    long = iter([True])
    monkeypatch.setattr(workflow.Info, "is_continue_as_new_suggested", lambda _: next(long, False))
    async with staged(temporal.address, tmp_path, own_worker=False) as stage:
        with monkeypatch.context() as unanswered:
            unanswered.setattr(StagedCase, "status", AsyncMock())
            case = await stage.open(Decline("generic_decline"))
        await case.handle.cancel()

        async with build_worker(stage.client, stage.settings):
            result = await asyncio.wait_for(case.handle.result(), timeout=30)

        row = stage.ledger.case(case.invoice)
        assert Outcome.CANCELLED == result.outcome
        assert row is not None
        assert "closed" == row.status


async def asleep(case: StagedCase) -> None:
    """Waits until the case waits, without asking it: a question beside its decision would leave an empty task."""
    async with asyncio.timeout(30):
        while not [e async for e in case.handle.fetch_history_events() if e.HasField("timer_started_event_attributes")]:
            await asyncio.sleep(0.01)


async def last_task_at(case: StagedCase) -> datetime:
    started = [
        e async for e in case.handle.fetch_history_events() if e.HasField("workflow_task_started_event_attributes")
    ]
    return started[-1].event_time.ToDatetime(tzinfo=UTC)
