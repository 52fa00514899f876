"""Service access: restricted while the debt stands, restored when it no longer does."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from domain.base import Frozen, unchecked
from domain.case import Case, StepState
from domain.changes import begun, changed, done, invoice_is, stopped
from domain.forms import Form, one_of
from domain.gates import ALLOW, Answer, Refuse
from domain.kinds.charge import ChargeStep
from domain.rules.invoice import Aim
from domain.steps import Access, Step
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation


_FROM_FULL = (Access.FULL, Access.READ_ONLY, Access.BLOCKED)


class AccessTask(Task):
    """Tell the merchant's application how much of the service the customer may use."""

    access: Access
    subscription_id: str | None = None


new_task = unchecked(AccessTask)


class AccessWish(Frozen):
    """How much of the service one case would leave. What holds is the strictest wish of all open cases."""

    invoice_id: str
    customer_id: str
    subscription_id: str | None = None
    access: Access
    as_of: datetime  # UTC, the case's time: an older wish never replaces a newer one


class Standing(Frozen):
    """What all wishes for one subscription come to."""

    access: Access
    changes: int  # how often any of them changed: with each, one more


def strictest(wishes: Iterable[Access]) -> Access:
    """What several wishes come to: who owes several invoices has what the strictest of them leaves."""
    return max(wishes, key=_FROM_FULL.index, default=Access.FULL)


class AccessStep(Step):
    """One change of the access."""

    name: ClassVar[str] = "access"
    access: Access

    may_limit: ClassVar[bool] = True
    activity: ClassVar[str] = "set_access"
    task_type: ClassVar[type[Task]] = AccessTask

    @property
    def _restricts(self) -> bool:
        return self.access is not Access.FULL

    @property
    def aim(self) -> Aim:
        return Aim.LIMIT if self._restricts else Aim.GIVE_BACK

    @property
    def title(self) -> str:
        return f"service {self.access.value.replace('_', '-')} {self.when}" if self._restricts else "service restored"

    @property
    def may_be_left_out(self) -> bool:
        return self._restricts

    def asks(self, now: "Situation") -> Answer:
        if not self._restricts:
            return ALLOW
        if nobody := now.circumstances.installation.no_access:
            return Refuse(why=f"nobody would restrict the service: {nobody}")
        stands = standing_access(now.case)
        if _FROM_FULL.index(stands) > _FROM_FULL.index(self.access):
            return Refuse(why=f"the service is {stands.value} already, and a restriction gives nothing back")
        return ALLOW

    def waits_for(self, other: Step, at: datetime, now: "Situation") -> bool:
        """A message of that day or before goes first, even when the night or a holiday keeps it waiting; and so does a
        try of that day, which messages announce, even when a rule or a provider has put it off for hours."""
        if not self._restricts:
            return False
        if isinstance(other, ChargeStep):
            return now.schedule.date(now.opens(other)) <= now.schedule.date(at)
        return other.says_what_comes and (other.day <= self.day or other.due <= at)

    def why(self, now: "Situation") -> str:
        if self._restricts:
            return f"{self.title} of the timeline, {now.case.due} still due"
        return f"service restored: {now.end.why}" if now.end else self.title

    def task(self, now: "Situation", why: str) -> AccessTask:
        subscription = now.case.facts.subscription_id
        return new_task(**self.common(now, why), access=self.access, subscription_id=subscription)

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(result, Done)  # noqa: S101 - by the registry
        if result.stopped:
            # An earlier run may have restricted before it died.
            case = stopped(case, self, result.stopped, at, "not restricted", unsure=True)
        else:
            case = done(case, self, at)
            if not self._restricts:
                # Whatever an unanswered restriction did, this came after it.
                left = {key: known for key, known in case.unfinished.items() if not isinstance(known.step, AccessStep)}
                case = changed(case, unfinished=left)
        return invoice_is(case, result.invoice, at, self.key)

    def lost(self, case: Case) -> Case:
        return begun(case, self) if self._restricts else case


new_step = unchecked(AccessStep)


class RestrictForm(Form):
    word: ClassVar[str] = "restrict"
    makes: ClassVar[tuple[type[Step], ...]] = (AccessStep,)
    detail: ClassVar[str | None] = "access"
    needs_a_message: ClassVar[bool] = True
    access: Annotated[Access, one_of([access for access in Access if access is not Access.FULL])]

    @property
    def name(self) -> str:
        return f"{self.word}-{self.access}"

    def step(self, now: "Situation", slot: "Slot") -> AccessStep:
        # Access never changes before the message that says so.
        due = max(slot.due, now.said_by(slot), now.announced(slot, now.policy.contacts.access_notice_days))
        sign = (slot.key, due)
        return now.schedule.kept(sign, lambda: new_step(key=slot.key, due=due, day=slot.entry.day, access=self.access))


def standing_access(case: Case) -> Access:
    """What the customer may use, by the newest change that was certainly made."""
    newest = case.newest(AccessStep)
    return newest.access if newest else Access.FULL


def may_be_limited(case: Case) -> bool:
    """Whether the access is restricted, or a restriction was begun whose fate is unknown."""
    limited = False
    for record in case.steps.values():
        if isinstance(record.step, AccessStep) and (record.state is StepState.DONE or record.unsure):
            limited = record.step.access is not Access.FULL
    return limited or any(u.begun and isinstance(u.step, AccessStep) for u in case.unfinished.values())
