"""What protects customers as persons: set and ended in the ledger, at once, and the open cases told."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from domain import events
from domain.base import Frozen
from domain.protection import Protected, Protection, SetBy, standing
from gateways import billing_events
from gateways.ports.ledger import Ledger
from gateways.provider_facts import PersonChanged
from service.mailroom import Mailroom, NotKept
from service.news import Told
from service.requests import Refused, Unavailable, WrongRequest
from service.running import Ended, RunningCases
from service.threads import Threads

_AHEAD = timedelta(minutes=5)
"""So far another system's clock may be ahead of ours."""


class ProtectionFile(Frozen):
    """What protects the person now, one of a kind, and all that was said, oldest first."""

    customer_id: str
    standing: tuple[Protected, ...]
    history: tuple[Protected, ...]


class Protections:
    """mailroom: by it the open cases are told, whenever Temporal answers.

    Raises WrongRequest or Refused, Unavailable, or ProviderTrouble when the ledger does not answer: the same request
    may then be made again.
    """

    def __init__(self, ledger: Ledger, mailroom: Mailroom, threads: Threads, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._mailroom = mailroom
        self._threads = threads
        self._clock = clock

    async def of(self, customer_id: str) -> ProtectionFile:
        """Also of somebody who has no case yet."""
        return await self._threads.run(protections_of, self._ledger, customer_id, self._clock())

    async def protect(
        self,
        customer_id: str,
        protection: Protection,
        event_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        source: SetBy,
        by: str,
        note: str = "",
    ) -> ProtectionFile:
        """From now on nothing is done to this person by itself; with an event id that came before it counts once.
        `since`: from when on it is known; None: now. `until`: when it ends by itself."""
        now = self._clock()
        if since and since > now + _AHEAD:
            raise WrongRequest(f"since: {since.isoformat()} lies in the future.")
        said = Protected(
            protection=protection,
            event_id=event_id,
            since=min(since or now, now),
            until=until,
            source=source,
            by=by,
            note=note,
        )
        require_lasting(said, now)
        await self._threads.run(self._ledger.protect, customer_id, said)
        await self._tell(customer_id, f"{protection.value}/{event_id}", now)
        return await self.of(customer_id)

    async def unprotect(self, customer_id: str, protection: Protection, *, by: str, note: str = "") -> ProtectionFile:
        """It protects no more, and the cases go on."""
        now = self._clock()
        await self._threads.run(_end, self._ledger, customer_id, protection, now, by, note)
        await self._tell(customer_id, f"{protection.value}/ended/{now.isoformat()}", now)
        return await self.of(customer_id)

    async def _tell(self, customer_id: str, what: str, at: datetime) -> None:
        arrival = billing_events.person_changed(customer_id, what, at)
        try:
            await self._mailroom.keep(arrival.provider, [arrival])
        except NotKept as error:
            raise Unavailable(str(error)) from None


class ProtectionsByHand:
    """The same for a program that is given by hand: it tells the cases itself.

    Raises as `Protections`, and RPCError when Temporal does not answer; the ledger has it then, and so it holds.
    """

    def __init__(self, running: RunningCases, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._running = running
        self._ledger = ledger
        self._clock = clock

    async def protect(
        self, customer_id: str, protection: Protection, event_id: str, *, until: datetime | None, by: str, note: str
    ) -> ProtectionFile:
        """From now on nothing is done to this person by itself. `until`: when it ends by itself."""
        now = self._clock()
        said = Protected(
            protection=protection,
            event_id=event_id,
            since=now,
            until=until,
            source=SetBy.OPERATOR,
            by=by,
            note=note,
        )
        require_lasting(said, now)
        self._ledger.protect(customer_id, said)
        return await self._told(customer_id, f"{protection.value}/{event_id}", now)

    async def unprotect(self, customer_id: str, protection: Protection, *, by: str, note: str) -> ProtectionFile:
        """It protects no more, and the cases go on."""
        now = self._clock()
        _end(self._ledger, customer_id, protection, now, by, note)
        return await self._told(customer_id, f"{protection.value}/ended/{now.isoformat()}", now)

    async def _told(self, customer_id: str, what: str, now: datetime) -> ProtectionFile:
        for case in self._ledger.open_cases_of(customer_id):
            with suppress(Ended):
                await self._running.tell(case.invoice_id, "person_changed", _news(f"{customer_id}/{what}"))
        return protections_of(self._ledger, customer_id, now)


def require_lasting(said: Protected, now: datetime) -> None:
    """Raises WrongRequest: a breathing space has an end, and none ends before it begins."""
    if said.until and said.until <= now:
        raise WrongRequest(f"until: {said.until.isoformat()} lies in the past.")
    if said.protection is Protection.BREATHING_SPACE and said.until is None:
        raise WrongRequest("A breathing space has an end: say until when.")


def _end(ledger: Ledger, customer_id: str, protection: Protection, now: datetime, by: str, note: str) -> None:
    if not any(one.protection is protection for one in standing(ledger.protections(customer_id), now)):
        raise Refused(f"Nothing of the kind protects customer {customer_id} now ({protection.in_words}).")
    ledger.unprotect(customer_id, protection, now, by, note)


def protections_of(ledger: Ledger, customer_id: str, at: datetime) -> ProtectionFile:
    """What protects a person at a moment, and what was ever said of it."""
    said = tuple(ledger.protections(customer_id))
    return ProtectionFile(customer_id=customer_id, standing=standing(said, at), history=said)


def of_person(ledger: Ledger, fact: PersonChanged) -> Told:
    """Wakes every open case of the person: what they decide then reads the ledger."""
    return wake(ledger, fact.customer_id, fact.event_id)


def wake(ledger: Ledger, customer_id: str, event_id: str) -> Told:
    """That something new protects the person, or no longer does, for each open case."""
    return [(case, "person_changed", _news(event_id)) for case in ledger.open_cases_of(customer_id)]


def _news(event_id: str) -> events.PersonChanged:
    """With an id of a length that a case takes."""
    return events.PersonChanged(event_id=f"person-{hashlib.sha256(event_id.encode()).hexdigest()[:32]}")
