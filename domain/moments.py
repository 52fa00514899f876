"""Moments that others name: with a time zone, and in years that can be counted with."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

_YEARS = range(1970, 2200)


def _countable(moment: datetime) -> datetime:
    # In another zone, or some days later, a moment at the end of time is none. Temporal's timers end after 292 years.
    if moment.year not in _YEARS:
        raise ValueError(f"it is not between the years {_YEARS[0]} and {_YEARS[-1]}")
    return moment


Countable = AfterValidator(_countable)
Moment = Annotated[AwareDatetime, Countable]
