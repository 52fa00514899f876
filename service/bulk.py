"""Bulk orders as who gives them sees them: made, read, run, cancelled. service/bulk_work.py carries them out."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from domain.base import Frozen
from domain.sentences import sentence
from domain.telling import ORDERS
from gateways.ports.bulk import Bulk, BulkBook, BulkLine, BulkState, Chosen, LineState
from service.cases import STATUSES
from service.keys import Caller
from service.requests import Refused, Unknown, WrongRequest

__all__ = ["Bulk", "BulkDesk", "BulkLine", "BulkState", "Chosen", "LineState", "Progress"]

MOST_NAMED = 10_000
"""Cases that one request may name."""
NAMES = tuple(name for name in ORDERS if name != "reopen_channel")
"""The orders that are about a case; a channel is the customer's."""


class Progress(Frozen):
    """A bulk order, and how many of its cases are in each state."""

    bulk: Bulk
    cases: dict[LineState, int]

    @property
    def total(self) -> int:
        return sum(self.cases.values())


class BulkDesk:
    """Raises Unknown, Refused, WrongRequest, or ProviderTrouble when the ledger does not answer."""

    def __init__(self, book: BulkBook, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._clock = clock

    def make(
        self,
        caller: Caller,
        name: str,
        given: Mapping[str, Any],
        cases: Sequence[str] | Chosen,
        *,
        dry_run: bool = True,
        token: str | None = None,
    ) -> Progress:
        """Writes a bulk order down; its cases are looked at next, and ordered after that unless it is a dry run.

        given: what the order says, by the names of its form in `domain/events.py`. token: the caller's own for this
        request, by which it is one bulk order however often it comes.
        """
        body = _body(name, {**given, "by": caller.name})
        chosen = cases if isinstance(cases, Chosen) else None
        if chosen and chosen.status not in (None, *STATUSES):
            raise WrongRequest(f"There is no status {chosen.status!r}: use one of {', '.join(STATUSES)}.")
        named = () if isinstance(cases, Chosen) else cases
        if chosen is None and not 1 <= len(named) <= MOST_NAMED:
            raise WrongRequest(f"Name 1 to {MOST_NAMED} invoices, or choose cases by a filter.")
        bulk = Bulk(
            bulk_id=_id(token and [caller.key_id, token, name, body, cases]),
            name=name,
            body=body,
            chosen=chosen,
            dry_run=dry_run,
            key_id=caller.key_id,
            by=caller.name,
            made_at=self._clock(),
            selected=chosen is None,
        )
        self._book.make_bulk(bulk, named)
        return self.progress(bulk.bulk_id)

    def progress(self, bulk_id: str) -> Progress:
        bulk = self._book.bulk(bulk_id)
        if bulk is None:
            raise Unknown(f"There is no bulk order {bulk_id}: python starter.py bulk list shows the ones there are.")
        return Progress(bulk=bulk, cases=dict(self._book.tally(bulk_id)))

    def page(self, before: str | None, limit: int) -> tuple[list[Progress], str | None]:
        """The newest first, and before which the next page is; None: there is none."""
        found = self._book.bulks(before, limit + 1)
        shown = [Progress(bulk=bulk, cases=dict(self._book.tally(bulk.bulk_id))) for bulk in found[:limit]]
        return shown, found[limit - 1].bulk_id if len(found) > limit else None

    def lines(
        self, bulk_id: str, states: Sequence[LineState], after: int, limit: int
    ) -> tuple[list[BulkLine], int | None]:
        """A page of its cases, and after which number the next one begins; None: there is none."""
        self.progress(bulk_id)
        found = self._book.bulk_lines(bulk_id, states, after, limit + 1)
        return found[:limit], found[limit - 1].number if len(found) > limit else None

    def run(self, bulk_id: str) -> Progress:
        """Orders what a dry run has shown. Once: asked again it says how far it is."""
        if not self._book.move(bulk_id, BulkState.SHOWN, BulkState.ORDERING, self._clock()):
            now = self.progress(bulk_id)
            if now.bulk.state is BulkState.LOOKING:
                raise Refused("Its cases are still looked at: run it when they all are.")
            if now.bulk.state is BulkState.CANCELLED:
                raise Refused("It was cancelled: make a new one.")
            return now
        return self.progress(bulk_id)

    def cancel(self, bulk_id: str, by: str) -> Progress:
        """Leaves out every case that is not being ordered already."""
        before = self.progress(bulk_id).bulk
        if before.state is BulkState.DONE:
            raise Refused("It is done: nothing is left to be cancelled.")
        self._book.cancel(bulk_id, self._clock(), f"cancelled by {by}")
        return self.progress(bulk_id)


def _body(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The order as it is kept. Raises WrongRequest."""
    if name not in NAMES:
        raise WrongRequest(f"There is no order {name} for many cases: use one of {', '.join(NAMES)}.")
    try:
        order = ORDERS[name].form.model_validate(given)
    except ValidationError as error:
        raise WrongRequest(sentence(error)) from None
    return order.model_dump(mode="json", exclude={"by", "expects"})


def _id(of: object) -> str:
    """Always the same for the same request; one that nobody types by mistake."""
    known = hashlib.sha256(json.dumps(of, default=dict).encode()).hexdigest()[:16] if of else secrets.token_hex(8)
    return f"bulk_{known}"
