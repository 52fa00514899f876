"""Cases sleep for months: what is on record goes on with whatever the rules say today."""

import zoneinfo
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from domain import calendar, changes, life
from domain.case import Case, Closing, Hold, HoldReason, Outcome
from domain.money import Money
from runtime.temporal import dunning_plugin
from workflows import listening
from workflows.dunning import DunningWorkflow

MOST_CUTS = 4
TASK_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
TIMER_FIRED = EventType.EVENT_TYPE_TIMER_FIRED
HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


@cache
def _history(file: Path) -> WorkflowHistory:
    """As it was recorded. Read once: a replay takes less time than the reading of its JSON."""
    return WorkflowHistory.from_json(file.stem, file.read_text())


def _cuts(file: Path) -> list[WorkflowHistory]:
    """The history as it stood at some times when the case was asleep, with a timer or with an activity on its way."""
    whole = _history(file)
    ends = [number for number, event in enumerate(whole.events, 1) if event.event_type == TASK_COMPLETED]
    return [_up_to(whole, end) for end in ends[: -1 : len(ends) // MOST_CUTS or 1]]


def _up_to(whole: WorkflowHistory, end: int) -> WorkflowHistory:
    """The first `end` events, and the commands that the workflow task gave which ends there."""
    task = whole.events[end - 1].event_id
    while end < len(whole.events) and task == _commanded_by(whole.events[end]):
        end += 1
    return WorkflowHistory(whole.workflow_id, whole.events[:end])


def _commanded_by(event: HistoryEvent) -> int | None:
    """The end of the workflow task that gave the command of which this event tells; None: of none."""
    attributes = getattr(event, event.WhichOneof("attributes") or "")
    return getattr(attributes, "workflow_task_completed_event_id", None)


async def replay_with_cuts(file: Path) -> None:
    """Raises when the history, or what there was of it at some moment, cannot go on."""

    async def histories() -> AsyncIterator[WorkflowHistory]:
        for history in (_history(file), *_cuts(file)):
            yield history

    await Replayer(workflows=[], plugins=[dunning_plugin()]).replay_workflows(histories())


def test_there_are_histories_to_replay() -> None:
    """A replay test without histories would pass for ever; so would one without cases that are still asleep."""
    assert len(HISTORIES) >= 20
    assert all(len(_cuts(file)) >= MOST_CUTS for file in HISTORIES)


@pytest.mark.parametrize("file", HISTORIES, ids=_name)
async def test_an_open_case_of_an_earlier_release_goes_on(file: Path) -> None:
    """The same commands in the same order. A failure means: the change needs a patch (workflows/patches.py)."""
    await replay_with_cuts(file)


def _rung_too_early(file: Path) -> WorkflowHistory:
    """The history with its first timer ringing later than the task before it, and still too early."""
    copy = WorkflowHistory.from_json(file.stem, file.read_text())
    tasks = [number for number, event in enumerate(copy.events) if event.event_type == TASK_STARTED]
    rings = [number for number, event in enumerate(copy.events) if event.event_type == TIMER_FIRED]
    before, after = max(n for n in tasks if n < rings[0]), min(n for n in tasks if n > rings[0])
    early = copy.events[before].event_time.ToDatetime() + timedelta(minutes=1)
    copy.events[after].event_time.FromDatetime(early)
    return copy


async def test_a_timer_that_rings_under_an_earlier_time_fails_the_task() -> None:
    """A question beside a decision leaves a task that a replay does not notice; its time is nobody's news."""
    history = _rung_too_early(next(file for file in HISTORIES if file.stem == "declined_to_collections"))

    with pytest.raises(RuntimeError, match="a timer rang before its time"):
        await Replayer(workflows=[], plugins=[dunning_plugin()]).replay_workflow(history)


def _another(case: Case) -> Case:
    """A state that today's rules would never have come to: over, on hold, another amount, another try."""
    hold = Hold(reason=HoldReason.OPERATOR_NEEDED, since=case.facts.opened_at)
    closing = Closing(outcome=Outcome.CANCELLED, why="other rules", at=case.facts.opened_at)
    due = Money(amount=case.due.amount + 1, currency=case.due.currency)
    return changes.changed(case, closing=closing, closed=True, holds=(hold,), due=due, method_changes=7, steps={})


def _as_before(case: Case) -> Case:
    """A state to which nothing ever happens."""
    return case


def _decides(*_: object) -> None:
    raise AssertionError("a replay asked the rules for a decision")


@pytest.mark.parametrize("state", [_another, _as_before], ids=["another-state", "nothing-happens"])
@pytest.mark.parametrize("file", HISTORIES, ids=_name)
async def test_no_rule_is_asked_again(file: Path, state: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function that decides or changes a case answers differently, and not one command does.

    What an activity, a timer or an attribute is, and whether an activity is cancelled, follows from the record alone.
    """
    monkeypatch.setattr(life, "decide", _decides)
    monkeypatch.setattr(life, "next_step", _decides)
    for name in ("settled", "hear", "carry_out", "book", "unanswered", "interrupted", "not_understood"):
        monkeypatch.setattr(life, name, lambda case, *_args, **_words: state(case))
    monkeypatch.setattr(listening, "view", _decides)  # nor does a replay need to know how a case is shown
    for name in ("close", "needs_operator", "tick", "hold", "release"):
        monkeypatch.setattr(changes, name, lambda case, *_args, **_words: state(case))

    await replay_with_cuts(file)


@pytest.fixture
def other_zones(tmp_path: Path) -> Iterator[None]:
    """A decree: every zone of the histories has the clock of Kiritimati, fourteen hours ahead of UTC."""
    content = files("tzdata").joinpath("zoneinfo", "Pacific", "Kiritimati").read_bytes()
    for zone in ("America/New_York", "Europe/Berlin"):
        (tmp_path / zone).parent.mkdir(exist_ok=True)
        (tmp_path / zone).write_bytes(content)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path)])
    _forget_zones()
    yield
    zoneinfo.reset_tzpath(before)
    _forget_zones()


def _forget_zones() -> None:
    zoneinfo.ZoneInfo.clear_cache()
    calendar._zone.cache_clear()


@pytest.mark.usefixtures("other_zones")
@pytest.mark.parametrize("file", HISTORIES, ids=_name)
async def test_a_decree_on_time_zones_changes_nothing_that_is_on_record(file: Path) -> None:
    """Clocks and holidays were asked when it was decided; the replay writes what was written then."""
    assert 14 == calendar.local(datetime(2030, 4, 1, tzinfo=UTC), "America/New_York").hour

    await replay_with_cuts(file)


@pytest.mark.parametrize("file", HISTORIES, ids=_name)
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

    await replayer.replay_workflow(_history(file))
