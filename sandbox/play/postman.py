"""What happened in the stand-ins, sorted by customer."""

from collections import defaultdict
from collections.abc import Sequence

from sandbox.play.customers import Actor
from sandbox.play.evidence import entry_about
from sandbox.providers.journal import Json, LogEntry
from sandbox.providers.world import ProviderWorld


class Postman:
    """Sorts what happens in the stand-ins by customer."""

    def __init__(self, world: ProviderWorld, actors: Sequence[Actor]) -> None:
        self._world = world
        self._customers = {actor.invoice: actor.customer for actor in actors}
        self._read_entries = 0
        self._read_events = len(world.stripe.events)
        self._entries: dict[str, list[LogEntry]] = defaultdict(list)
        self._events: dict[str, list[Json]] = defaultdict(list)

    def knows(self, actor: Actor) -> None:
        """From now on this customer's as well; what opened the case is theirs to bring."""
        self._sort()
        self._customers[actor.invoice] = actor.customer
        self._events.pop(actor.customer, None)

    def entries(self, actor: Actor) -> list[LogEntry]:
        """The new entries of the journal about the actor's invoice, and about the customer alone."""
        self._sort()
        found = self._entries.pop(actor.invoice, []) + self._entries.pop(actor.customer, [])
        return sorted(found, key=lambda entry: entry.seq)

    def events(self, customer: str) -> list[Json]:
        """Stripe's new events about the customer."""
        self._sort()
        return self._events.pop(customer, [])

    def _sort(self) -> None:
        log = self._world.log
        for entry in log[self._read_entries :]:
            invoice = entry_about(entry)
            known = invoice if invoice in self._customers else entry.subjects.get("customer", "")
            self._entries[known].append(entry)
        self._read_entries = len(log)
        told = self._world.stripe.events
        for event in told[self._read_events :]:
            self._events[self._customer(event["data"]["object"])].append(event)
        self._read_events = len(told)

    def _customer(self, about: Json) -> str:
        if about["object"] == "customer":
            return str(about["id"])
        if about.get("customer"):
            return str(about["customer"])
        named = about.get("invoice") or about.get("charge")
        return str(self._world.stripe.get(named)["customer"]) if named else ""
