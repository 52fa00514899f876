"""The ledger for a program that only asks it: without Temporal and without providers."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from gateways.ledger.case_list import SqlCaseList
from gateways.ledger.database import schema_is_current, schema_is_newer
from gateways.ledger.transactions import Database
from runtime.settings import Settings, SettingsError

if TYPE_CHECKING:
    from gateways.ledger.sql_ledger import SqlLedger


def require_schema(settings: Settings) -> None:
    """Raises SettingsError when the ledger's tables are not there or are older than this program."""
    if not schema_is_current(settings.dunning_database_url):
        if schema_is_newer(settings.dunning_database_url):
            raise SettingsError("The ledger's tables are of a newer release than this program: install that release.")
        raise SettingsError("The ledger is not set up, or not for this version: run python starter.py setup.")


@contextmanager
def opened_ledger(settings: Settings) -> Iterator["SqlLedger"]:
    """The whole ledger, known to be usable. Raises SettingsError when it is not set up."""
    from gateways.ledger.sql_ledger import SqlLedger  # noqa: PLC0415 - a list has no use for all that it brings

    require_schema(settings)
    with closing(SqlLedger(settings.dunning_database_url)) as ledger:
        yield ledger


@contextmanager
def opened_cases(settings: Settings) -> Iterator[SqlCaseList]:
    """The cases of a ledger that is known to be usable. Raises SettingsError when it is not set up."""
    require_schema(settings)
    database = Database(settings.dunning_database_url)
    try:
        yield SqlCaseList(database)
    finally:
        database.close()
