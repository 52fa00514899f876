"""The recall of a case from the agency."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.case import Case
from domain.changes import changed, done, invoice_is, needs_operator
from domain.rules.invoice import Aim
from domain.steps import Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.situation import Situation


_RECALLED = "no agency has the case any more: settle it, or give it up (write it off, or resume it)"


class RecallTask(Task):
    """Take one of the agency's files back."""

    reference: str


class RecallStep(Step):
    name: ClassVar[str] = "recall"
    reference: str
    ordered: bool = False  # by an operator, who says what becomes of the case then

    activity: ClassVar[str] = "recall"
    task_type: ClassVar[type[Task]] = RecallTask
    may_be_skipped: ClassVar[bool] = False

    @property
    def aim(self) -> Aim:
        return Aim.GIVE_BACK

    @property
    def title(self) -> str:
        return "recall from collections"

    def why(self, now: "Situation") -> str:
        return f"recalled: {now.end.why}" if now.end else "ordered by an operator"

    def task(self, now: "Situation", why: str) -> RecallTask:
        return RecallTask(**self.common(now, why), reference=self.reference)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(result, Done)  # noqa: S101 - by the registry
        case = done(case, self, at)
        if case.handoff:
            left = case.handoff.recalled(self.reference)
            case = changed(case, handoff=left)
            if self.ordered and case.closing is None and not left.references:
                case = needs_operator(case, _RECALLED, at)
        return invoice_is(case, result.invoice, at, self.key)
