"""Disorder on purpose: webhooks that come twice, late and out of order, and processes that are killed."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from sandbox.machine.running import Running
from sandbox.play.customers import Actor
from sandbox.play.postman import Postman
from sandbox.providers.webhooks import Delivery
from sandbox.providers.world import ProviderWorld

A_FIFTH = 0.2
LATEST = timedelta(days=5)


class Disorder(Postman):
    """Every webhook comes twice; of a fifth both copies come hours or days late, and none in its order.

    The same seed makes the same disorder: it is drawn for each customer and counts their webhooks.
    """

    def __init__(self, world: ProviderWorld, actors: Sequence[Actor], seed: int) -> None:
        super().__init__(world, actors)
        self._seed = seed
        self._late: dict[str, list[tuple[datetime, Delivery]]] = defaultdict(list)  # by invoice, when it arrives
        self._seen: Counter[str] = Counter()
        self.delayed = 0

    def webhooks(self, actor: Actor, now: datetime) -> list[Delivery]:
        begins = now == actor.opened_at  # a case's time begins with the event that opens it
        for delivery in super().webhooks(actor, now):
            self._seen[actor.invoice] += 1
            chance = Random(f"{self._seed} {actor.script.key} {self._seen[actor.invoice]}")  # noqa: S311
            late = not begins and chance.random() < A_FIFTH
            self.delayed += late
            for _ in range(2):
                wait = LATEST * chance.random() if late else timedelta(0)
                self._late[actor.invoice].append((now + wait, delivery.copy()))
        arrives = [one for one in self._late[actor.invoice] if one[0] <= now]
        self._late[actor.invoice] = [one for one in self._late[actor.invoice] if one[0] > now]
        Random(f"{self._seed} {actor.script.key} {len(arrives)}").shuffle(arrives)  # noqa: S311
        return [delivery for _, delivery in arrives]

    def next_at(self, actor: Actor) -> datetime | None:
        return min((moment for moment, _ in self._late[actor.invoice]), default=None)

    def rest(self, now: datetime) -> list[Delivery]:
        late = [delivery for several in self._late.values() for _, delivery in several]
        return super().rest(now) + late


class Killer(threading.Thread):
    """Does something to the system each time the world has come so far: entries of the journal since now."""

    def __init__(self, here: Running, deeds: Sequence[tuple[int, str, Callable[[], object]]]) -> None:
        super().__init__(daemon=True)
        self._here = here
        self._deeds = deeds
        self._begin = len(here.world.log)
        self.over = threading.Event()
        self.done: list[str] = []

    def run(self) -> None:
        for after, name, deed in self._deeds:
            while len(self._here.world.log) - self._begin < after:
                if self.over.wait(0.005):
                    return
            deed()
            self.done.append(name)

    def __enter__(self) -> "Killer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


def kill(here: Running, name: str) -> Callable[[], object]:
    """kill -9, once it runs."""

    def deed() -> None:
        here.supervisor.wait_ready(name)
        here.supervisor.kill(name)

    return deed
