"""The handoff to a collections agency, and its repetition when nobody acknowledges."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from domain.agency import Handoff
from domain.base import Message, unchecked
from domain.case import Case
from domain.changes import begun, changed, done, invoice_is, stopped
from domain.gates import ALLOW, Answer, Postpone
from domain.rules.invoice import Aim
from domain.steps import Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.situation import Situation


class HandoffTask(Task):
    """Deliver the evidence bundle, unless the invoice is closed by now."""

    begun_only: bool = False  # deliver only if an earlier run may have delivered, to learn the reference


new_task = unchecked(HandoffTask)


class HandoffResult(Done):
    """A handoff. Without a reference none was made."""

    reference: str = ""


class HandoffStep(Step):
    """One delivery. The end of the timeline, where the policy has `escalate` and the amount is worth an agency."""

    name: ClassVar[str] = "handoff"
    again: bool = False

    activity: ClassVar[str] = "hand_off"
    task_type: ClassVar[type[Task]] = HandoffTask
    result_type: ClassVar[type[Message]] = HandoffResult

    @property
    def aim(self) -> Aim:
        return Aim.HAND_OVER

    @property
    def title(self) -> str:
        return "handoff repeated" if self.again else f"handoff to collections {self.when}"

    def asks(self, now: "Situation") -> Answer:
        """The end is due by the law already (`Situation.ends_at`): here it is said by which."""
        warned = now.warned_at if self.ends else None
        row = now.collections_wait(warned) if warned else None
        if warned is None or row is None or row.wait is None or now.at >= self.due or self.key in now.case.unfinished:
            return ALLOW
        if now.schedule.end(warned) >= now.schedule.end(warned, row.wait.days):
            return ALLOW
        why = f"an agency may have it no sooner than {row.wait.days} days after the notice of it"
        return Postpone(until=self.due, why=why, rule=row.rule)

    def waits_for(self, other: Step, at: datetime, now: "Situation") -> bool:
        return self.ends and goes_before_the_end(other, at)

    def why(self, now: "Situation") -> str:
        if now.end:
            return f"the agency may have the case, to be recalled: {now.end.why}"
        if self.again:
            rules = now.policy.endgame.collections
            within = f" within {rules.acknowledge_within_days} days" if rules else ""
            return f"the agency did not acknowledge{within}"
        return f"the announced end: {now.case.due} goes to collections"

    def why_later(self, now: "Situation", until: datetime) -> str | None:
        return f"waiting for the agency to acknowledge, until {until.date()}" if self.again else None

    def task(self, now: "Situation", why: str) -> HandoffTask:
        return new_task(**self.common(now, why), begun_only=now.case.closing is not None)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(task, HandoffTask) and isinstance(result, HandoffResult)  # noqa: S101, PT018 - by the registry
        delivered = bool(result.reference)
        if not delivered and task.begun_only:
            # Nothing was delivered, and nothing is to be: there is nothing to take back.
            left = {key: known for key, known in case.unfinished.items() if key != self.key}
            return invoice_is(changed(case, unfinished=left), result.invoice, at, self.key)
        if result.stopped:
            return invoice_is(stopped(case, self, result.stopped, at, "not handed off"), result.invoice, at, self.key)
        case = done(case, self, at)
        known = case.handoff
        handoff = known.repeated(result.reference) if known else Handoff(at=at, references=(result.reference,))
        return invoice_is(changed(case, handoff=handoff), result.invoice, at, self.key)

    def lost(self, case: Case) -> Case:
        return begun(case, self)


new_step = unchecked(HandoffStep)


def begun_handoff(case: Case) -> HandoffStep | None:
    """A delivery that may have reached the agency, and whose answer is not known."""
    for known in case.unfinished.values():
        if known.begun and isinstance(known.step, HandoffStep):
            return known.step
    return None


def why_no_handoff(now: "Situation") -> str | None:
    """Why what is due is worth an agency, and still goes to none."""
    missing, collections = now.circumstances.installation.no_agency, now.policy.endgame.collections
    return f"there is no agency ({missing})" if missing and collections and collections.accepts(now.case.due) else None


def goes_before_the_end(other: Step, at: datetime) -> bool:
    """Everything that is due goes first: a case with an agency is not charged and not written to."""
    return not other.ends and (other.due <= at or not other.may_be_cut_off)
