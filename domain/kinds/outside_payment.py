"""Money that came in outside the payment provider: recorded there, so that it is not charged once more."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.base import Message
from domain.case import Case, StepState
from domain.changes import done, invoice_is, refund_is_due, said, stopped
from domain.money import Money
from domain.outgoing import PaymentRecorded
from domain.record import new_entry
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
        missing = self._missing(case, result.recorded) if result.recorded else None
        if result.stopped is None:
            case = done(case, self, at)
        elif missing is not None and missing < self.amount.amount:
            case = self._recorded_before(case, missing, at)
        else:
            case = stopped(case, self, result.stopped, at, "not recorded")
        if result.stopped and missing:
            case = self._came_twice(case, missing, at)
        return invoice_is(case, result.invoice, at, self.key)

    def _recorded_before(self, case: Case, missing: int, at: datetime) -> Case:
        """By a run whose answer was lost: the provider has it, and the record says so as if it had been heard. Of an
        invoice that was paid in part meanwhile it has taken the rest only."""
        why = "an earlier try has recorded it, and its answer was lost"
        recorded = self.amount - Money(amount=missing, currency=self.amount.currency)
        event = PaymentRecorded(amount=recorded)
        entry = new_entry(at=at, step=self.key, what=f"{recorded} recorded as paid outside", why=why, event=event)
        return said(done(case, self, at), entry)

    def _missing(self, case: Case, recorded: Money) -> int:
        """What the provider does not have of the payments outside it, this one among them; in minor units."""
        others = [
            p
            for p in case.outside
            if p.key != self.key and p.key in case.steps and case.steps[p.key].state is StepState.DONE
        ]
        return max(0, sum(payment.amount.amount for payment in others) + self.amount.amount - recorded.amount)

    def _came_twice(self, case: Case, missing: int, at: datetime) -> Case:
        """What is missing outside the provider was charged as well."""
        excess = Money(amount=min(missing, self.amount.amount), currency=self.amount.currency)
        why = "it came in outside the payment provider, where a charge has paid the invoice as well"
        return refund_is_due(case, excess, why, at, self.key)
