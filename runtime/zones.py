"""The time zones of every program: those of the pinned package, never the machine's own."""

from typing import NamedTuple
from zoneinfo import ZoneInfo, reset_tzpath

import tzdata  # type: ignore[import-untyped]


class ZoneEdition(NamedTuple):
    """Which edition of the time zone database is used."""

    iana: str  # the database's own name: "2026f"
    package: str  # the version of the package `tzdata` that holds it


def use_pinned_zones() -> ZoneEdition:
    """Makes `zoneinfo` read the package `tzdata` alone, for all that is asked from now on.

    Left to itself it reads the machine's files first, and two workers of one release could put one step at two
    times. Zones that were read before are forgotten; whoever holds one already keeps it.
    """
    reset_tzpath(to=())
    ZoneInfo.clear_cache()
    return ZoneEdition(iana=tzdata.IANA_VERSION, package=tzdata.__version__)
