"""The public holidays of a customer, who may be in one of several countries."""

from collections.abc import Callable
from datetime import date

from domain.case import Facts, Whereabouts


def holidays_at(
    known: Callable[[str, date], frozenset[date]], facts: Facts, here: Whereabouts | None, began: date
) -> frozenset[date]:
    """Those of every place where the customer may be, from a day on; `known` has those of one (`TH`, `US-MA`)."""
    places = (here.places if here else ()) or (facts.country,)
    return frozenset().union(*(known(place, began) for place in places))
