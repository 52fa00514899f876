"""Money that came in outside the payment provider: recorded there, so that it is not charged once more."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.base import Message
from domain.case import Case, StepState
from domain.changes import done, invoice_is, refund_is_due, stopped
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


class RecordPaymentResult(Done):
    recorded: Money | None = None  # of an invoice that is paid: what the provider has as come in outside it


class OutsidePaymentStep(Step):
    """One payment: by bank transfer, in cash, to the agency."""

    name: ClassVar[str] = "outside_payment"
    amount: Money

    activity: ClassVar[str] = "record_payment"
    task_type: ClassVar[type[Task]] = RecordPaymentTask
    result_type: ClassVar[type[Message]] = RecordPaymentResult
    comes_first: ClassVar[bool] = True
    may_be_skipped: ClassVar[bool] = False
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
        assert isinstance(result, RecordPaymentResult)  # noqa: S101 - by the registry
        case = stopped(case, self, result.stopped, at, "not recorded") if result.stopped else done(case, self, at)
        if result.stopped and result.recorded:
            case = self._came_twice(case, result.recorded, at)
        return invoice_is(case, result.invoice, at, self.key)

    def _came_twice(self, case: Case, recorded: Money, at: datetime) -> Case:
        """What the provider does not have of the payments outside it was charged as well.

        It may have this one nevertheless: from a run whose answer was lost.
        """
        others = [
            p
            for p in case.outside
            if p.key != self.key and p.key in case.steps and case.steps[p.key].state is StepState.DONE
        ]
        missing = sum(payment.amount.amount for payment in others) + self.amount.amount - recorded.amount
        if missing <= 0:
            return case
        excess = Money(amount=min(missing, self.amount.amount), currency=self.amount.currency)
        why = "it came in outside the payment provider, where a charge has paid the invoice as well"
        return refund_is_due(case, excess, why, at, self.key)
