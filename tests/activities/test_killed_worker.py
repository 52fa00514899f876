"""A worker process that is killed (SIGKILL) between the provider's deed and its answer: the deed is done once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from domain.base import Message
from domain.case import ChargeOutcome
from domain.kinds.message import ContactState
from domain.steps import Channel
from sandbox.providers.faults import Fault, Mode
from sandbox.providers.stripe_outcomes import APPROVE, Outcome
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    BROKE,
    Worker,
    a_charge,
    a_contact,
    charges,
    contacts,
    open_case,
    worker_environment,
)

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def killed_at(world: ProviderWorld, data_dir: Path, name: str, task: Message, fault: Fault) -> Iterator[None]:
    """Runs one activity in a process of its own and kills that while the provider holds its request."""
    environment = {**os.environ, **worker_environment(world, data_dir, PROVIDER_TIMEOUT="PT60S")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.activities.one_activity", name],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        process.stdin.write(task.model_dump_json())
        process.stdin.close()
        reached = fault.reached.wait(timeout=30)
        process.kill()
        said = process.stderr.read() if process.stderr else ""
    assert reached, said
    assert -signal.SIGKILL == process.returncode
    yield
    fault.release()


@pytest.mark.parametrize("answer", [APPROVE, BROKE], ids=["charged", "declined"])
def test_a_worker_killed_after_the_charge_and_before_its_answer_charges_once(
    world: ProviderWorld, worker: Worker, data_dir: Path, answer: Outcome
) -> None:
    """The provider has moved the money (or was told no by the bank); the next worker finds that out."""
    case = open_case(worker, answer, APPROVE)
    task = a_charge(case)
    fault = world.faults.add("stripe", "/pay", Mode.HOLD_AFTER)

    with killed_at(world, data_dir, "charge", task, fault):
        before = [row.state for row in worker.ledger.attempts_of(case.invoice_id)]
        result = worker.charge(task)

    expected = ChargeOutcome.PAID if answer is APPROVE else ChargeOutcome.DECLINED
    assert ["started"] == before
    assert expected == result.outcome
    assert [f"dun:{case.invoice_id}:1"] == [key for _, key in charges(world, case)]
    assert [expected] == [row.outcome for row in worker.ledger.attempts_of(case.invoice_id)]


def test_a_charge_that_outlives_its_worker_holds_the_next_one_off(
    world: ProviderWorld, worker: Worker, data_dir: Path
) -> None:
    """The provider is still at it when the next worker asks: that is trouble, never a second charge."""
    case = open_case(worker)
    task = a_charge(case)
    fault = world.faults.add("stripe", "/pay", Mode.HOLD_BEFORE)

    with killed_at(world, data_dir, "charge", task, fault), pytest.raises(ApplicationError, match="409") as caught:
        worker.charge(task)

    assert ("ProviderTrouble", False) == (caught.value.type, caught.value.non_retryable)
    assert ["started"] == [row.state for row in worker.ledger.attempts_of(case.invoice_id)]


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_a_worker_killed_after_the_message_was_taken_sends_it_once(
    world: ProviderWorld, worker: Worker, data_dir: Path, channel: Channel
) -> None:
    """The provider has accepted it; the next worker finds it there."""
    case = open_case(worker)
    task = a_contact(case, channel)
    provider = {Channel.EMAIL: "sendgrid", Channel.SMS: "twilio"}[channel]
    fault = world.faults.add(provider, "POST", Mode.HOLD_AFTER)

    with killed_at(world, data_dir, "contact", task, fault):
        before = [row.state for row in worker.ledger.contacts(case.invoice_id)]
        outcome = worker.contact(task)

    assert ["sending"] == before
    assert ContactState.SENT == outcome.state
    assert 1 == len(contacts(world, case))
    assert ["sent"] == [row.state for row in worker.ledger.contacts(case.invoice_id)]
