"""Money that came in outside the payment provider: recorded there, so that it is not charged once more."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.case import Case
from domain.changes import done, invoice_is, stopped
from domain.money import Money
from domain.rules.invoice import Aim
from domain.steps import Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.situation import Situation


class RecordPaymentTask(Task):
    """Record a payment at the provider, at most once under this step's key."""

    amount: Money
    paid_at: datetime  # UTC


class OutsidePaymentStep(Step):
    """One payment: by bank transfer, in cash, to the agency."""

    name: ClassVar[str] = "outside_payment"
    amount: Money

    activity: ClassVar[str] = "record_payment"
    task_type: ClassVar[type[Task]] = RecordPaymentTask
    comes_first: ClassVar[bool] = True
    may_be_cut_off: ClassVar[bool] = False

    @property
    def aim(self) -> Aim:
        return Aim.SETTLE

    @property
    def title(self) -> str:
        return f"payment of {self.amount} recorded"

    def why(self, now: "Situation") -> str:
        return f"{self.amount} came in outside the payment provider, which must not charge it again"

    def task(self, now: "Situation", why: str) -> RecordPaymentTask:
        return RecordPaymentTask(**self.common(now, why), amount=self.amount, paid_at=self.due)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(result, Done)  # noqa: S101 - by the registry
        case = stopped(case, self, result.stopped, at, "not recorded") if result.stopped else done(case, self, at)
        return invoice_is(case, result.invoice, at, self.key)
