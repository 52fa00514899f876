"""Cases sleep for months: every released version's histories must replay with today's code."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.temporal import dunning_plugin

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))


def test_there_are_histories_to_replay() -> None:
    """A replay test without histories would pass for ever."""
    assert len(HISTORIES) >= 13


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}/{file.stem}")
async def test_an_open_case_of_an_earlier_release_goes_on(file: Path) -> None:
    """The same commands in the same order. A failure means: the change needs a patch (workflows/patches.py)."""
    history = WorkflowHistory.from_json(file.stem, file.read_text())

    await Replayer(workflows=[], plugins=[dunning_plugin()]).replay_workflow(history)
