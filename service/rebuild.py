"""Starts every open case anew after Temporal's database was lost: the ledger has each at its newest decision."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from enum import StrEnum
from functools import cache, partial

from pydantic import ValidationError

from domain.base import Frozen
from domain.case import Case
from domain.policy import Policy
from gateways.ports.ledger import Ledger
from gateways.ports.trouble import NotFound
from service.lanes import Piece, overlapping

AT_ONCE = 32
_PAGE = 500

Start = Callable[[Case, Policy], Awaitable[bool]]
"""Starts a case's workflow; False when Temporal has or had one of this invoice."""


class Restarted(StrEnum):
    """What became of one open case of the ledger."""

    STARTED = "started"
    THERE = "already there"  # Temporal runs it, or remembers its end
    UNREADABLE = "unreadable"


class Restart(Frozen):
    """One open case of the ledger."""

    invoice_id: str
    result: Restarted
    problem: str = ""


async def rebuild(ledger: Ledger, start: Start) -> AsyncIterator[Restart]:
    """Starts the workflow of every case that the ledger has as not closed, in order of their invoices' ids.

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
