"""What the ledger keeps of the terms: what they said, and who has agreed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.terms import Acceptance, KeptTerms


class TermsBook(Protocol):
    """Versions and acceptances, for ever."""

    def keep_terms(self, kept: KeptTerms) -> None:
        """Keeps a version, once: the moment from which it is there stands."""

    def kept_terms(self, version: str) -> KeptTerms | None:
        """A version as it was; None: there is none of this name."""

    def accept(self, said: Acceptance) -> None:
        """Once per customer and event id; the version has to be kept."""

    def acceptances(self, customer_id: str) -> Sequence[Acceptance]:
        """All of a customer, oldest first."""

    def accepted(self, customer_id: str, until: datetime) -> Acceptance | None:
        """The newest that a customer had given by then."""
