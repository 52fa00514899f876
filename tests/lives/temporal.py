"""A Temporal in this process, in virtual time: it keeps cases, tells them what they are told, runs their activities.

It does to a case what workflows/dunning.py does, in the same order, with the product's own `hear`, `decide`, `settled`,
`book` and activities. What is left out is Temporal itself: histories, replays, workers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import RawValue, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.decisions import DecisionTask
from activities.errors import MISUSE, TROUBLE
from domain import changes, life
from domain.base import Message
from domain.case import Case
from domain.closing_messages import WITHDRAWN_WITHIN, ClosingTask, Occasion
from domain.decisions import Act, Close, Effect, Wait
from domain.ids import closing_id
from domain.life import Decided
from workflows import options
from workflows.hearing import hear, refusal
from workflows.messages import INTERRUPTING, REFUSED, CaseResult, CaseStart, CaseView
from workflows.view import view

Activity = Callable[[Any], Any]
_PAUSES = (timedelta(seconds=2), timedelta(seconds=30), timedelta(minutes=10))
"""Between tries of an activity: fewer than a server makes, and as long together."""


class Stray(AssertionError):
    """Something left an activity that is neither trouble nor misuse."""


@dataclass
class Running:
    """One effect that is being carried out."""

    effect: Effect
    until: datetime
    tries: int = 0
    next_at: datetime | None = None  # None: it is done
    result: Any = None
    misuse: ApplicationError | None = None
    trouble: str = ""
    timed_out: bool = False


@dataclass
class Held:
    """One workflow."""

    case: Case
    begun_at: datetime
    wake_at: datetime | None
    inbox: list[tuple[str, Message]] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    closing_before: Any = None
    interrupted: bool = False
    decided: Decided | None = None
    decisions: int = 0
    stood_still: timedelta = timedelta(0)
    held_since: datetime | None = None
    closed_at: datetime | None = None
    earlier: tuple["Held", ...] = ()  # its runs until a late payment took it up again

    @property
    def runs(self) -> tuple["Held", ...]:
        return *self.earlier, self

    @property
    def ended_before(self) -> tuple[str, ...]:
        """As what, in earlier runs."""
        return tuple(run.case.closing.outcome.value for run in self.earlier if run.case.closing)


@dataclass
class Concluding:
    """What is left to do towards the customer of one case (workflows/closing.py)."""

    task: ClosingTask
    wake_at: datetime | None


class Temporal:
    """The part of a client that service/ uses, and the clock-work behind it."""

    def __init__(self, activities: Mapping[str, Activity], watch: "Watch") -> None:
        self.cases: dict[str, Held] = {}
        self.closings: dict[str, Concluding] = {}
        self.now: datetime
        self._do = activities
        self._watch = watch

    # What service/ asks of Temporal.

    async def start_workflow(
        self,
        _run: Any,
        start: CaseStart,
        *,
        id: str,  # noqa: A002 - the SDK's name
        id_reuse_policy: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        **_: Any,
    ) -> Any:
        before = self.cases.get(id)
        may_again = id_reuse_policy is WorkflowIDReusePolicy.ALLOW_DUPLICATE and before and before.closed_at
        if before and not may_again:
            raise WorkflowAlreadyStartedError(id, "DunningWorkflow")
        case = Case.model_validate_json(start.case.model_dump_json())
        self.cases[id] = Held(case, self.now, self.now, earlier=before.runs if before else ())
        return self.get_workflow_handle(id)

    def get_workflow_handle(self, workflow_id: str, **_: Any) -> Any:
        return Handle(self, workflow_id)

    def get_workflow_handle_for(self, _workflow: Any, workflow_id: str, **_: Any) -> Any:
        return Handle(self, workflow_id)

    def tell(self, workflow_id: str, name: str, message: Message) -> None:
        """Raises RPCError for a case that is over or never was."""
        held = self.cases.get(workflow_id)
        if held is None or held.closed_at:
            raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
        held.inbox.append((name, message))
        if not held.running or name in INTERRUPTING:
            held.wake_at = min(held.wake_at or self.now, self.now)

    def order(self, workflow_id: str, name: str, order: Message) -> CaseView:
        """As an update: asked first, and then heard. Raises RPCError as `tell`, WorkflowUpdateFailedError when it is
        refused."""
        held = self.cases.get(workflow_id)
        if held is not None and not held.closed_at:
            self._listen(held)
            if no := refusal(held.case, name, [_payload(order)], self.now):
                raise WorkflowUpdateFailedError(ApplicationError(no.why, type=REFUSED))
        self.tell(workflow_id, name, order)
        held = self.cases[workflow_id]
        self._listen(held)
        return view(held.case, held.decided, deciding=True)

    # The clock-work.

    def next_at(self) -> datetime | None:
        """When the next case, or what is left to do after one, has something to do."""
        waiting = (*self.cases.values(), *self.closings.values())
        return min((one.wake_at for one in waiting if one.wake_at), default=None)

    def turn(self) -> None:
        """Lets every case go on that is due by now."""
        for held in list(self.cases.values()):
            if held.wake_at and held.wake_at <= self.now:
                self._turn(held)
        for one in list(self.closings.values()):
            if one.wake_at and one.wake_at <= self.now:
                self._conclude(one)

    def _turn(self, held: Held) -> None:
        self._listen(held)
        if held.running:
            self._carry_out(held)
        else:
            self._decide(held)
        self._count_holds(held)

    def _listen(self, held: Held) -> None:
        inbox, held.inbox = held.inbox, []
        for name, message in inbox:
            held.case = hear(held.case, name, [_payload(message)], self.now)
            held.interrupted = held.interrupted or name in INTERRUPTING

    def _decide(self, held: Held) -> None:
        held.interrupted = False
        held.decisions += 1
        asked = DecisionTask(case=held.case, at=self.now)
        decided: Decided = self._do["decide"](asked)
        held.case = life.settled(held.case, asked.case, decided)
        held.decided = decided
        self._watch.decided(held, decided)
        if decided.occasion:
            self._begin_the_closing(held, decided.occasion)
        match decided.decision:
            case Wait(until=until):
                held.wake_at = max(until, self.now + timedelta(seconds=1)) if until else None
            case Act(effects=effects):
                limit = self.now + options.ONE_EFFECT
                held.running = [Running(one, one.until or limit, next_at=self.now) for one in effects]
                held.closing_before = held.case.closing
                self._watch.before_act()
                self._listen(held)
                self._carry_out(held)
            case Close():
                held.closed_at, held.wake_at = self.now, None

    def _begin_the_closing(self, held: Held, occasion: str) -> None:
        facts, named = held.case.facts, Occasion(occasion.partition(":")[0])
        id_ = closing_id(facts.invoice_id, named)
        if (known := self.closings.get(id_)) and known.wake_at:
            return
        task = ClosingTask(
            invoice_id=facts.invoice_id,
            customer_id=facts.customer_id,
            occasion=named,
            since=self.now,
            as_of=self.now,
        )
        self.closings[id_] = Concluding(task, self.now)

    def _conclude(self, one: Concluding) -> None:
        try:
            one.wake_at = self._do["conclude"](one.task.but(as_of=self.now)).next_at
        except ApplicationError as error:
            if error.type != TROUBLE:
                raise Stray(f"conclude: {error.type} {error}") from error
            one.wake_at = self.now + _PAUSES[-1]
        except Exception as error:
            raise Stray(f"conclude: {type(error).__name__} {error}") from error
        if one.wake_at and one.wake_at > one.task.since + WITHDRAWN_WITHIN:
            one.wake_at = None

    def _carry_out(self, held: Held) -> None:
        """Makes the tries that are due. When all are done, or something interrupts, each is booked."""
        for one in held.running:
            if one.next_at and one.next_at <= self.now and not held.interrupted:
                self._try(held, one)
                self._listen(held)
        waiting = [one.next_at for one in held.running if one.next_at]
        if waiting and not held.interrupted:
            held.wake_at = min(waiting)
            return
        overtaken = held.case.closing is not held.closing_before
        for one in held.running:
            self._book(held, one, overtaken)
        held.running, held.wake_at = [], self.now

    def _try(self, held: Held, one: Running) -> None:
        one.tries += 1
        task = one.effect.step.task_type.model_validate_json(one.effect.task.model_dump_json())
        try:
            with self._watch.activity(held, one.effect, one.tries):
                one.result = self._do[one.effect.activity](task)
            one.next_at = None
        except ApplicationError as error:
            if error.type == MISUSE:
                one.misuse, one.next_at = error, None
            elif error.type == TROUBLE:
                one.trouble = error.message
                pause = _PAUSES[one.tries - 1] if one.tries <= len(_PAUSES) else options.ONE_EFFECT
                one.next_at = self.now + pause
                if one.next_at >= one.until:
                    one.timed_out, one.next_at = True, None
            else:
                raise Stray(f"{one.effect.activity}: {error.type} {error}") from error
        except Exception as error:
            raise Stray(f"{one.effect.activity}: {type(error).__name__} {error}") from error

    def _book(self, held: Held, one: Running, overtaken: bool) -> None:
        """As `DunningWorkflow._book`."""
        if one.result is not None:
            held.case = life.book(held.case, one.effect, one.result, self.now)
        elif one.misuse:
            if one.tries > 1:
                held.case = life.interrupted(held.case, one.effect)
            if not overtaken:
                held.case = changes.needs_operator(held.case, one.misuse.message[:200], self.now)
        elif not one.timed_out or overtaken:
            held.case = life.interrupted(held.case, one.effect)
        else:
            held.case = life.unanswered(held.case, one.effect, self.now, one.trouble)

    def _count_holds(self, held: Held) -> None:
        if held.case.holds and held.held_since is None:
            held.held_since = self.now
        elif held.held_since and not held.case.holds:
            held.stood_still += self.now - held.held_since
            held.held_since = None


class Watch:
    """Who looks on while cases live."""

    def decided(self, held: Held, decided: Decided) -> None: ...

    def before_act(self) -> None: ...

    def activity(self, held: Held, effect: Effect, tries: int) -> Any: ...


class Handle:
    """One workflow, as a client has it."""

    def __init__(self, temporal: Temporal, workflow_id: str) -> None:
        self._temporal, self._id = temporal, workflow_id

    async def signal(self, name: str, message: Message, **_: Any) -> None:
        self._temporal.tell(self._id, name, message)

    async def execute_update(self, name: str, order: Message, **_: Any) -> CaseView:
        return self._temporal.order(self._id, name, order)

    async def describe(self, **_: Any) -> "Described":
        held = self._temporal.cases.get(self._id)
        if held is None:
            raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
        over = held.closed_at is not None
        return Described(WorkflowExecutionStatus.COMPLETED if over else WorkflowExecutionStatus.RUNNING)

    async def result(self) -> CaseResult:
        """Of a case that is over."""
        held = self._temporal.cases[self._id]
        assert held.closed_at
        assert held.case.closing
        closing = held.case.closing
        return CaseResult(
            outcome=closing.outcome,
            why=closing.why,
            remaining=held.case.due,
            attempts=len(held.case.our_attempts),
            closed_at=held.closed_at,
        )


@dataclass
class Described:
    """What `describe` says of a workflow."""

    status: WorkflowExecutionStatus


def _payload(message: Message) -> RawValue:
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=message.model_dump_json().encode()))
