"""The queue of calls: tasks for people of the merchant or the automatic service, and the calls that were made."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.base import Frozen
from domain.calls import CallResult, CallWindow, MadeBy, Offer, TaskState
from domain.gates import Postpone, Refuse
from domain.rules.contacts import ContactCaps
from domain.truth import MessageFacts
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot


class CallTaskRow(Frozen):
    """One call that somebody is to make. No personal data but `address` and `taken_by`."""

    call_id: str  # domain/calls.py
    invoice_id: str
    customer_id: str
    step: str
    state: TaskState
    as_of: datetime  # when it was put into the queue, by the case's time
    call_from: datetime  # no sooner than this: a rule says so, or the customer
    until: datetime  # then it is over
    zones: tuple[str, ...]  # the customer's clocks
    windows: tuple[CallWindow, ...]  # as they were when it was put there
    offers: tuple[Offer, ...]
    said: MessageFacts  # what is told of the case
    why: str
    address: str | None = None  # the number then
    taken_by: str = ""
    taken_until: datetime | None = None
    ended_at: datetime | None = None
    end_why: str = ""
    made_by: MadeBy = MadeBy.PERSON


class CallRow(Frozen):
    """One call that was taken up. It counts as made unless it was given back: nobody knows whether it was."""

    call_id: str
    number: int  # 1, 2, … of its task
    by: str
    at: datetime
    given_back: bool = False
    result: CallResult | None = None
    result_at: datetime | None = None
    provider_id: str | None = None  # of the automatic service
    confirmed: bool = False  # who answered the automatic service pressed that it is them
    heard: CallResult | None = None  # what the automatic service has heard; the case is told of it as `result`
    told: bool = False  # the case knows what the automatic service has heard


class Taken(NamedTuple):
    """A task that is the caller's, and the number of the call."""

    row: CallTaskRow
    number: int


class CallScript(Frozen):
    """What is read aloud, in the customer's language: first `ask`, then `check`, and only then `lines`."""

    language: str
    ask: str  # for the customer
    check: str  # what only the customer knows
    stranger: str  # to anybody else: nothing of a debt
    machine: str  # the same, to an answering machine
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """As one text, to be looked at."""
        return "\n\n".join((self.ask, self.machine, self.stranger, self.check, "\n".join(self.lines)))


class CallScripts(Protocol):
    """The words of calls."""

    def script(
        self,
        facts: MessageFacts,
        offers: Sequence[Offer],
        address: Address,
        invoice: InvoiceSnapshot,
        others: Sequence[InvoiceSnapshot] = (),
    ) -> CallScript:
        """`others`: the customer's other unpaid invoices, which are named as well."""


class CallBook(Protocol):
    """Tasks, each put into the queue once. Those whose time is over, or whose case stands still, ends or is over, are
    nobody's to take."""

    def queue_call(self, row: CallTaskRow, to: Address, caps: ContactCaps) -> CallTaskRow | Refuse:
        """Puts a task into the queue, once, from when on law and policy have room (`call_from`); where they have none
        before it is over, or none at all, only the record keeps it. One that stands is returned as it is."""

    def call_task(self, call_id: str) -> CallTaskRow | None: ...

    def call_tasks(self, states: Sequence[TaskState], after: str | None, limit: int) -> list[CallTaskRow]:
        """A page of the tasks in some states, by `call_from` and id; `after` is the id of the page's end before."""

    def calls_of(self, call_id: str) -> list[CallRow]:
        """The calls of one task, oldest first."""

    def calls_with(self, customer_id: str) -> list[tuple[CallTaskRow, CallRow]]:
        """All calls with a customer, oldest first."""

    def take_call(
        self,
        call_id: str,
        to: Address,
        caps: ContactCaps,
        by: str,
        at: datetime,
        closes: datetime | None = None,
    ) -> Taken | CallTaskRow | Postpone | Refuse:
        """Gives the task to somebody for `LEASE`, no longer than to `closes` (UTC), and counts the call, in one
        transaction. The row alone where it is nobody's to take; whoever has it already gets it as it is."""

    def untold_calls(self) -> list[tuple[CallTaskRow, CallRow]]:
        """Calls that the automatic service has taken and of which the case has not been told yet, oldest first."""

    def automatic_calls(self, at: datetime, after: str = "") -> list[CallTaskRow]:
        """A page of the tasks that the automatic service may make now, by id; `after` is the end of the page before.
        Empty: there are no more."""

    def dialled_at(self, place: str) -> set[str]:
        """The provider's ids of all calls to a number, by what it is compared by."""

    def dialled(self, call_id: str, number: int, provider_id: str) -> None:
        """The provider has the call."""

    def confirmed(self, call_id: str, number: int) -> None:
        """Who answered the automatic service has pressed that it is them."""

    def heard(self, call_id: str, number: int, result: CallResult) -> bool:
        """What whoever answered the automatic service wants, or what has answered; what was heard first stands. False:
        something was, or is told already."""

    def over(self, call_id: str, number: int) -> None:
        """The call has ended: where nothing was heard, nobody was reached, but for who has pressed that it is them."""

    def told(self, call_id: str, number: int) -> None:
        """The case knows what was heard."""

    def not_automatic(self, call_id: str, at: datetime, why: str, number: int | None = None) -> None:
        """The automatic service cannot make it: a person may, where the policy says so; else it is withdrawn. `number`:
        the call that it had taken for it; None: none, and a task that is taken by now stays as it is."""

    def give_back(self, call_id: str, by: str, at: datetime, why: str = "no call was made") -> bool:
        """No call was made: its entry says why. False: it is not theirs."""

    def call_result(
        self, call_id: str, by: str, result: CallResult, at: datetime, why: str, again: CallWindow | None = None
    ) -> tuple[int, CallResult] | None:
        """Keeps what came of somebody's newest call of a task, once, with its entry: its number, and the result that
        stands. The task ends with it, and its event is told, unless somebody else has taken it since. `again`:
        CALL_BACK, the hours for which the task waits for another call, beyond its own end if need be. None: they have
        not taken it, or given it back."""

    def call_place(self, call_id: str, number: int) -> str | None:
        """What the number is compared by that one call of a task went to."""

    def calls_over(self, at: datetime) -> int:
        """Ends those whose time is over, and says how many there were."""
