"""Starts every open case anew after Temporal's database was lost: the ledger has each at its newest decision. And what
is left to do towards the customers of cases that are over (0064)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache, partial

from pydantic import ValidationError

from domain.base import Frozen
from domain.case import Case
from domain.closing_messages import VALID, WITHDRAWN_WITHIN, ClosingTask, occasion_left, over_at
from domain.policy import Policy
from gateways.ports.ledger import Ledger
from gateways.ports.trouble import NotFound
from service.lanes import Piece, overlapping

AT_ONCE = 32
_PAGE = 500
_TOLD = ("sent", "unknown")

Start = Callable[[Case, Policy], Awaitable[bool]]
"""Starts a case's workflow; False when Temporal has or had one of this invoice."""


Conclude = Callable[[ClosingTask], Awaitable[bool]]
"""Starts what is left to do towards the customer of a case; False when Temporal has or had that one."""


class Restarted(StrEnum):
    """What became of one case of the ledger."""

    STARTED = "started"
    THERE = "already there"  # Temporal runs it, or remembers its end
    UNREADABLE = "unreadable"
    CONCLUDED = "over, with something left to do"


class Restart(Frozen):
    """One case of the ledger."""

    invoice_id: str
    result: Restarted
    problem: str = ""


async def rebuild(
    ledger: Ledger, start: Start, conclude: Conclude, clock: Callable[[], datetime]
) -> AsyncIterator[Restart]:
    """Starts the workflow of every case that the ledger has as not closed, in order of their invoices' ids; then what
    is left to do for those that were over, or went to an agency, within a week before `clock` (UTC).

    May be run again, and beside a worker: what runs is left alone. One case that cannot be read does not stop the
    others. Raises ProviderTrouble when the ledger, RPCError when Temporal does not answer.
    """

    @cache
    def policy(digest: str) -> Policy:
        return Policy.stored(ledger.policy(digest))

    def pieces() -> Iterator[Piece[Restart]]:
        for invoice_id, state in _states(ledger):
            yield Piece((), partial(_restart, invoice_id, state, policy, start))

    async for restart in overlapping(pieces(), AT_ONCE):
        yield restart
    now = clock()
    async for ended in overlapping(_endings(ledger, conclude, now), AT_ONCE):
        if ended:
            yield ended


def _endings(ledger: Ledger, conclude: Conclude, now: datetime) -> Iterator[Piece[Restart | None]]:
    last: str | None = None
    while page := ledger.states_decided_since(now - WITHDRAWN_WITHIN, last, _PAGE):
        for invoice_id, state in page:
            if task := _left(ledger, state, now):
                yield Piece((), partial(_conclude, invoice_id, task, conclude))
        last, _ = page[-1]


def _left(ledger: Ledger, state: str, now: datetime) -> ClosingTask | None:
    """What is left to do for a case, as far as the ledger shows; the activity reads the rest anew."""
    try:
        case = Case.model_validate_json(state)
    except ValidationError:
        return None  # nothing could be said of it in any case
    occasion, since, facts = occasion_left(case), over_at(case), case.facts
    if occasion is None or since is None:
        return None
    stands = any(notice.invoice_id == facts.invoice_id for notice in ledger.standing_notices(facts.customer_id))
    told = any(row.said and row.said.closed for row in ledger.contacts(facts.invoice_id) if row.state in _TOLD)
    if not stands and (told or now > since + VALID):
        return None
    return ClosingTask(
        invoice_id=facts.invoice_id, customer_id=facts.customer_id, occasion=occasion, since=since, as_of=now
    )


async def _conclude(invoice_id: str, task: ClosingTask, conclude: Conclude) -> Restart | None:
    began = await conclude(task)
    return Restart(invoice_id=invoice_id, result=Restarted.CONCLUDED) if began else None


async def _restart(invoice_id: str, state: str, policy: Callable[[str], Policy], start: Start) -> Restart:
    try:
        case = Case.model_validate_json(state)
        follows = policy(case.policy.digest)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return Restart(invoice_id=invoice_id, result=Restarted.UNREADABLE, problem=f"{where}: {first['msg']}.")
    except NotFound as error:
        return Restart(invoice_id=invoice_id, result=Restarted.UNREADABLE, problem=str(error))
    try:
        result = Restarted.STARTED if await start(case, follows) else Restarted.THERE
    except (LookupError, ValueError, TypeError) as error:
        # What today's rules cannot make sense of, such as a zone that is gone. The others are started all the same.
        return Restart(invoice_id=invoice_id, result=Restarted.UNREADABLE, problem=f"{type(error).__name__}: {error}")
    return Restart(invoice_id=invoice_id, result=result)


def _states(ledger: Ledger) -> Iterator[tuple[str, str]]:
    last: str | None = None
    while page := ledger.case_states(last, _PAGE):
        yield from page
        last, _ = page[-1]
