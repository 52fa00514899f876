"""Cases sleep for months: every released version's histories must replay with today's code."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from runtime.temporal import dunning_plugin
from workflows.dunning import DunningWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))


def test_there_are_histories_to_replay() -> None:
    """A replay test without histories would pass for ever."""
    assert len(HISTORIES) >= 13


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}/{file.stem}")
async def test_an_open_case_of_an_earlier_release_goes_on(file: Path) -> None:
    """The same commands in the same order. A failure means: the change needs a patch (workflows/patches.py)."""
    history = WorkflowHistory.from_json(file.stem, file.read_text())

    await Replayer(workflows=[], plugins=[dunning_plugin()]).replay_workflow(history)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}/{file.stem}")
async def test_a_case_asks_for_nothing_that_the_sandbox_forbids(file: Path) -> None:
    """Workers run cases without the SDK's sandbox, for speed: here one looks whether it would have had to stop any."""
    packages = ("domain", "workflows", "activities", "gateways", "pydantic", "pydantic_core")
    strict = SandboxRestrictions.default.with_passthrough_modules(*packages).with_import_notification_policy(
        SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    )
    replayer = Replayer(
        workflows=[DunningWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=SandboxedWorkflowRunner(restrictions=strict),
    )

    await replayer.replay_workflow(WorkflowHistory.from_json(file.stem, file.read_text()))
