"""Bulk orders for the web process, and for a program that gives one by hand."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from functools import cache, partial

from temporalio.service import RPCError

from gateways.ledger.sql_ledger import SqlLedger
from runtime import wiring
from runtime.books import require_schema
from runtime.equipment import installation
from runtime.settings import Settings, SettingsError
from runtime.temporal import connect
from service.bulk import BulkDesk
from service.bulk_work import BulkWork
from service.customers import public_holidays, whereabouts
from service.requests import Unavailable
from service.running import RunningCases
from service.standings import Standings
from service.threads import Threads

THREADS = 4
"""For looking at cases and writing down their answers, beside what comes in."""


def bulk_work(
    settings: Settings, ledger: SqlLedger, running: Callable[[], Awaitable[RunningCases]], threads: Threads
) -> BulkWork:
    """The work on bulk orders. The tables that bind every charge are read once, as a worker does."""
    minimums, rules = partial(wiring.minimum_charges, settings), partial(wiring.network_rules, settings)
    here, law = partial(installation, settings), partial(wiring.law, settings)
    standings = Standings(
        ledger, whereabouts, public_holidays, cache(minimums), cache(rules), here, law, wiring.utc_now
    )
    return BulkWork(ledger, ledger, ledger, standings, running, threads, wiring.utc_now, wiring.holder())


@asynccontextmanager
async def bulk_orders(settings: Settings) -> AsyncIterator[tuple[BulkDesk, BulkWork]]:
    """The desk, and the work for as long as this program is there for it: a web process works on them as well.

    Raises SettingsError when the ledger is not set up.
    """
    require_schema(settings)
    made: list[RunningCases] = []

    with closing(wiring.open_ledger(settings)) as ledger, closing(Threads(THREADS, "bulk")) as threads:

        async def running() -> RunningCases:
            if not made:
                try:
                    made.append(RunningCases(await connect(settings), ledger))
                except (SettingsError, RPCError) as error:
                    raise Unavailable(str(error)) from None
            return made[0]

        yield BulkDesk(ledger, wiring.utc_now), bulk_work(settings, ledger, running, threads)
