"""The half of the workflow that listens: to signals, orders and questions. It only records, and wakes the case."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.case import Case
from domain.life import Decided
from domain.orders import CHANGED
from domain.telling import ORDERS, TELLINGS
from workflows.clock import Clock
from workflows.hearing import hear, refusal
from workflows.messages import INTERRUPTING, OVERTAKEN, REFUSED, CaseView
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

    def _answered(self, order: str) -> CaseView:
        """The case as its order has left it: made on each replay too, whose rules need not know what to show."""
        try:
            return self.status()
        except Exception as error:
            why = f"The order {order} is carried out, but this worker cannot show the case ({type(error).__name__})."
            raise ApplicationError(why, type="NotShown", non_retryable=True) from None

    @workflow.update(dynamic=True)
    async def _unknown_order(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Any other update: its validator refuses it."""

    @_unknown_order.validator
    def _validate(self, name: str, payloads: Sequence[RawValue]) -> None:
        if no := refusal(self._case, name, payloads, workflow.now()):
            kind = OVERTAKEN if no.rule == CHANGED else REFUSED
            raise ApplicationError(no.why, type=kind, non_retryable=True)


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


def _order(name: str) -> Callable[..., Any]:
    """The handler of one order. As with signals: a typed one answers what does not fit with a trace."""

    @workflow.update(name=name)
    @wraps(_one_payload)
    async def carry_out(self: Listening, *payloads: Any) -> CaseView:
        self._hear(name, payloads)
        # The case acts while this waits: what the operator gets to see is what it made of the order.
        before = self._decided
        await workflow.wait_condition(lambda: self._decided is not before)
        return self._answered(name)

    @carry_out.validator
    @wraps(_one_payload)
    def validate(self: Listening, *payloads: Any) -> None:
        """Refuses the order with a sentence. Not asked on a replay, and free to follow today's rules."""
        self._validate(name, payloads)

    return carry_out


def _one_payload(self, _payload: RawValue) -> None:  # type: ignore[no-untyped-def]  # to the SDK a method has a bare self
    """What every handler of a message looks like to the SDK."""


# Handlers of the class, not of each case: a replay does not set them up again.
for _name in TELLINGS:
    setattr(Listening, f"_on_{_name}", _listener(_name))
for _name in ORDERS:
    setattr(Listening, f"_order_{_name}", _order(_name))
