"""What a list of customers and one customer's page expect of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.base import Frozen
from domain.money import Money
from domain.steps import Channel
from gateways.ports.messages import Address
from gateways.ports.rows import MADE, CustomerRow


class Owed(NamedTuple):
    """What a customer owes in one currency, over so many open cases."""

    customer_id: str
    due: Money
    cases: int


class ContactMade(Frozen):
    """One contact of a customer, without its text."""

    invoice_id: str
    channel: Channel
    stage: str
    at: datetime
    state: str
    delivery: str | None

    @property
    def counts(self) -> bool:
        """Whether it was made, or may have been: that is what caps count."""
        return self.state in MADE


class CustomerDirectory(Protocol):
    """Customers of whom there is or was a case."""

    def customers(self, after: str = "", limit: int = 50) -> list[CustomerRow]:
        """A page in order of the id."""

    def customers_by_id(self, ids: Sequence[str]) -> list[CustomerRow]:
        """In order of the id; those that are not known are left out."""

    def owed_by(self, ids: Sequence[str]) -> list[Owed]:
        """What is due now of each of these, over their cases that are not closed."""

    def contacts_with(self, customer_id: str, since: datetime) -> list[ContactMade]:
        """Over all cases, oldest first."""

    def contacts_beside(self, to: Address, since: datetime) -> list[ContactMade]:
        """What went to this customer's address or number for other customers, oldest first."""
