"""The recall of a case from the agency."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.case import Case
from domain.changes import changed, done, invoice_is
from domain.rules.invoice import Aim
from domain.steps import Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.situation import Situation


class RecallTask(Task):
    """Take one of the agency's files back."""

    reference: str


class RecallStep(Step):
    name: ClassVar[str] = "recall"
    reference: str

    activity: ClassVar[str] = "recall"
    task_type: ClassVar[type[Task]] = RecallTask

    @property
    def aim(self) -> Aim:
        return Aim.GIVE_BACK

    @property
    def title(self) -> str:
        return "recall from collections"

    def why(self, now: "Situation") -> str:
        return f"recalled: {now.end.why}" if now.end else self.title

    def task(self, now: "Situation", why: str) -> RecallTask:
        return RecallTask(**self.common(now, why), reference=self.reference)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(result, Done)  # noqa: S101 - by the registry
        case = done(case, self, at)
        if case.handoff:
            case = changed(case, handoff=case.handoff.recalled(self.reference))
        return invoice_is(case, result.invoice, at, self.key)
