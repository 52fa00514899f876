"""What happened in the stand-ins, and what their webhooks are about to say of it, sorted by customer."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sandbox.play.customers import Actor
from sandbox.play.evidence import entry_about, invoice_of
from sandbox.providers.journal import LogEntry
from sandbox.providers.webhooks import Delivery
from sandbox.providers.world import ProviderWorld


class Postman:
    """Sorts the journal by customer, and holds the providers' webhooks back until somebody asks for them: a case stands
    still while it is told what happened."""

    def __init__(self, world: ProviderWorld, actors: Sequence[Actor]) -> None:
        self._world = world
        self._customers = {actor.invoice: actor.customer for actor in actors}
        self._read_entries = 0
        self._entries: dict[str, list[LogEntry]] = defaultdict(list)

    def knows(self, actor: Actor) -> None:
        """From now on this customer's as well."""
        self._sort()
        self._customers[actor.invoice] = actor.customer

    def entries(self, actor: Actor) -> list[LogEntry]:
        """The new entries of the journal about the actor's invoice, and about the customer alone."""
        self._sort()
        found = self._entries.pop(actor.invoice, []) + self._entries.pop(actor.customer, [])
        return sorted(found, key=lambda entry: entry.seq)

    def webhooks(self, actor: Actor, now: datetime) -> list[Delivery]:
        """What the providers have to say to us now of the customer, of their phone or LINE, and of the messages about
        the invoice, in the order in which it arrives; dated by when it was seen to have happened."""

        def about(delivery: Delivery) -> bool:
            invoice = _invoice(delivery)
            if invoice in self._customers:
                return invoice == actor.invoice
            said = delivery.subjects
            theirs = (("customer", actor.customer), ("user", actor.line_user))
            known = any(place is not None and said.get(name) == place for name, place in theirs)
            return known or said.get("number") in actor.numbers

        arrives = actor.script.order_of(_dated(self._world.outbox.take(about), now))
        return [delivery.copy() for delivery in arrives]

    def next_at(self, actor: Actor) -> datetime | None:  # noqa: ARG002 - whoever delays webhooks needs it
        """When the next of them arrives that is under way; None: none is."""
        return None

    def rest(self, now: datetime) -> list[Delivery]:
        """All that nobody asked for."""
        return _dated(self._world.outbox.take(), now)

    def _sort(self) -> None:
        log = self._world.log
        for entry in log[self._read_entries :]:
            invoice = entry_about(entry)
            known = invoice if invoice in self._customers else entry.subjects.get("customer", "")
            self._entries[known].append(entry)
        self._read_entries = len(log)


def _dated(deliveries: Sequence[Delivery], now: datetime) -> list[Delivery]:
    return [delivery.at(int(now.timestamp())) for delivery in deliveries]


def _invoice(delivery: Delivery) -> str:
    """The invoice that a message was about; empty: the webhook is about no message."""
    return delivery.subjects.get("invoice") or invoice_of(delivery.key)
