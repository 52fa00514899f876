"""When somebody wants to be called in one life, and whether it was kept to: counted anew, by the clock on the wall."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.call_hours import PARTS, CallTime, read
from domain.calls import CallWindow
from domain.case import Whereabouts

if TYPE_CHECKING:
    from tests.lives.calling import Caller
    from tests.lives.lawful import Traveller

_SAID = (
    *((hours,) for hours in PARTS.values()),
    read("mon-fri 17:00-19:00"),
    read("sat 10:00-12:00"),
    read("tue,thu 08:00-08:45; sun 13:00-15:00"),
    read("mon-sun 21:30-23:59; mon-sun 00:00-06:00"),
    (),
)


class Wants:
    """What somebody says of it: from when on, and which hours."""

    def __init__(self, said: Sequence[tuple[datetime, tuple[CallTime, ...]]] = ()) -> None:
        self._said = said

    @classmethod
    def drawn(cls, random: Random, opened: datetime) -> "Wants":
        """In one life of three they say something: before the case, in its midst, or both."""
        if random.random() >= 1 / 3:
            return cls()
        times = [opened + timedelta(minutes=random.randrange(30 * 1440)) for _ in range(random.randrange(3))]
        moments = sorted([*([opened] if random.random() < 0.7 else []), *times])
        return cls([(moment, random.choice(_SAID)) for moment in moments])

    def at(self, moment: datetime) -> tuple[CallTime, ...]:
        return next((hours for since, hours in reversed(self._said) if since <= moment), ())


def unwanted_calls(caller: "Caller", traveller: "Traveller | None") -> Iterator[str]:
    """Every call outside the hours that stood when it was made, one sentence each."""
    for made in caller.made:
        wanted = caller.wants.at(made.at)
        if traveller and wanted and not _shown(made.at, wanted, traveller.here(made.at)):
            yield f"nobody is called outside the hours that they stated: {made.task.step} at {made.at}"


def unwanted_windows(windows: Iterable[CallWindow], wanted: Sequence[CallTime], here: Whereabouts) -> Iterator[str]:
    """Every window of a task that is not among them."""
    for window in windows if wanted else ():
        for at in (window.start, window.end - timedelta(seconds=1)):
            if not _shown(at, wanted, here):
                yield f"no hour is shown for a call that the customer does not want: {at}"


def _shown(at: datetime, wanted: Sequence[CallTime], here: Whereabouts) -> bool:
    walls = [at.astimezone(ZoneInfo(zone)) for zone in here.time_zones]
    return all(
        any(f"{wall:%a}".lower() in each.days and each.start <= f"{wall:%H:%M}" < each.end for each in wanted)
        for wall in walls
    )
