"""Giving up: the invoice is closed at the provider as not to be collected any more."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.base import unchecked
from domain.case import Case
from domain.changes import done, invoice_is, stopped
from domain.kinds.handoff import goes_before_the_end, why_no_handoff
from domain.rules.invoice import Aim
from domain.steps import Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.situation import Situation


class WriteOffTask(Task):
    """Close the invoice as uncollectible, unless it is closed already."""

    ordered: bool = False  # by an operator, or at the provider: by a human


new_task = unchecked(WriteOffTask)


class WriteOffStep(Step):
    """The end of the timeline where the amount is worth no agency, and the end of a case that is given up."""

    name: ClassVar[str] = "write_off"

    activity: ClassVar[str] = "mark_uncollectible"
    task_type: ClassVar[type[Task]] = WriteOffTask

    @property
    def aim(self) -> Aim:
        return Aim.GIVE_UP

    @property
    def title(self) -> str:
        return "invoice marked uncollectible"

    def waits_for(self, other: Step, at: datetime, now: "Situation") -> bool:
        return self.ends and goes_before_the_end(other, at)

    def why(self, now: "Situation") -> str:
        if now.end:
            return f"{now.case.due} will not be collected: {now.end.why}"
        why = why_no_handoff(now) or f"{now.case.due} is below the minimum for collections"
        return f"the announced end: {why}"

    def task(self, now: "Situation", why: str) -> WriteOffTask:
        return new_task(**self.common(now, why), ordered=now.case.closing is not None)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(result, Done)  # noqa: S101 - by the registry
        case = stopped(case, self, result.stopped, at, "not marked") if result.stopped else done(case, self, at)
        return invoice_is(case, result.invoice, at, self.key)


new_step = unchecked(WriteOffStep)
