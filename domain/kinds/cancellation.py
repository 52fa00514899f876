"""The end of the subscription."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.base import unchecked
from domain.case import Case
from domain.changes import begun, done, invoice_is, stopped
from domain.forms import Form
from domain.gates import ALLOW, Answer, Refuse
from domain.invoice import SubscriptionState
from domain.rules.invoice import Aim
from domain.steps import Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation


class CancelTask(Task):
    """Cancel the subscription, unless the invoice was paid in the meantime."""

    subscription_id: str


new_task = unchecked(CancelTask)


class CancelStep(Step):
    name: ClassVar[str] = "cancellation"

    activity: ClassVar[str] = "cancel_subscription"
    task_type: ClassVar[type[Task]] = CancelTask

    @property
    def aim(self) -> Aim:
        return Aim.END

    @property
    def title(self) -> str:
        return f"subscription cancelled {self.when}"

    def asks(self, now: "Situation") -> Answer:
        if now.case.facts.subscription_id is None:
            return Refuse(why="the invoice belongs to no subscription")
        return ALLOW

    def waits_for(self, other: Step, at: datetime, now: "Situation") -> bool:
        """A message of that day or before goes first, even when the night or a holiday keeps it waiting."""
        return other.says_what_comes and (other.day <= self.day or other.due <= at)

    def is_an_end(self, now: "Situation") -> bool:
        return True

    def why(self, now: "Situation") -> str:
        return f"the announced end: {now.case.due} still due"

    def task(self, now: "Situation", why: str) -> CancelTask:
        return new_task(**self.common(now, why), subscription_id=now.case.facts.subscription_id or "")

    def lost(self, case: Case) -> Case:
        return begun(case, self)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(result, Done)  # noqa: S101 - by the registry
        # Not cancelled, a subscription runs on, and gets its service back at the end.
        case = stopped(case, self, result.stopped, at, "not cancelled") if result.stopped else done(case, self, at)
        return invoice_is(case, result.invoice, at, self.key)


new_step = unchecked(CancelStep)


class CancelForm(Form):
    word: ClassVar[str] = "cancel_subscription"
    makes: ClassVar[tuple[type[Step], ...]] = (CancelStep,)
    needs_a_message: ClassVar[bool] = True
    on_the_last_day: ClassVar[bool] = True

    def step(self, now: "Situation", slot: "Slot") -> CancelStep:
        # With the end that the notices name, whatever day a policy from before that was a rule says.
        due = now.ends_at
        return now.schedule.kept((slot.key, due), lambda: new_step(key=slot.key, due=due, day=slot.entry.day))


def begun_cancellation(case: Case) -> bool:
    """Whether a cancellation of ours may have happened whose answer is not known."""
    return any(known.begun and isinstance(known.step, CancelStep) for known in case.unfinished.values())


def is_cancelled(case: Case) -> bool:
    """Whether the case has ended the subscription."""
    return case.newest(CancelStep) is not None


def has_ended(case: Case) -> bool:
    """Whether the subscription has ended, whoever ended it."""
    return is_cancelled(case) or case.invoice.subscription is SubscriptionState.ENDED
