"""The table of the law: every place that has rows, and what of it holds for one customer."""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Protocol, Self

from pydantic import Field, model_validator

from domain.base import Frozen
from domain.case import Whereabouts
from domain.rules.law import Row
from domain.rules.local_law import NO_LAW, Editions, LocalLaw

_ID = attrgetter("id")


class Jurisdiction(Frozen):
    """One country, one state or province of it, or a union of countries, with its rows; those of one id are editions,
    the oldest first."""

    name: str = Field(min_length=1)
    zones: tuple[str, ...] = ()  # of a state or province: the clocks (IANA) of somebody who may be there
    members: tuple[str, ...] = ()  # of a union of countries: those in which its rows hold as well
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _editions_in_order(self) -> Self:
        groups = [(name, [*rows]) for name, rows in groupby(self.rows, key=_ID)]
        names = [name for name, _ in groups]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"rows: the editions of {', '.join(sorted(twice))} stand apart; put them side by side")
        for name, rows in groups:
            if any(one.effective_from >= other.effective_from for one, other in pairwise(rows)):
                raise ValueError(f"rows: the editions of {name} have to rise by effective_from")
        return self

    @property
    def rules(self) -> tuple[Editions, ...]:
        return tuple(Editions(rows=tuple(rows)) for _, rows in groupby(self.rows, key=_ID))


class LawTable:
    """Every jurisdiction by its code: `TH`, `US`, `US-MA` (ISO 3166-1 and 3166-2)."""

    def __init__(self, places: dict[str, Jurisdiction]) -> None:
        self.places = places
        # One law for all who are at a place: a case's schedule is worked out anew when it is another one.
        self.at = lru_cache(1024)(self._at)
        self.anywhere = lru_cache(64)(self._anywhere)

    @cached_property
    def rules(self) -> dict[str, Editions]:
        """Every rule by its id."""
        return {rule.id: rule for place in self.places.values() for rule in place.rules}

    def _at(self, country: str, region: str, zones: tuple[str, ...]) -> LocalLaw:
        """The law for somebody in a country, with these clocks; `region`: the state or province, if that is known.

        Where it is not, what is law in any of those with such a clock holds, and the practice of none.
        """
        unions = [place for place in self.places.values() if country in place.members]
        if country not in self.places and not unions:
            return NO_LAW
        place = self.places.get(country)
        own = tuple(rule for each in (place, *unions) if each for rule in each.rules)
        inner = {code: place for code, place in self.places.items() if code.startswith(f"{country}-")}
        if region:
            known = inner.get(f"{country}-{region}")
            return LocalLaw(rules=(*own, *(known.rules if known else ())))
        near = (place for place in inner.values() if not zones or set(zones) & set(place.zones))
        return LocalLaw(rules=(*own, *(rule for place in near for rule in place.rules if rule.binding)))

    def _anywhere(self, countries: tuple[str, ...], zones: tuple[str, ...] = ()) -> LocalLaw:
        """The law for somebody who may be in any of these countries, with these clocks: all of them together."""
        found = (rule for code in dict.fromkeys(countries) for rule in self.at(code, "", zones).rules)
        return LocalLaw(rules=tuple({rule.id: rule for rule in found}.values()))


def merged(tables: Iterable[dict[str, Jurisdiction]]) -> LawTable:
    """One table of several files. Raises ValueError where a place or a rule's id stands in two."""
    places: dict[str, Jurisdiction] = {}
    ids: set[str] = set()
    for code, place in (item for table in tables for item in table.items()):
        if code in places:
            raise ValueError(f"{code} stands in two files; put its rows into one")
        places[code] = place
        for rule in place.rules:
            if rule.id in ids:
                raise ValueError(f"{code}: the id {rule.id} stands in two places; choose another")
            ids.add(rule.id)
    return LawTable(places)


class Begun(Protocol):
    """Where the customer was when it began (`Facts`)."""

    @property
    def country(self) -> str: ...
    @property
    def time_zones(self) -> tuple[str, ...]: ...
    @property
    def place_known(self) -> bool: ...


def law_of(table: LawTable, facts: Begun, here: Whereabouts | None, sells_in: tuple[str, ...]) -> LocalLaw:
    """The law for the customer of a case: where they are now, else that of every country in which they may be by their
    clock, else where they were when it began, else wherever the merchant sells (`sells_in`, by the case's policy)."""
    if here and here.country:
        return table.at(here.country, here.region, here.time_zones)
    if here and here.possible:
        return table.anywhere(here.possible, here.time_zones)
    if here or facts.place_known:
        return table.at(facts.country, "", here.time_zones if here else facts.time_zones)
    return table.anywhere(sells_in)


NO_TABLE = LawTable({})
