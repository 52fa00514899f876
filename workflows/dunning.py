"""The dunning case: decide, then wait or act, then book, until it is closed.

Decisions are on record: what to do stands in the answer of the activity `decide`. No command of this workflow follows
from rule code that a replay would run again, only from what the history holds (docs/decisions/0012).
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    FailureError,
    WorkflowAlreadyStartedError,
)

from activities.decisions import DecisionActivities, DecisionTask
from activities.errors import MISUSE, last_trouble
from domain import changes, life
from domain.case import Outcome
from domain.closing_messages import ClosingTask, Occasion
from domain.decisions import Act, Close, Decision, Effect, Wait
from domain.ids import closing_id
from domain.life import Decided
from domain.registry import KINDS
from workflows import attributes, options
from workflows.closing import ClosingWorkflow
from workflows.listening import Listening
from workflows.messages import CaseResult, CaseStart

_LONGEST_SUMMARY = 190  # bytes of UTF-8; the Temporal UI takes 200
_LONGEST_WHY = 200


@workflow.defn(name="DunningWorkflow")
class DunningWorkflow(Listening):
    """One failed invoice, from the first retry to payment, settlement, collections or write-off.

    A running case moves to new code with each deployment (worker.py: auto-upgrade). Rules, tables and libraries may
    change freely; what changes here or in workflows/listening.py must not be noticed by a running case
    (workflows/patches.py).
    """

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start.case)
        self._shown: attributes.Searchable = start.searchable

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
                    if not self._has_news:
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
        self._clock.check()
        if decided is None or self._interrupted:
            return None
        stale = workflow.now() - decided.at > options.FRESH
        # A message that came while an end was written down is heard first: it may be a payment.
        if (stale and isinstance(decided.decision, Act)) or (self._has_news and isinstance(decided.decision, Close)):
            return None
        self._decided, self._asking = decided, False
        self._case = life.settled(self._case, asked.case, decided)
        self._make_searchable(decided)
        if decided.occasion:
            await self._begin_the_closing(decided.occasion)
        return decided.decision

    async def _begin_the_closing(self, occasion: str) -> None:
        """What is left to do towards the customer, in a workflow of its own: it may wait for days, and this case does
        not. What comes meanwhile is heard as in a wait."""
        facts, now = self._case.facts, workflow.now()
        task = ClosingTask(
            invoice_id=facts.invoice_id,
            customer_id=facts.customer_id,
            occasion=Occasion(occasion.partition(":")[0]),
            since=now,
            as_of=now,
        )
        try:
            await workflow.start_child_workflow(
                ClosingWorkflow.run,
                task,
                id=closing_id(facts.invoice_id, task.occasion),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=_summary(f"what is left to do towards the customer: {task.occasion.replace('_', ' ')}"),
            )
        except WorkflowAlreadyStartedError:
            pass  # it reads anew what is true
        except asyncio.CancelledError:
            self._cancelled()
        self._clock.check()

    async def _locally(self, asked: DecisionTask) -> Decided | None:
        """The decision within this very workflow task; None when the ledger does not answer at once."""
        try:
            return await workflow.execute_local_activity_method(
                DecisionActivities.decide,
                asked,
                start_to_close_timeout=options.ONE_LOCAL_TRY,
                schedule_to_close_timeout=options.LOCALLY,
                retry_policy=options.TWICE,
                summary=_summary("decide what is next"),
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
            summary=_summary("decide what is next, once the ledger answers"),
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
                self._case = life.unanswered(self._case, effect, now, last_trouble(error))

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
        since = workflow.now()
        try:
            await workflow.wait_condition(
                condition, timeout=timeout, timeout_summary=_summary(summary) if summary else None
            )
        except TimeoutError:
            self._clock.rang(since + (timeout or timedelta(0)))
        except asyncio.CancelledError:
            self._cancelled()
        self._clock.check()

    def _cancelled(self) -> None:
        self._case = changes.close(self._case, Outcome.CANCELLED, "cancelled in Temporal", workflow.now())
        self._has_news = self._interrupted = True

    def _make_searchable(self, decided: Decided) -> None:
        """Keeps the search attributes true; writes history only when something changed."""
        if isinstance(decided.decision, Act):
            return  # the next decision, a moment later, is about the case as its effects have left it
        if updates := list(attributes.changes(self._shown, decided.searchable)):
            workflow.upsert_search_attributes(updates)
        self._shown = decided.searchable


def _summary(why: str) -> str | None:
    """The sentence as far as it fits; a Thai letter has three bytes. None in a replay: the history has it already."""
    return None if workflow.unsafe.is_replaying() else why.encode()[:_LONGEST_SUMMARY].decode(errors="ignore")
