"""Lives many lives, and says of each that is wrong what is, and how to live it again."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lives.checks import wrong
from tests.lives.policies import write_policies
from tests.lives.pure import live_purely, wrong_purely
from tests.lives.town import Office, Town
from tests.new_ledger import new_ledger, off_the_disk

Say = Callable[[str], None]
_FORGET_AFTER = 500
"""Lives after which the ledger begins anew: all that is asked is asked of one household."""
_SAID_EVERY = 100
SWEEPS = timedelta(hours=6)
"""The default of DUNNING_SWEEP_EVERY."""
_OPTION = " --sweeps"
_RARELY = (100_000, 50, 50)
"""How often cyclic garbage is looked for: what stays of an office is large, and going through it took a tenth."""


@dataclass
class Count:
    """What came of a run."""

    lives: int = 0
    cases: int = 0
    decisions: int = 0
    wrong: list[str] = field(default_factory=list)


def many_pure(first: int, lives: int, say: Say = print) -> Count:
    """Lives of the domain alone, one case each, from the seed `first` on."""
    count = Count()
    for seed in range(first, first + lives):
        count.lives += 1
        count.cases += 1
        try:
            said = list(wrong_purely(live_purely(seed)))
        except Exception as error:
            said = [f"{type(error).__name__}: {error}"]
        _note(count, say, "pure", seed, said)
    return count


def many_whole(
    first: int, lives: int, say: Say = print, until: float | None = None, sweeps: timedelta | None = None
) -> Count:
    """Households over a real ledger, real activities and the stand-ins, from the seed `first` on.

    until: the time (monotonic seconds) after which no other household is begun. sweeps: no webhook comes, and so long
    after each news there is a sweep.
    """
    count = Count()
    for begin in range(first, first + lives, _FORGET_AFTER):
        with an_office() as office:
            for seed in range(begin, min(begin + _FORGET_AFTER, first + lives)):
                if until and time.monotonic() > until:
                    return count
                _one(office, seed, count, say, sweeps)
                if not count.lives % _SAID_EVERY:
                    say(f"{count.lives} lives, {count.cases} cases, {len(count.wrong)} wrong")
    return count


def _one(office: Office, seed: int, count: Count, say: Say, sweeps: timedelta | None) -> None:
    town = Town(office, seed, sweeps=sweeps)
    count.lives += 1
    try:
        said = wrong(town.live())
    except Exception as error:
        said = [f"{type(error).__name__}: {error}"]
    count.cases += len(town.lived.cases)
    count.decisions += sum(held.decisions for held in town.lived.cases.values())
    _note(count, say, f"whole{_OPTION if sweeps else ''}", seed, said)


def story_of(seed: int, sweeps: timedelta | None = None) -> list[str]:
    """What happened in one household, a line each."""
    with an_office() as office:
        town = Town(office, seed, sweeps=sweeps)
        try:
            town.live()
        except Exception as error:
            town.lived.story.append(f"{type(error).__name__}: {error}")
        return town.lived.story


def _note(count: Count, say: Say, ring: str, seed: int, said: list[str]) -> None:
    for sentence in said:
        line = f"{sentence} (again: python -m tests.lives {ring} --seed {seed} 1)"
        count.wrong.append(line)
        say(line)


@contextmanager
def an_office() -> Iterator[Office]:
    """An office with an empty ledger; no request of this process leaves it."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        with off_the_disk(), TemporaryDirectory(prefix="lives-") as name:
            folder = Path(name)
            new_ledger(folder / "ledger.db")
            write_policies(folder / "policies")
            office = Office(folder, folder / "policies")
            with office.wire.plugged_in():
                yield office
            office.close()
    finally:
        gc.set_threshold(*before)
