"""The ledger in SQL, on SQLite or PostgreSQL. Every promise of `ports.Ledger` rests on a constraint of the schema.

Lock order: the case's row before any named lock (`locks.lock`: a subscription's access, a customer's contacts, a card).
A transaction that needs both takes the case first, and none takes two named ones. Entries of the record, attempts,
contacts and wishes only refer to the case, which waits for no decision on it. SQLite has one writer at a time and no
order to keep.
"""

from gateways.ledger.access import SqlAccess
from gateways.ledger.api_access import SqlApiAccess
from gateways.ledger.arrivals import SqlEvents, SqlHandoffs
from gateways.ledger.attempts import SqlAttempts
from gateways.ledger.bulk import SqlBulk
from gateways.ledger.calls import SqlCalls
from gateways.ledger.cases import SqlCases
from gateways.ledger.closings import SqlClosings
from gateways.ledger.consents import SqlConsents
from gateways.ledger.contacts import SqlContacts
from gateways.ledger.customers import SqlCustomers
from gateways.ledger.directory import SqlDirectory
from gateways.ledger.disputes import SqlDisputes
from gateways.ledger.exports import SqlExports
from gateways.ledger.gauges import SqlGauges
from gateways.ledger.inbox import SqlInbox
from gateways.ledger.notices import SqlNotices
from gateways.ledger.outbox import SqlOutbox
from gateways.ledger.persons import SqlPersons
from gateways.ledger.policies import SqlPolicies
from gateways.ledger.protections import SqlProtections
from gateways.ledger.records import SqlRecords
from gateways.ledger.short_links import SqlShortLinks
from gateways.ledger.sweeps import SqlSweeps
from gateways.ledger.terms import SqlTerms
from gateways.ledger.transactions import Database


class SqlLedger(
    SqlCases,
    SqlAttempts,
    SqlContacts,
    SqlNotices,
    SqlCalls,
    SqlClosings,
    SqlAccess,
    SqlCustomers,
    SqlConsents,
    SqlProtections,
    SqlTerms,
    SqlDirectory,
    SqlExports,
    SqlRecords,
    SqlPolicies,
    SqlEvents,
    SqlDisputes,
    SqlHandoffs,
    SqlInbox,
    SqlApiAccess,
    SqlOutbox,
    SqlGauges,
    SqlSweeps,
    SqlBulk,
    SqlShortLinks,
    SqlPersons,
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
