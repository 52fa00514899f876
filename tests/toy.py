"""A kind of step and a gate that no other file knows: what a new one takes is what stands here."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from temporalio import activity

from domain.calendar import at_local
from domain.case import Case
from domain.changes import done, invoice_is
from domain.forms import FORMS, Form
from domain.gates import ALLOW, Answer, Postpone
from domain.registry import KINDS, register
from domain.rules.gates import GATES
from domain.rules.invoice import Aim
from domain.steps import Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation

UNLUCKY = "no-13th@2030-01-01"


class WaveTask(Task):
    """Leave a courtesy note with whoever looks after the customer."""

    note: str


class WaveForm(Form):
    """`wave: "call them"` in a policy's timeline."""

    word: ClassVar[str] = "wave"
    detail: ClassVar[str | None] = "note"
    note: str = "a friendly word"

    def step(self, now: "Situation", slot: "Slot") -> "WaveStep":
        sign = (slot.key, slot.due)
        return now.schedule.kept(sign, lambda: WaveStep(key=slot.key, due=slot.due, day=slot.entry.day, note=self.note))


class WaveStep(Step):
    name: ClassVar[str] = "wave"
    activity: ClassVar[str] = "wave"
    task_type: ClassVar[type[Task]] = WaveTask
    note: str

    @property
    def aim(self) -> Aim:
        return Aim.SAY

    @property
    def title(self) -> str:
        return f"courtesy note {self.when}"

    @property
    def may_be_left_out(self) -> bool:
        return True

    def why(self, now: "Situation") -> str:
        return f"{self.title} of the timeline, {now.case.due} still due"

    def task(self, now: "Situation", why: str) -> WaveTask:
        return WaveTask(**self.common(now, why), note=self.note)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(task, WaveTask)
        assert isinstance(result, Done)
        return invoice_is(done(case, self, at), result.invoice, at, self.key)


class WaveActivities:
    """Remembers the notes that it was to leave."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []

    @activity.defn(name="wave")
    def wave(self, task: WaveTask) -> Done:
        self.notes.append((task.step, task.note))
        return Done()


def nothing_on_the_13th(now: "Situation", step: Step) -> Answer:
    """A gate: what falls on the 13th of a month is done on the 14th."""
    day: date = now.local(max(step.due, now.at)).date()
    if day.day != 13:
        return ALLOW
    next_day = at_local(day + timedelta(days=1), time(0), now.case.zone)
    return Postpone(until=next_day, why=f"{day} is a 13th", rule=UNLUCKY)


@contextmanager
def toys(*, kind: bool = True, gate: bool = True) -> Iterator[None]:
    """Registers them, with one line each, and takes them away again."""
    if kind:
        register(WaveStep, WaveForm)
    if gate:
        GATES.append(nothing_on_the_13th)
    try:
        yield
    finally:
        if kind:
            del KINDS[WaveStep.name], FORMS[WaveForm.word]
        if gate:
            GATES.remove(nothing_on_the_13th)
