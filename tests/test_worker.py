"""The worker as a process: it says what is missing, and it finishes what it has in hand."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.client import Client

import worker
from domain.case import Outcome
from runtime.settings import ROOT
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import staged
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import APPROVE, Decline

UNWATCHED = {"WORKER_METRICS_PORT": "0", "TEMPORAL_METRICS_PORT": "0"}
"""Other tests run beside these, and a port has one owner."""


def run_worker(environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **UNWATCHED, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_sigterm_drains_a_charge_in_hand_is_finished_and_booked(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """The worker is told to stop while Stripe works: it waits for the answer, reports it, and ends with 0."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path, own_worker=False) as stage:
        process = run_worker(stage.worker_environment)
        case = await stage.open(Decline("insufficient_funds"))
        stage.world.stripe.set_behaviour(case.card, APPROVE)
        fault = stage.world.faults.add("stripe", rf"POST /v1/invoices/{case.invoice}/pay", Mode.HOLD_AFTER)
        moving = asyncio.create_task(case.until("2030-04-05 12:00"))
        assert await asyncio.to_thread(fault.reached.wait, 60)
        process.send_signal(signal.SIGTERM)
        fault.release()
        said, _ = await asyncio.to_thread(process.communicate, timeout=60)

        # What is left of the case, its last row in the ledger, is another worker's.
        second = run_worker(stage.worker_environment)
        await moving
        result = await asyncio.wait_for(case.handle.result(), timeout=60)
        second.send_signal(signal.SIGTERM)
        await asyncio.to_thread(second.communicate, timeout=60)

    assert (0, "worker: stopped") == (process.returncode, said.splitlines()[-1])
    assert (Outcome.RECOVERED, 1) == (result.outcome, result.attempts)
    events = await case.handle.fetch_history()
    tries = [e.activity_task_started_event_attributes.attempt for e in events.events]
    assert 1 == max(tries)


async def test_a_decision_never_waits_for_a_thread_behind_slow_providers(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """Three effects at once by the settings, all of them stuck at a provider: another case opens and decides."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path, own_worker=False) as stage:
        limits = {"DUNNING_ACTIVITY_THREADS": "3", "DUNNING_WORKFLOW_TASKS": "2"}
        process = run_worker({**stage.worker_environment, **limits})
        cases = [await stage.open(Decline("insufficient_funds")) for _ in range(4)]
        faults = [
            stage.world.faults.add("stripe", rf"POST /v1/invoices/{case.invoice}/pay", Mode.HOLD_AFTER)
            for case in cases
        ]
        moving = [asyncio.create_task(case.until("2030-04-05 12:00")) for case in cases]
        stuck = [asyncio.create_task(asyncio.to_thread(fault.reached.wait, 60)) for fault in faults]
        while sum(wait.done() for wait in stuck) < 3:
            await asyncio.wait([wait for wait in stuck if not wait.done()], return_when=asyncio.FIRST_COMPLETED)

        newcomer = await stage.open(Decline("generic_decline"))
        decided = (await newcomer.status()).next_at
        reached = sum(fault.reached.is_set() for fault in faults)

        for fault in faults:
            fault.release()
        await asyncio.gather(*moving, *stuck)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.communicate, timeout=60)

    assert (3, True) == (reached, decided is not None)


def test_a_missing_setting_is_named_at_the_start(tmp_path: Path, temporal: TemporalServer) -> None:
    """Nothing is started half."""
    environment = {
        "TEMPORAL_ADDRESS": temporal.address,
        "DUNNING_DATABASE_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
    }

    process = run_worker(environment)
    _, complained = process.communicate(timeout=60)

    assert 1 == process.returncode
    assert [
        "worker: STRIPE_API_KEY is not set: set it in the environment (README, Settings)."
    ] == complained.splitlines()


def test_no_server_is_one_clear_sentence(tmp_path: Path) -> None:
    """The address that was tried, and what to do."""
    process = run_worker(
        {"TEMPORAL_ADDRESS": "127.0.0.1:9", "DUNNING_DATABASE_URL": f"sqlite:///{tmp_path / 'ledger.db'}"}
    )
    _, complained = process.communicate(timeout=60)

    assert 1 == process.returncode
    assert (
        "worker: No Temporal server answers at 127.0.0.1:9: start one (make up) or set TEMPORAL_ADDRESS." in complained
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"DUNNING_LOG_LEVEL": "LOUD"}, "DUNNING_LOG_LEVEL: the value is not allowed; use DEBUG, INFO, "),
        ({"DUNNING_ACTIVITY_THREADS": "0"}, "DUNNING_ACTIVITY_THREADS: "),
        ({"DUNNING_WORKFLOW_TASKS": "many"}, "DUNNING_WORKFLOW_TASKS: "),
        ({"TEMPORAL_NAMESPACE": "nowhere"}, "does not know the namespace: check TEMPORAL_NAMESPACE."),
        (
            {"DUNNING_POLICIES": "nowhere"},
            "nowhere: no policy (*.yaml) is in this folder: set DUNNING_POLICIES to the right one.",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    environment: dict[str, str],
    wrong: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The variable is named; no traceback. (In this process; that the program ends so: the two tests above.)"""
    for name, value in {**environment, **wrong}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["worker.py"])

    ended = worker.main()
    complained = capsys.readouterr().err

    assert 1 == ended
    assert sentence in complained
    assert 1 == len(complained.splitlines())
