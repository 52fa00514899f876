"""The half of the workflow that listens: to signals, orders and questions. It only records, and wakes the case."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain import events, life
from domain.base import Message
from domain.case import Case
from domain.life import Decided
from domain.telling import TELLINGS
from workflows.clock import Clock
from workflows.hearing import hear
from workflows.messages import INTERRUPTING, CaseView
from workflows.view import details, view


class Listening:
    """A case that can be told and asked things. What follows from them its loop decides (workflows/dunning.py)."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._decided: Decided | None = None
        self._asking = True  # a decision is on its way
        self._has_news = False  # a message came since the case last began to decide
        self._interrupted = False  # one of those that a running step has to mind
        self._clock = Clock()

    @workflow.query
    def status(self) -> CaseView:
        """The case as it stands: facts, what happened, what is next and why."""
        return view(self._case, self._decided, deciding=self._asking or self._has_news)

    def details(self) -> str:
        """The same for people, in Markdown: the Temporal UI shows it (workflows/showing.py)."""
        return details(self._case, self._decided, deciding=self._asking or self._has_news)

    @workflow.signal(dynamic=True)
    def _unknown_signal(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Any other signal: recorded, so that its sender is not left wondering."""
        self._hear(name, payloads)

    def _hear(self, name: str, payloads: Sequence[Any]) -> None:
        self._clock.check()
        self._case = hear(self._case, name, payloads, workflow.now())
        self._tell(name)

    def _tell(self, name: str) -> None:
        """Wakes the case, whatever the message said: that it came is what the history holds."""
        self._has_news = True
        self._interrupted = self._interrupted or name in INTERRUPTING

    @workflow.update
    async def pause(self, order: events.Pause) -> CaseView:
        """Puts the case on hold, until resumed or until a date. The timeline stands still."""
        return await self._ordered("pause", order)

    @pause.validator
    def _may_pause(self, order: events.Pause) -> None:
        self._validate("pause", order)

    @workflow.update
    async def resume(self, order: events.Resume) -> CaseView:
        """Ends an operator's pause, or a wait for an operator."""
        return await self._ordered("resume", order)

    @resume.validator
    def _may_resume(self, order: events.Resume) -> None:
        self._validate("resume", order)

    @workflow.update
    async def settle(self, order: events.Settle) -> CaseView:
        """Ends the case: the debt is settled for an amount."""
        return await self._ordered("settle", order)

    @settle.validator
    def _may_settle(self, order: events.Settle) -> None:
        self._validate("settle", order)

    @workflow.update
    async def write_off(self, order: events.WriteOff) -> CaseView:
        """Ends the case: the debt is given up."""
        return await self._ordered("write_off", order)

    @write_off.validator
    def _may_write_off(self, order: events.WriteOff) -> None:
        self._validate("write_off", order)

    def _validate(self, name: str, order: Message) -> None:
        if refusal := life.refused(self._case, name, order, workflow.now()):
            raise ApplicationError(refusal, type="OrderRefused", non_retryable=True)

    async def _ordered(self, name: str, order: Message) -> CaseView:
        self._clock.check()  # not in the validator, where it would be the order's refusal
        self._case = life.carry_out(self._case, name, order, workflow.now())
        self._tell(name)
        # The case acts while this waits: what the operator gets to see is what it made of the order.
        before = self._decided
        await workflow.wait_condition(lambda: self._decided is not before)
        return self.status()


def _listener(name: str) -> Callable[..., None]:
    """The handler of one signal, named so that the Temporal UI offers it.

    To the SDK it takes one payload as it came; in truth it takes whatever comes. A typed handler would not do: the SDK
    drops a signal whose payload does not fit, without a trace, and one payload too many fails the case.
    """

    @workflow.signal(name=name)
    @wraps(_one_payload)
    def listen(self: Listening, *payloads: Any) -> None:
        self._hear(name, payloads)

    return listen


def _one_payload(self, _payload: RawValue) -> None:  # type: ignore[no-untyped-def]  # to the SDK a method has a bare self
    """What every signal handler looks like to the SDK."""


# Handlers of the class, not of each case: a replay does not set them up again.
for _name in TELLINGS:
    setattr(Listening, f"_on_{_name}", _listener(_name))
