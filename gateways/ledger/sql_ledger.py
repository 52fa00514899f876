"""The ledger in SQL, on SQLite or PostgreSQL. Every promise of `ports.Ledger` rests on a constraint of the schema.

Lock order: the case's row before the card's lock. A transaction that needs both takes the case first; what a book adds
later (a customer's or a subscription's budget) comes between the two. Entries of the record, attempts and contacts only
refer to the case, which waits for no decision on it. SQLite has one writer at a time and no order to keep.
"""

from gateways.ledger.arrivals import SqlEvents, SqlHandoffs
from gateways.ledger.attempts import SqlAttempts
from gateways.ledger.cases import SqlCases
from gateways.ledger.contacts import SqlContacts
from gateways.ledger.customers import SqlCustomers
from gateways.ledger.disputes import SqlDisputes
from gateways.ledger.policies import SqlPolicies
from gateways.ledger.records import SqlRecords
from gateways.ledger.transactions import Database


class SqlLedger(
    SqlCases,
    SqlAttempts,
    SqlContacts,
    SqlCustomers,
    SqlRecords,
    SqlPolicies,
    SqlEvents,
    SqlDisputes,
    SqlHandoffs,
):
    """`ports.Ledger`: all books on one database, whose schema `upgrade_schema` has brought up to date.

    May be shared by threads. Every call is one transaction. Raises ProviderTrouble when the database does not answer,
    NotFound for an invoice, customer or reservation that it does not know.
    """

    def __init__(self, url: str) -> None:
        super().__init__(Database(url))

    def close(self) -> None:
        """Gives back the connections."""
        self._database.close()
