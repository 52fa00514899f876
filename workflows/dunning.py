"""The dunning case: decide, then wait or act, then book, until it is closed.

Decisions are on record: what to do stands in the answer of the activity `decide`. No command of this workflow follows
from rule code that a replay would run again, only from what the history holds (docs/decisions/0012).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, FailureError

from activities.decisions import DecisionActivities, DecisionTask
from activities.errors import MISUSE
from domain import changes, life
from domain.case import Outcome
from domain.decisions import Act, Close, Decision, Effect, Wait
from domain.life import Decided
from domain.registry import KINDS
from domain.telling import ORDERS, TELLINGS
from workflows import attributes, options
from workflows.clock import Clock
from workflows.hearing import hear, refusal
from workflows.messages import INTERRUPTING, REFUSED, CaseResult, CaseStart, CaseView
from workflows.view import details, view

_LONGEST_SUMMARY = 190  # bytes of UTF-8; the Temporal UI takes 200
_LONGEST_WHY = 200


@workflow.defn(name="DunningWorkflow")
class DunningWorkflow:
    """One failed invoice, from the first retry to payment, settlement, collections or write-off.

    A running case moves to new code with each deployment (worker.py: auto-upgrade). Rules, tables and libraries may
    change freely; what changes in this file must not be noticed by a running case (workflows/patches.py).
    """

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._case = start.case
        self._decided: Decided | None = None
        self._shown: attributes.Searchable = start.searchable
        self._asking = True  # a decision is on its way
        self._has_news = False  # a message came since the case last began to decide
        self._interrupted = False  # one of those that a running step has to mind
        self._clock = Clock()
        for name in TELLINGS:
            workflow.set_signal_handler(name, self._listener(name))
        # Last, and not by a decorator: else the SDK gives it what came before the first task, whatever its name.
        workflow.set_dynamic_signal_handler(self._unknown_signal)
        for name in ORDERS:
            workflow.set_update_handler(name, self._order(name), validator=self._validator(name))
        workflow.set_dynamic_update_handler(self._unknown_order, validator=self._validate)

    @workflow.run
    async def run(self, _start: CaseStart) -> CaseResult:
        while True:
            await self._begin_a_new_run_when_this_is_long()
            match await self._decide():
                case Wait() as wait:
                    await self._wait(wait)
                case Act() as act:
                    await self._act(act)
                case Close() as close:
                    return await self._close(close)
                case None:
                    continue  # overtaken by what came meanwhile: decide again

    async def _begin_a_new_run_when_this_is_long(self) -> None:
        if not workflow.info().is_continue_as_new_suggested():
            return
        # A cancellation that came with this very task is heard here; the new run would not know of it.
        await self._until(lambda: True)
        # An order that still waits for its answer gets it from the next decision, and a new run would not know of it.
        if workflow.all_handlers_finished():
            workflow.continue_as_new(CaseStart(case=self._case, searchable=dict(self._shown)))

    async def _decide(self) -> Decision | None:
        """Asks what to do now; None when the answer was overtaken, and the case has to ask again."""
        self._has_news = self._interrupted = False
        self._asking = True
        asked = DecisionTask(case=self._case, at=workflow.now())
        decided = await self._locally(asked) or await self._patiently(asked)
        if decided is None or self._interrupted:
            return None
        stale = workflow.now() - decided.at > options.FRESH
        # A message that came while an end was written down is heard first: it may be a payment.
        if (stale and isinstance(decided.decision, Act)) or (self._has_news and isinstance(decided.decision, Close)):
            return None
        self._decided, self._asking = decided, False
        self._case = life.settled(self._case, asked.case, decided)
        self._show(decided)
        return decided.decision

    async def _locally(self, asked: DecisionTask) -> Decided | None:
        """The decision within this very workflow task; None when the ledger does not answer at once."""
        try:
            return await workflow.execute_local_activity_method(
                DecisionActivities.decide,
                asked,
                start_to_close_timeout=options.ONE_LOCAL_TRY,
                schedule_to_close_timeout=options.LOCALLY,
                retry_policy=options.TWICE,
                summary="decide what is next",
            )
        except FailureError:
            # Not only ActivityError: of a local activity a replay gets the bare cause that its marker holds.
            return None
        except asyncio.CancelledError:
            self._cancelled()
            return None

    async def _patiently(self, asked: DecisionTask) -> Decided | None:
        """The same decision, for as long as the ledger is away; None when what came meanwhile asks for another one."""
        task = workflow.start_activity_method(
            DecisionActivities.decide,
            asked,
            start_to_close_timeout=options.ONE_DECISION,
            retry_policy=options.UNTIL_ANSWERED,
            summary="decide what is next, once the ledger answers",
        )
        await self._until(lambda: task.done() or self._interrupted)
        if not task.done():
            task.cancel()
            await self._until(task.done)
        try:
            return await task
        except ActivityError:
            return None

    async def _wait(self, wait: Wait) -> None:
        timeout = max(timedelta(seconds=1), wait.until - workflow.now()) if wait.until else None
        await self._until(lambda: self._has_news, timeout, wait.why)

    async def _act(self, act: Act) -> None:
        """Carries out the effects of one decision, side by side, and books what became of each.

        A payment or a hold that arrives meanwhile ends the wait for a provider that does not answer, but never an
        activity in the middle of its work: what it did is always booked.
        """
        closing = self._case.closing
        running = {effect.step.key: self._start(effect) for effect in act.effects}

        def all_done() -> bool:
            return all(task.done() for task in running.values())

        await self._until(lambda: all_done() or self._interrupted)
        if not all_done():
            for task in running.values():
                task.cancel()
            await self._until(all_done)
        for effect in act.effects:
            await self._book(effect, running[effect.step.key], overtaken=self._case.closing is not closing)

    def _start(self, effect: Effect) -> "workflow.ActivityHandle[Any]":
        limit = effect.until - workflow.now() if effect.until else options.ONE_EFFECT
        return workflow.start_activity(
            effect.activity,
            effect.task,
            result_type=KINDS[effect.step.kind].result_type,
            start_to_close_timeout=options.ONE_TRY,
            schedule_to_close_timeout=max(timedelta(seconds=1), limit),
            retry_policy=options.PATIENT,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=_summary(effect.why),
        )

    async def _book(self, effect: Effect, task: "workflow.ActivityHandle[Any]", *, overtaken: bool) -> None:
        now = workflow.now()
        try:
            self._case = life.book(self._case, effect, await task, now)
        except ActivityError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == MISUSE:
                if any(cause.details):  # a try before may have been carried out
                    self._case = life.interrupted(self._case, effect)
                # An end that came in between has no use any more for what was decided before.
                if not overtaken:
                    self._case = changes.needs_operator(self._case, str(cause.message)[:_LONGEST_WHY], now)
            elif isinstance(cause, CancelledError) or overtaken:
                self._case = life.interrupted(self._case, effect)
            else:
                self._case = life.unanswered(self._case, effect, now)

    async def _close(self, close: Close) -> CaseResult:
        await workflow.wait_condition(workflow.all_handlers_finished)
        return CaseResult(
            outcome=close.outcome,
            why=close.why,
            remaining=self._case.due,
            attempts=len(self._case.our_attempts),
            closed_at=workflow.now(),
        )

    async def _until(
        self, condition: Callable[[], bool], timeout: timedelta | None = None, summary: str | None = None
    ) -> None:
        """Waits for the condition or the time. A cancelled workflow ends its case in order, as cancelled."""
        try:
            await workflow.wait_condition(
                condition, timeout=timeout, timeout_summary=_summary(summary) if summary else None
            )
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            self._cancelled()
        self._clock.check()

    def _cancelled(self) -> None:
        self._case = changes.close(self._case, Outcome.CANCELLED, "cancelled in Temporal", workflow.now())
        self._has_news = self._interrupted = True

    def _show(self, decided: Decided) -> None:
        """Keeps the UI and the search attributes true; writes history only when something changed."""
        workflow.set_current_details(details(self._case, decided))
        if isinstance(decided.decision, Act):
            return  # the next decision, a moment later, is about the case as its effects have left it
        if updates := list(attributes.changes(self._shown, decided.searchable)):
            workflow.upsert_search_attributes(updates)
        self._shown = decided.searchable

    @workflow.query
    def status(self) -> CaseView:
        """The case as it stands: facts, what happened, what is next and why."""
        return view(self._case, self._decided, deciding=self._asking or self._has_news)

    def _unknown_signal(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Any other signal: recorded, so that its sender is not left wondering."""
        self._hear(name, payloads)

    def _listener(self, name: str) -> Callable[..., None]:
        """The handler of one signal, named so that the Temporal UI offers it.

        To the SDK it takes one payload as it came; in truth it takes whatever comes. A typed handler would not do:
        the SDK drops a signal whose payload does not fit, without a trace, and one payload too many fails the case.
        """

        @wraps(_one_payload)
        def listen(*payloads: Any) -> None:
            self._hear(name, payloads)

        return listen

    def _hear(self, name: str, payloads: Sequence[Any]) -> None:
        self._clock.check()
        self._case = hear(self._case, name, payloads, workflow.now())
        self._tell(name)

    def _tell(self, name: str) -> None:
        """Wakes the case, whatever the message said: that it came is what the history holds."""
        self._has_news = True
        self._interrupted = self._interrupted or name in INTERRUPTING

    def _order(self, name: str) -> Callable[..., Awaitable[CaseView]]:
        """The handler of one order. As with signals: a typed one answers what does not fit with a trace."""

        @wraps(_one_payload)
        async def carry_out(*payloads: Any) -> CaseView:
            self._hear(name, payloads)
            # The case acts while this waits: what the operator gets to see is what it made of the order.
            before = self._decided
            await workflow.wait_condition(lambda: self._decided is not before)
            return self.status()

        return carry_out

    def _validator(self, name: str) -> Callable[..., None]:
        """Refuses one order with a sentence. Not asked on a replay, and free to follow today's rules."""

        @wraps(_one_payload)
        def validate(*payloads: Any) -> None:
            self._validate(name, payloads)

        return validate

    def _validate(self, name: str, payloads: Sequence[Any]) -> None:
        if why := refusal(self._case, name, payloads, workflow.now()):
            raise ApplicationError(why, type=REFUSED, non_retryable=True)

    async def _unknown_order(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Any other update: its validator refuses it."""


def _one_payload(_payload: RawValue) -> None:
    """What every handler of a message looks like to the SDK."""


def _summary(why: str) -> str:
    """The sentence as far as it fits; a Thai letter has three bytes."""
    return why.encode()[:_LONGEST_SUMMARY].decode(errors="ignore")
