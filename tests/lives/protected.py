"""What protects the person in one life: set and ended at any moment, with or without the news of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from domain import events
from domain.base import Message
from domain.protection import Protected, Protection, SetBy, standing


class Guardian:
    """Up to three protections, each with its date or ended by an operator."""

    def __init__(self, random: Random, opened: datetime) -> None:
        self.said: list[Protected] = []
        for number in range(random.choice([0, 0, 0, 1, 2, 3])):
            # Also before the case was opened: it is about the person.
            since = opened + timedelta(minutes=random.randrange(-5 * 1440, 40 * 1440))
            over = since + timedelta(minutes=random.randrange(10, 20 * 1440))
            dated = random.random() < 0.5
            said = Protected(
                protection=random.choice(list(Protection)),
                event_id=f"g{number}",
                since=since,
                until=over if dated else None,
                source=SetBy.OPERATOR,
                by="pat",
                ended_at=None if dated else over,
                ended_by="" if dated else "pat",
            )
            self.said.append(said)
        self._lost = random.random() < 0.3  # the news of what was set never arrives

    def at(self, moment: datetime) -> tuple[Protected, ...]:
        """What the ledger has at a moment."""
        return standing([self._then(one, moment) for one in self.said if one.since <= moment], moment)

    @property
    def moments(self) -> list[datetime]:
        """When something begins or ends to protect the person."""
        ends = (one.until or one.ended_at for one in self.said)
        return [*(one.since for one in self.said), *(end for end in ends if end)]

    @staticmethod
    def _then(one: Protected, moment: datetime) -> Protected:
        later = one.ended_at and moment < one.ended_at
        return one.but(ended_at=None) if later else one

    def news(self) -> Iterator[tuple[datetime, str, Message]]:
        for one in self.said:
            if not self._lost:
                yield one.since, "person_changed", events.PersonChanged(event_id=f"{one.event_id}-set")
            if one.ended_at:
                yield one.ended_at, "person_changed", events.PersonChanged(event_id=f"{one.event_id}-ended")
