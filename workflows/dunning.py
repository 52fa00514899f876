"""The dunning case: decide, then wait or act, then record, until it is closed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from activities.cases import CaseActivities
from activities.collections import CollectionsActivities
from activities.contacts import ContactActivities
from activities.errors import MISUSE
from activities.payments import PaymentActivities
from activities.service import ServiceActivities
from domain import apply, events
from domain.base import Message
from domain.case import Outcome, StepState
from domain.dispatch import order_for, order_to_close
from domain.effects import ChargeOrder, ChargeResult, ContactOutcome, Done, Order
from domain.planner import Act, Close, Decision, Wait, next_step
from domain.record import Entry
from domain.steps import StepKind
from workflows import attributes, options
from workflows.clock import Clock
from workflows.hearing import Heard, carry_out, hear, refused
from workflows.messages import FACTS, ORDERS, CaseResult, CaseStart, CaseView
from workflows.view import details, next_at, view

_ACTIVITIES: dict[StepKind, Any] = {
    StepKind.CHARGE: PaymentActivities.charge,
    StepKind.REMIND: ContactActivities.contact,
    StepKind.RESTRICT: ServiceActivities.set_access,
    StepKind.RESTORE: ServiceActivities.set_access,
    StepKind.CANCEL_SUBSCRIPTION: PaymentActivities.cancel_subscription,
    StepKind.HANDOFF: CollectionsActivities.hand_off,
    StepKind.RECALL: CollectionsActivities.recall,
    StepKind.WRITE_OFF: PaymentActivities.mark_uncollectible,
}
_LONGEST_SUMMARY = 190  # bytes of UTF-8; the Temporal UI takes 200
_MOST_NOTES = 200
_LONGEST_WHY = 200


@workflow.defn(name="DunningWorkflow")
class DunningWorkflow:
    """One failed invoice, from the first retry to payment, settlement, collections or write-off.

    A running case moves to new code with each deployment (worker.py: auto-upgrade); what it must not notice is kept
    from it by workflows/patches.py.
    """

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._case = start.case
        self._notes = list(start.notes)
        self._told = False
        self._shown = workflow.info().typed_search_attributes
        self._clock = Clock()
        for name in (*FACTS, *ORDERS):
            workflow.set_signal_handler(name, self._listener(name))

    @workflow.run
    async def run(self, _start: CaseStart) -> CaseResult:
        while not self._case.closed:
            match decision := self._decide():
                case Wait():
                    await self._wait(decision)
                case Act():
                    await self._act(decision)
                case Close():
                    await self._close(decision)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result()

    def _decide(self) -> Decision:
        """Asks the planner, and records what it leaves out."""
        now = workflow.now()
        self._told = False
        self._case = apply.tick(self._case, now)
        decision = next_step(self._case, now)
        for skip in decision.skips:
            self._case = apply.record(self._case, skip.step, StepState.SKIPPED, now, skip.why)
            self._case = apply.note(self._case, now, f"{skip.step.title}: skipped, {skip.why}")
            self._notes.append(Entry(at=now, step=skip.step.key, what="skipped", why=skip.why))
        return decision

    async def _wait(self, wait: Wait) -> None:
        self._show(wait)
        if workflow.info().is_continue_as_new_suggested():
            await self._until(workflow.all_handlers_finished)
            workflow.continue_as_new(CaseStart(case=self._case, notes=tuple(self._notes)))
        timeout = max(timedelta(seconds=1), wait.until - workflow.now()) if wait.until else None
        await self._until(lambda: self._told, timeout, wait.why)

    async def _act(self, act: Act) -> None:
        notes = tuple(self._notes)
        order = order_for(self._case, act, notes, workflow.now())
        workflow.set_current_details(details(self._case, act, workflow.now()))
        contact_ends = self._contact_ends(act)
        result = await self._run(_ACTIVITIES[act.step.kind], order, act, contact_ends or options.ONE_DECISION)
        if result is None:
            return
        now = workflow.now()
        match result:
            case ChargeResult() if isinstance(order, ChargeOrder):
                self._case = apply.charged(self._case, act.step, order, result, now)
            case ContactOutcome():
                self._case = apply.contacted(self._case, act.step, result, now)
            case Done():
                self._case = apply.did(self._case, act.step, result, now)

    async def _close(self, close: Close) -> None:
        # Decided from here on: an order that came while the ledger is written would contradict what stands there.
        self._case = apply.close(self._case, close.outcome, close.why, workflow.now())
        order = order_to_close(self._case, close, tuple(self._notes), workflow.now())
        done = await self._run(CaseActivities.close_case, order, close, options.UNTIL_DONE)
        if done is not None:
            self._case = apply.closed(self._case, close.outcome, close.why, workflow.now())
            self._show(close)

    async def _run(self, activity: Any, order: Order, decision: Act | Close, limit: timedelta | None) -> Any:
        """Runs one activity; None when it did not come to an end and the case has to look again.

        A payment or a hold that arrives meanwhile ends the wait for a provider that does not answer, but never
        an activity in the middle of its work: what it did is always booked.
        """
        task = workflow.start_activity_method(
            activity,
            order,
            start_to_close_timeout=options.ONE_TRY,
            schedule_to_close_timeout=limit,
            retry_policy=options.PATIENT,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=_summary(decision.why),
        )
        before = (self._case.closing, bool(self._case.holds))
        await self._until(lambda: task.done() or (self._case.closing, bool(self._case.holds)) != before)
        if not task.done():
            task.cancel()
            await self._until(task.done)
        try:
            result = await task
        except ActivityError as error:
            # A closing case has no use any more for what was decided before.
            self._failed(error, decision, overtaken=self._case.closing is not before[0])
            return None
        del self._notes[: len(order.notes)]
        return result

    def _failed(self, error: ActivityError, decision: Act | Close, *, overtaken: bool) -> None:
        now = workflow.now()
        cause = error.cause
        refused = isinstance(cause, ApplicationError) and cause.type == MISUSE
        if isinstance(decision, Act) and not refused:
            self._case = apply.interrupted(self._case, decision.step)
        if isinstance(cause, CancelledError) or overtaken:
            return
        if isinstance(cause, ApplicationError) and refused:
            self._case = apply.needs_operator(self._case, str(cause.message)[:_LONGEST_WHY], now)
            self._notes.append(Entry(at=now, step="hold", what="needs operator", why=cause.message[:_LONGEST_WHY]))
        elif isinstance(decision, Act):
            self._case = apply.postpone(self._case, decision.step, "the provider did not answer in time", now)

    def _contact_ends(self, act: Act) -> timedelta | None:
        """How long a contact may take: not past the hours in which it is allowed."""
        if act.step.kind is not StepKind.REMIND:
            return None
        facts, now = self._case.facts, workflow.now()
        hours = self._case.policy.contacts.hours
        closes = hours.closes_at(now, facts.time_zones, frozenset(facts.holidays))
        return max(timedelta(seconds=1), min(options.ONE_CONTACT, closes - now))

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
            why = "cancelled in Temporal"
            self._case = apply.close(self._case, Outcome.CANCELLED, why, workflow.now())
        self._clock.check()

    def _show(self, decision: Decision) -> None:
        """Keeps the UI and the search attributes true; writes history only when something changed."""
        workflow.set_current_details(details(self._case, decision, workflow.now()))
        after = attributes.of_case(self._case, next_at(decision))
        if updates := list(attributes.changes(self._shown, after)):
            workflow.upsert_search_attributes(updates)
            self._shown = after

    def _result(self) -> CaseResult:
        closing = self._case.closing
        return CaseResult(
            outcome=closing.outcome if closing else Outcome.CANCELLED,
            why=closing.why if closing else "",
            remaining=self._case.due,
            attempts=len(self._case.our_attempts),
            closed_at=workflow.now(),
        )

    @workflow.query
    def status(self) -> CaseView:
        """The case as it stands: facts, what happened, what is next and why."""
        return view(self._case, next_step(self._case, workflow.now()))

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, payloads: Sequence[RawValue]) -> None:
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
        self._take(hear(self._case, name, payloads, workflow.now()))

    def _take(self, heard: Heard) -> None:
        self._case = heard.case
        if heard.note is None:
            return
        self._told = True
        if len(self._notes) < _MOST_NOTES:
            # They travel with the next activity, whose input is bounded; the journal shows the newest.
            self._notes.append(heard.note)

    @workflow.update
    def pause(self, order: events.Pause) -> CaseView:
        """Puts the case on hold, until resumed or until a date. The timeline stands still."""
        return self._ordered("pause", order)

    @pause.validator
    def _may_pause(self, order: events.Pause) -> None:
        self._validate("pause", order)

    @workflow.update
    def resume(self, order: events.Resume) -> CaseView:
        """Ends an operator's pause, or a wait for an operator."""
        return self._ordered("resume", order)

    @resume.validator
    def _may_resume(self, order: events.Resume) -> None:
        self._validate("resume", order)

    @workflow.update
    def settle(self, order: events.Settle) -> CaseView:
        """Ends the case: the debt is settled for an amount."""
        return self._ordered("settle", order)

    @settle.validator
    def _may_settle(self, order: events.Settle) -> None:
        self._validate("settle", order)

    @workflow.update
    def write_off(self, order: events.WriteOff) -> CaseView:
        """Ends the case: the debt is given up."""
        return self._ordered("write_off", order)

    @write_off.validator
    def _may_write_off(self, order: events.WriteOff) -> None:
        self._validate("write_off", order)

    def _validate(self, name: str, order: Message) -> None:
        self._clock.check()
        if refusal := refused(self._case, name, order, workflow.now()):
            raise ApplicationError(refusal, type="OrderRefused", non_retryable=True)

    def _ordered(self, name: str, order: Message) -> CaseView:
        self._take(carry_out(self._case, name, order, workflow.now()))
        return self.status()


def _one_payload(_payload: RawValue) -> None:
    """What every signal handler looks like to the SDK."""


def _summary(why: str) -> str:
    """The sentence as far as it fits; a Thai letter has three bytes."""
    return why.encode()[:_LONGEST_SUMMARY].decode(errors="ignore")
