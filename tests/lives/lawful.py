"""Where somebody is in one life, and what the law of that place says: counted anew from the rows, by other code."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from domain.calls import CallWindow
from domain.case import Circumstances, Whereabouts
from domain.rules.law import Row
from domain.rules.law_table import LawTable
from domain.steps import Channel
from gateways.rules import load_law
from runtime.settings import ROOT

TABLE = load_law(ROOT / "policies/rules/law")
PLACES = (
    Whereabouts(country="TH", time_zones=("Asia/Bangkok",)),
    Whereabouts(country="AU", time_zones=("Australia/Lord_Howe",)),
    Whereabouts(country="AU", time_zones=("Australia/Sydney",)),
    Whereabouts(country="IN", time_zones=("Asia/Kolkata",)),
    Whereabouts(country="JP", time_zones=("Asia/Tokyo",)),
    Whereabouts(country="KR", time_zones=("Asia/Seoul",)),
    Whereabouts(country="NO", time_zones=("Europe/Oslo",)),
    Whereabouts(country="BE", time_zones=("Europe/Brussels",)),
    Whereabouts(country="GB", time_zones=("Europe/London",)),
    Whereabouts(country="BR", time_zones=("America/Sao_Paulo",)),
    Whereabouts(country="MX", time_zones=("America/Mexico_City",)),
    Whereabouts(country="NZ", time_zones=("Pacific/Chatham",)),  # no rows
    Whereabouts(country="US", time_zones=("America/New_York", "America/Chicago", "America/Los_Angeles")),
    Whereabouts(country="US", region="MA", time_zones=("America/New_York",)),
    Whereabouts(country="US", region="RI", time_zones=("America/New_York",)),
    Whereabouts(country="US", region="FL", time_zones=("America/New_York", "America/Chicago")),
    Whereabouts(country="US", region="TX", time_zones=("America/Chicago",)),
    Whereabouts(country="CA", region="QC", time_zones=("America/Toronto",)),
    Whereabouts(country="CA", region="NL", time_zones=("America/St_Johns",)),
)
_ASKED = (Channel.EMAIL, Channel.SMS, Channel.PHONE)


@dataclass(frozen=True)
class Said:
    """One contact that went out, and where the customer was."""

    at: datetime
    channel: Channel
    invoice_id: str
    here: Whereabouts
    names: tuple[str, ...] = ()
    step: str = ""
    conversation: bool = False


class Traveller:
    """Somebody who moves from one country to another, up to three times."""

    def __init__(self, random: Random, opened: datetime, holidays: frozenset[date]) -> None:
        moves = sorted(opened + timedelta(minutes=random.randrange(45 * 1440)) for _ in range(random.randrange(4)))
        self._stays = [(at, random.choice(PLACES)) for at in (datetime.min.replace(tzinfo=opened.tzinfo), *moves)]
        self._holidays = holidays

    def here(self, at: datetime) -> Whereabouts:
        return [place for since, place in self._stays if since <= at][-1]

    def circumstances(self, at: datetime, closed: dict[Channel, str]) -> Circumstances:
        """As the ledger and the tables would give them."""
        here = self.here(at)
        law = TABLE.at(here.country, here.region, here.time_zones)
        return Circumstances(whereabouts=here, holidays=self._holidays, closed_channels=closed, law=law)

    @property
    def moves(self) -> list[datetime]:
        return [since for since, _ in self._stays[1:]]


def unlawful(said: Sequence[Said], holidays: frozenset[date], table: LawTable = TABLE) -> Iterator[str]:
    """Every contact outside lawful hours, or above a cap, one sentence each."""
    made = sorted(said, key=lambda one: one.at)
    for number, one in enumerate(made):
        day = one.at.astimezone(ZoneInfo(one.here.time_zones[0])).date()
        for row in _rows(one.here, day, table):
            if row.on and one.channel.value not in row.on:
                continue
            if row.hours:
                yield from _out_of_hours(one, row, holidays)
            before = [other for other in made[:number] if other.channel in _ASKED]
            if row.cap and one.channel in _ASKED and row.cap.counts == "contacts":
                yield from _too_many(one, row, before)
            if one.channel is Channel.PHONE:
                yield from _too_soon(one, row, before)


def unlawful_windows(windows: Iterable[CallWindow], here: Whereabouts, holidays: frozenset[date]) -> Iterator[str]:
    """Every hour that is shown for a call outside those of the law, one sentence each."""
    for window in windows:
        for at in (window.start, window.end - timedelta(seconds=1)):
            day = at.astimezone(ZoneInfo(here.time_zones[0])).date()
            for row in _rows(here, day, TABLE):
                if row.hours and (not row.on or Channel.PHONE.value in row.on):
                    yield from _out_of_hours(Said(at, Channel.PHONE, "", here), row, holidays)


def _rows(here: Whereabouts, day: date, table: LawTable) -> Iterator[Row]:
    own = [here.country, f"{here.country}-{here.region}"] if here.region else [here.country]
    for code in (code for code in own if code in table.places):
        rows = table.places[code].rows
        for row in rows:
            newer = [other for other in rows if other.id == row.id and row.effective_from < other.effective_from <= day]
            if row.effective_from <= day and not newer and (row.until is None or day <= row.until):
                yield row


def _too_soon(one: Said, row: Row, before: Sequence[Said]) -> Iterator[str]:
    """What is asked of calls alone: conversations, the pause after one, and a notice in writing before the first."""
    spoken = [other.at for other in before if other.conversation]
    what = f"{row.rule}: call at {one.at:%Y-%m-%d %H:%M}"
    if row.cap and row.cap.counts == "conversations":
        talks = [at for at in spoken if one.at - at < timedelta(days=row.cap.days)]
        if len(talks) >= row.cap.limit:
            yield f"{what} after {len(talks)} conversations"
    if row.cool_down and spoken and one.at - max(spoken) < timedelta(days=row.cool_down.days):
        yield f"{what}, and the last conversation was at {max(spoken):%Y-%m-%d %H:%M}"
    if row.wait and row.wait.before == "first_call":
        written = [other.at for other in before if other.channel is Channel.EMAIL]
        if not written or one.at - min(written) < timedelta(days=row.wait.days):
            yield f"{what}, and no notice in writing was {row.wait.days} days old"


def _out_of_hours(one: Said, row: Row, holidays: frozenset[date]) -> Iterator[str]:
    for zone in one.here.time_zones:
        wall = one.at.astimezone(ZoneInfo(zone))
        kinds = ["holidays"] if wall.date() in holidays else []
        kinds += [["weekdays"] * 5 + ["saturday", "sunday"]][0][wall.weekday() : wall.weekday() + 1]
        said = row.hours.model_dump(exclude_unset=True) if row.hours else {}
        window = next((said[kind] for kind in kinds if kind in said), said["weekdays"])
        start, end = window or (time.max, time.min)
        if not start <= wall.time().replace(fold=0) < end:
            yield f"{row.rule}: {one.channel} at {wall:%a %Y-%m-%d %H:%M} in {zone}"


def _too_many(one: Said, row: Row, before: Sequence[Said]) -> Iterator[str]:
    cap = row.cap
    assert cap is not None
    counted = [other for other in before if not row.on or other.channel.value in row.on]
    if cap.per == "debt":
        counted = [other for other in counted if one.invoice_id in (other.invoice_id, *other.names)]
    if cap.days == 1:
        zones = [ZoneInfo(zone) for zone in one.here.time_zones]
        near = [o for o in counted if any(o.at.astimezone(z).date() == one.at.astimezone(z).date() for z in zones)]
    else:
        near = [other for other in counted if one.at - other.at < timedelta(days=cap.days)]
    if len(near) >= cap.limit:
        yield f"{row.rule}: {one.channel} at {one.at:%Y-%m-%d %H:%M} after {len(near)}"
