"""What the Temporal UI shows of a case, asked as the UI asks for it."""

from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client

from domain import events
from domain.case import Outcome
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import Scene, StagedCase, staged
from sandbox.providers.stripe_outcomes import Decline
from worker import build_worker
from workflows import view

DECLINED = Decline("generic_decline")
WORKER_FAILED = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE


async def details(case: StagedCase) -> str:
    answer: WorkflowMetadata = await case.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return answer.current_details


async def test_the_details_tell_what_is_next_what_lies_ahead_and_what_happened(stage: Scene) -> None:
    case = await stage.open(DECLINED)
    await case.until("2030-04-03 12:00")

    lines = (await details(case)).splitlines()

    assert "**Next: retry 2 of 6: generic decline, due Thu 4 Apr 2030 14:" in lines[0]
    assert "| Due | 50.00 USD of 50.00 USD |" in lines
    assert [line for line in lines if line.startswith("- 2030-04-06") and line.endswith("reminder SMS on day 5")]
    assert [line for line in lines if line.startswith("- 2030-04-02") and "retry on day 1: declined" in line]


async def test_an_order_shows_in_the_details_at_once(stage: Scene) -> None:
    case = await stage.open(DECLINED)
    await case.handle.execute_update("pause", events.Pause(by="mia", note="customer called"))

    shown = await details(case)

    assert shown.startswith("**Waits until told otherwise: on hold (operator pause: customer called)**")


async def test_a_worker_that_does_not_remember_the_case_shows_it_as_it_is(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """The question itself brings the case back into memory, and what came meanwhile is not lost on it."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path, own_worker=False) as stage:
        async with build_worker(stage.client, stage.settings):
            case = await stage.open(DECLINED)
            await case.until("2030-04-12 12:00")
            await case.handle.execute_update("pause", events.Pause(by="mia", note="customer called"))
            before = await details(case)

        async with build_worker(stage.client, stage.settings):
            after = await details(case)

    assert before == after
    assert "customer called" in after.splitlines()[0]


async def test_a_rule_that_fails_when_a_case_is_shown_leaves_a_sentence_and_the_case_goes_on(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time zone that is gone, say: nobody's task fails for what nobody may even look at."""

    def gone(_at: object, zone: str) -> None:
        raise ZoneInfoNotFoundError(zone)

    case = await stage.open(DECLINED)
    with monkeypatch.context() as today:
        today.setattr(view, "local", gone)
        await case.until("2030-04-03 12:00")
        shown = await details(case)
        stage.world.stripe.customer_pays(case.invoice)
        await stage.deliver(await case.now())
        result = await case.handle.result()

    assert shown.startswith("This worker cannot show the case (ZoneInfoNotFoundError).")
    assert f"python starter.py show {case.invoice}" in shown
    assert Outcome.RECOVERED is result.outcome
    failed = [event.workflow_task_failed_event_attributes async for event in case.handle.fetch_history_events()]
    assert WORKER_FAILED not in {task.cause for task in failed}
