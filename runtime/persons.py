"""One customer's data, for a program that is given by hand: the ledger alone is asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime import wiring
from runtime.books import opened_ledger
from runtime.settings import Settings
from service.customers import whereabouts
from service.persons import Persons, PersonsByHand


@contextmanager
def persons(settings: Settings) -> Iterator[PersonsByHand]:
    """Raises SettingsError when the ledger is not set up."""
    with opened_ledger(settings) as ledger:
        yield PersonsByHand(Persons(ledger, wiring.law(settings), whereabouts, wiring.utc_now), ledger, wiring.utc_now)
