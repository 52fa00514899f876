"""The queue of calls, for the people who make them: what may be called, with what is said, and who has it."""

from collections.abc import Callable
from datetime import datetime

from domain.addresses import NONE_KNOWN
from domain.base import Frozen
from domain.brand import BySegment
from domain.calendar import local, minute
from domain.call_hours import CallTime, best_window
from domain.calls import AUTOMATIC, CONVERSATIONS, CallResult, CallWindow, MadeBy, Offer, TaskState, in_utc
from domain.gates import Allow, Answer, Postpone, Refuse
from domain.money import Money
from domain.rules.calls import ask_call, ask_known, call_caps, call_closes, call_windows
from domain.situation import Situation
from domain.steps import CHANNEL_NAMES, Channel
from domain.truth import call_facts
from gateways.ports.beside import other_invoices
from gateways.ports.calls import CallScript, CallScripts, CallTaskRow, Taken
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import MADE
from service.requests import Refused, Unknown, WrongRequest
from service.standings import Standings

PAGE, MOST = 50, 500
_WAITING = (TaskState.OPEN, TaskState.TAKEN)
_ENDED = "the case has ended"
_SHOWN, _ANSWERS = 20, 3


class CallLine(Frozen):
    """One task of the queue. No personal data but who has it."""

    call: str
    invoice_id: str
    customer_id: str
    step: str
    state: TaskState
    now: bool  # whether it is an hour for it, as far as the queue knows: taking it asks everything anew
    call_from: datetime  # the next moment in its hours
    until: datetime
    taken_by: str = ""
    taken_until: datetime | None = None
    end_why: str = ""
    made_by: MadeBy = MadeBy.PERSON  # `machine`: nobody else can take it


class CallPage(Frozen):
    calls: tuple[CallLine, ...]
    after: str | None = None  # where the next page begins


class Past(Frozen):
    """One thing that was told, answered or promised."""

    at: datetime
    what: str


class OtherDue(Frozen):
    """Another unpaid invoice of the customer, which the call is about as well."""

    invoice_id: str
    number: str
    due: Money
    pay_link: str | None


class CallSheet(Frozen):
    """All that somebody needs who calls. Personal data.

    `call_hours`: in which the customer wants to be called, as they said. `best`: the first window around an hour of the
    day at which they were spoken to before (`answered_before`, by their clock: `Tue 18:10`), else the first window.
    """

    line: CallLine
    name: str | None
    number: str | None
    language: str
    zone: str
    local_time: str
    due: Money
    pay_link: str | None
    others: tuple[OtherDue, ...] = ()
    offers: tuple[Offer, ...]
    may_call: bool
    why_not: str = ""  # one sentence
    windows: tuple[CallWindow, ...] = ()  # from now on, in UTC
    local_windows: tuple[str, ...] = ()  # the same by the customer's clock
    call_hours: tuple[CallTime, ...] = ()
    best: CallWindow | None = None
    local_best: str = ""  # the same by the customer's clock
    answered_before: tuple[str, ...] = ()
    script: CallScript
    history: tuple[Past, ...]


class Calls:
    """`payments` and `scripts` are opened when they are first needed. Blocks. Raises Refused, Unknown, or
    ProviderTrouble when ledger or payment provider do not answer."""

    def __init__(
        self,
        ledger: Ledger,
        standings: Standings,
        payments: Callable[[], Payments],
        scripts: Callable[[], BySegment[CallScripts]],
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._standings = standings
        self._payments = payments
        self._scripts = scripts
        self._clock = clock

    def page(self, *, over: bool = False, now: bool = False, after: str | None = None, limit: int = PAGE) -> CallPage:
        """A page of the queue: those that may be called now first, each by how long it has waited. `over`: those that
        are done, expired or withdrawn instead; `now`: nothing but what may be called now."""
        if not 1 <= limit <= MOST:
            raise WrongRequest(f"A page has 1 to {MOST} calls.")
        if after is not None and self._ledger.call_task(after) is None:
            raise WrongRequest(f"There is no page after {after}: begin anew without it.")
        at = self._clock()
        self._ledger.calls_over(at)
        states = tuple(state for state in TaskState if (state in _WAITING) is not over)
        rows = self._ledger.call_tasks(states, after, limit)
        lines = [_line(row, at) for row in rows]
        shown = sorted(lines, key=lambda line: not line.now)
        if now:
            shown = [line for line in lines if line.now]
        return CallPage(calls=tuple(shown), after=rows[-1].call_id if len(rows) == limit else None)

    def sheet(self, call_id: str) -> CallSheet:
        """What is known and said, with what is due now."""
        row = self.task(call_id)
        invoice, now = self._read(row)
        answer = self._ask(row, invoice, now)
        return self._sheet(row, invoice, now, answer)

    def take(self, call_id: str, by: str) -> CallSheet:
        """Gives the call to somebody, if it may be made now: it counts as made from then on, unless it is given back.
        Taken again by the same person it is the same."""
        by = by.strip()
        if not by:
            raise WrongRequest("Say who calls.")
        if by == AUTOMATIC:
            raise WrongRequest(f"{AUTOMATIC} takes its calls by itself: say who calls.")
        row = self.task(call_id)
        if row.made_by is MadeBy.MACHINE:
            raise Refused(f"{call_id} is made by {AUTOMATIC}, as the policy says: take another one.")
        return self._take(row, by)

    def take_automatically(self, row: CallTaskRow) -> CallSheet:
        """The same for the automatic service."""
        return self._take(row, AUTOMATIC)

    def _take(self, row: CallTaskRow, by: str) -> CallSheet:
        call_id = row.call_id
        invoice, now = self._read(row)
        answer = self._ask(row, invoice, now)
        if isinstance(answer, Postpone | Refuse) or now is None:
            raise Refused(_sentence(row, answer, now.zones[0] if now else row.zones[0]))
        address = self._ledger.recipient(row.customer_id).address
        closes = call_closes(now, now.at, self._named(row, now))
        taken = self._ledger.take_call(call_id, address, call_caps(now, row.until), by, now.at, closes)
        if isinstance(taken, Postpone | Refuse):
            raise Refused(_sentence(row, taken, now.zones[0]))
        if not isinstance(taken, Taken):
            raise Refused(_not_free(taken, now.at))
        return self._sheet(taken.row, invoice, now, None)

    def give_back(self, call_id: str, by: str) -> CallLine:
        """No call was made: somebody else may take it, and nothing counts."""
        row = self.task(call_id)
        if by.strip() == AUTOMATIC:
            raise WrongRequest(f"{AUTOMATIC} gives its calls back by itself: say who has taken {call_id}.")
        if not self._ledger.give_back(call_id, by.strip(), self.now(row)):
            raise Refused(f"{by} has not taken {call_id}, or said already what came of it: nothing is given back.")
        return _line(self._ledger.call_task(call_id) or row, self._clock())

    def task(self, call_id: str) -> CallTaskRow:
        row = self._ledger.call_task(call_id)
        if row is None:
            raise Unknown(f"There is no call {call_id}: python starter.py calls list shows those that wait.")
        return row

    def situation(self, row: CallTaskRow) -> Situation | None:
        """The task's case as it stands; None: it is over."""
        return self._standings.of(row.invoice_id)

    def spoken_of(self, row: CallTaskRow) -> InvoiceSnapshot | None:
        """The invoice, if a call about it may be made now."""
        invoice, now = self._read(row)
        return invoice if self._ask(row, invoice, now) is None else None

    def may_be_made(self, row: CallTaskRow) -> bool:
        """Whether all that the ledger knows lets it be made now; nobody else is asked."""
        now = self.situation(row)
        return now is not None and isinstance(ask_known(now, self._named(row, now)), Allow)

    def now(self, row: CallTaskRow) -> datetime:
        """The time by which the case lives, which may be ahead of this machine's clock."""
        now = self.situation(row)
        return now.at if now else self._clock()

    def _read(self, row: CallTaskRow) -> tuple[InvoiceSnapshot, Situation | None]:
        """The invoice first: what it says of the customer decides as well."""
        invoice = self._payments().read_invoice(row.invoice_id)
        if invoice.customer:
            self._ledger.customer_is(invoice.customer)
        return invoice, self.situation(row)

    def _ask(self, row: CallTaskRow, invoice: InvoiceSnapshot, now: Situation | None) -> Answer | None:
        """Why the call may not be made now; None: it may. Caps are asked by who takes it."""
        if now is None:
            return Refuse(why=_ENDED)
        if row.state not in _WAITING:
            return Refuse(why=row.end_why or f"it is {row.state.value}")
        if row.until <= now.at:
            return Refuse(why=f"it was to be made until {in_utc(row.until)}")
        if self._ledger.recipient(row.customer_id).address.place(Channel.PHONE) is None:
            return Refuse(why=NONE_KNOWN["phone"])
        answer = ask_call(now, invoice.now, self._named(row, now))
        if isinstance(answer, Postpone | Refuse):
            return answer
        if now.at < row.call_from:
            return Postpone(until=row.call_from, why="the customer asked for a later hour, or a rule keeps it waiting")
        return None

    def _named(self, row: CallTaskRow, now: Situation) -> datetime | None:
        """The moment at which the customer asked a person to call them back: it stands beside the hours that they have
        stated. The automatic service names none, and keeps to those."""
        if not now.circumstances.call_hours:
            return None
        last = next((one for one in reversed(self._ledger.calls_of(row.call_id)) if one.result), None)
        if last is None or last.result is not CallResult.CALL_BACK or last.by == AUTOMATIC or last.result_at is None:
            return None
        customer = self._ledger.customer(row.customer_id)
        said_at = customer.call_hours_at if customer else None
        # Of a call that somebody else had by then no moment is kept, and what is said later takes its place.
        is_newer = said_at is not None and said_at > last.result_at
        return row.call_from if row.call_from > last.result_at and not is_newer else None

    def _sheet(
        self, row: CallTaskRow, invoice: InvoiceSnapshot, now: Situation | None, answer: Answer | None
    ) -> CallSheet:
        address = self._ledger.recipient(row.customer_id).address
        case = self._ledger.case(row.invoice_id)
        at = now.at if now else self._clock()
        zones = now.zones if now else row.zones
        windows: tuple[CallWindow, ...] = ()
        if now and not row.ended_at:
            windows = call_windows(now, max(at, row.call_from), row.until, self._named(row, now))
        with_them = [one for _, one in self._ledger.calls_with(row.customer_id)]
        answered = [one.at for one in with_them if one.result in CONVERSATIONS and not one.given_back]
        best = best_window(windows, answered, zones[0])
        # What was true when it was queued may be over: a try that was made, a restriction that came.
        said = call_facts(now) if now else row.said
        about = row.invoice_id, row.customer_id, at
        others = other_invoices(*about, self._payments(), self._ledger) if now else ()
        script = self._scripts().of(case.segment if case else "").script(said, row.offers, address, invoice, others)
        return CallSheet(
            line=_line(row, at),
            name=address.name,
            number=address.place(Channel.PHONE),
            language=script.language,
            zone=zones[0],
            local_time=minute(local(at, zones[0])),
            due=invoice.remaining,
            pay_link=invoice.pay_url,
            others=tuple(_due(other) for other in others),
            offers=row.offers,
            may_call=answer is None,
            why_not="" if answer is None else _sentence(row, answer, now.zones[0] if now else row.zones[0]),
            windows=windows,
            local_windows=tuple(window.said(zones[0]) for window in windows),
            call_hours=now.circumstances.call_hours if now else (),
            best=best,
            local_best=best.said(zones[0]) if best else "",
            answered_before=tuple(f"{local(one, zones[0]):%a %H:%M}" for one in answered[-_ANSWERS:]),
            script=script,
            history=self._history(row, address),
        )

    def _history(self, row: CallTaskRow, address: Address) -> tuple[Past, ...]:
        """What the customer was told about this invoice, and all that they answered, the newest last."""
        told = [
            Past(at=one.as_of, what=f"{one.stage} {CHANNEL_NAMES[one.channel]} {one.delivery or one.state}")
            for one in self._ledger.contacts(row.invoice_id)
            if one.state in MADE
        ]
        answered = [
            Past(at=one.at, what=f"answered ({CHANNEL_NAMES[one.channel]}): {one.text}")
            for one in self._ledger.replies(address.customer_id)
        ]
        called = [
            Past(at=one.result_at or one.at, what=f"call: {one.result.words if one.result else 'no result yet'}")
            for _, one in self._ledger.calls_with(row.customer_id)
            if not one.given_back
        ]
        return tuple(sorted((*told, *answered, *called), key=lambda past: past.at)[-_SHOWN:])


def _due(other: InvoiceSnapshot) -> OtherDue:
    return OtherDue(invoice_id=other.id, number=other.number or other.id, due=other.remaining, pay_link=other.pay_url)


def _line(row: CallTaskRow, at: datetime) -> CallLine:
    opens = next_opening(row, at)
    free = row.state is TaskState.OPEN or (row.taken_until is not None and row.taken_until <= at)
    # Who let it lie has it no more.
    state = TaskState.OPEN if row.state is TaskState.TAKEN and free else row.state
    return CallLine(
        call=row.call_id,
        invoice_id=row.invoice_id,
        customer_id=row.customer_id,
        step=row.step,
        state=state,
        now=state is TaskState.OPEN and opens <= at < row.until,
        call_from=opens,
        until=row.until,
        taken_by="" if state is TaskState.OPEN else row.taken_by,
        taken_until=None if state is TaskState.OPEN else row.taken_until,
        end_why=row.end_why,
        made_by=row.made_by,
    )


def next_opening(row: CallTaskRow, at: datetime) -> datetime:
    """From when on it may be called by the hours that it was queued with; its own first moment, where none is left."""
    start = max(at, row.call_from)
    left = [max(window.start, start) for window in row.windows if window.end > start]
    if left:
        return left[0]
    # The customer has named an hour after all of them, and that was looked at.
    named = not row.windows or row.windows[-1].end <= row.call_from
    return start if named else row.until


def _sentence(row: CallTaskRow, answer: Answer | None, zone: str) -> str:
    """Why no call is made, and when it may be, by the customer's clock."""
    rule = f" ({answer.rule})" if isinstance(answer, Postpone | Refuse) and answer.rule else ""
    why = answer.why if isinstance(answer, Postpone | Refuse) else _ENDED
    if isinstance(answer, Postpone):
        if answer.until >= row.until:
            return f"No call: {why}{rule}; it was to be made until {in_utc(row.until)}, and is not made any more."
        then = f"{minute(local(answer.until, zone))} in {zone} ({in_utc(answer.until)})"
        return f"No call yet: {why}{rule}. It may be made from {then} on."
    return f"No call: {why}{rule}."


def _not_free(row: CallTaskRow, at: datetime) -> str:
    if row.state is TaskState.TAKEN and row.taken_until and at < row.taken_until:
        return f"{row.taken_by} has taken {row.call_id} until {in_utc(row.taken_until)}: take another one."
    return f"{row.call_id} is {row.state.value}: {row.end_why or 'its time is over'}."
