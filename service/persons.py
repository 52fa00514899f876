"""One customer's data: all of it to read, and its erasure (GDPR Art. 15 and 17, and their like)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from domain.base import Frozen
from domain.case import Whereabouts
from domain.rules.keeping import ToBeKept, to_be_kept
from domain.rules.law_table import LawTable
from domain.steps import Channel
from gateways.ports.access import AccessBook, Asked
from gateways.ports.inbox import WAITING
from gateways.ports.ledger import Ledger
from gateways.ports.persons import Rows
from gateways.ports.rows import MADE, CustomerRow
from service.requests import Refused, Unknown

SCHEMA_VERSION = 1
_DONE, _UNKNOWN, _REFUSED = 200, 404, 409


class PersonFile(Frozen):
    """All that is held of one customer: by table its rows, each by its columns."""

    schema_version: int = SCHEMA_VERSION
    customer_id: str
    made_at: datetime  # UTC
    tables: dict[str, list[dict[str, Any]]]


_OPEN = "The case of {} is open: let it end, or give it up (python starter.py write-off), and ask again."


class Persons:
    """Raises Unknown, Refused, or ProviderTrouble when the ledger does not answer.

    where: where a customer is by what is known of them on a day.
    """

    def __init__(
        self,
        ledger: Ledger,
        law: LawTable,
        where: Callable[[CustomerRow, date], Whereabouts | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._law = law
        self._where = where
        self._clock = clock

    def export(self, customer_id: str) -> PersonFile:
        """All that the ledger holds (docs/personal-data.md)."""
        return PersonFile(customer_id=customer_id, made_at=self._clock(), tables=self._known(customer_id))

    def erase(self, customer_id: str) -> None:
        """Removes what identifies the person; what was paid, and what they wanted nothing at, stays without them.

        Refuses while a case is open, news of them waits to be taken, or the law wants records to be kept.
        """
        found = self._known(customer_id)
        if still := [row["invoice_id"] for row in found.get("cases", []) if row["status"] != "closed"]:
            raise Refused(_OPEN.format(", ".join(still)))
        if waiting := [row["event_id"] for row in found.get("inbox", []) if row["state"] == WAITING]:
            raise Refused(
                f"{', '.join(waiting)} waits in the inbox and names the customer: try again when it is taken."
            )
        if kept := self._kept(customer_id, found):
            raise Refused(
                f"Records of this customer have to be kept until {kept.until} by {kept.rule} ({kept.source}): erase "
                "them after that day."
            )
        if not self._ledger.erase_person(customer_id, self._clock()):
            raise Refused(f"A case of {customer_id} has begun, or news of them has come, at this moment: try again.")

    def _known(self, customer_id: str) -> Rows:
        found = self._ledger.person(customer_id)
        if not found.keys() - {"api_requests"}:
            raise Unknown(f"The ledger knows nothing of a customer {customer_id}.")
        return found

    def _kept(self, customer_id: str, found: Rows) -> ToBeKept | None:
        customer, today = self._ledger.customer(customer_id), self._clock().date()
        here = self._where(customer, today) if customer else None
        if here is None:
            return None
        law = (
            self._law.at(here.country, here.region, here.time_zones)
            if here.country
            else self._law.anywhere(here.possible, here.time_zones)
        )
        last: dict[Channel, date] = {}
        for row in found.get("contacts", []):
            if row["state"] in MADE:
                channel = Channel(row["channel"])
                last[channel] = max(last.get(channel, date.min), row["as_of"].date())
        return to_be_kept(law, last, today)


class PersonsByHand:
    """The same for a program that is given by hand: it writes into the audit who gave it, also where it is refused."""

    def __init__(self, persons: Persons, audit: AccessBook, clock: Callable[[], datetime]) -> None:
        self._persons = persons
        self._audit = audit
        self._clock = clock

    def export(self, customer_id: str, by: str) -> PersonFile:
        """As `Persons.export`. by: who wants it, for the audit."""
        with self._on_record("GET", f"/v1/customers/{customer_id}/data", by):
            return self._persons.export(customer_id)

    def erase(self, customer_id: str, by: str) -> None:
        """As `Persons.erase`. by: who wants it, for the audit."""
        with self._on_record("POST", f"/v1/customers/{customer_id}/erasure", by):
            self._persons.erase(customer_id)

    @contextmanager
    def _on_record(self, method: str, path: str, by: str) -> Iterator[None]:
        asked = {"request_id": "", "key_id": "", "method": method, "path": path}
        number = self._audit.asked(Asked(at=self._clock(), name=f"{by} (command line)", **asked))
        try:
            yield
        except Refused as refused:
            self._audit.asked_and_answered(number, _UNKNOWN if isinstance(refused, Unknown) else _REFUSED)
            raise
        self._audit.asked_and_answered(number, _DONE)
