"""The desk of the doors, on ledger and Temporal that are known to be usable."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial

from runtime import wiring
from runtime.books import require_schema
from runtime.settings import Settings
from runtime.temporal import connect
from service.customers import public_holidays
from service.desk import Desk
from service.plans import Plans
from service.reading import CaseReader
from service.rebuild import rebuild
from service.reports import Reports
from service.running import RunningCases
from service.starting import CaseStarter


@asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """Raises SettingsError when the ledger is not set up or no Temporal server answers."""
    require_schema(settings)
    with closing(wiring.open_ledger(settings)) as ledger:
        client = await connect(settings)
        running = RunningCases(client, ledger)
        starter = CaseStarter(client, settings.dunning_task_queue, wiring.utc_now)
        plans = Plans(ledger, public_holidays, partial(wiring.minimum_charges, settings), wiring.utc_now)
        yield Desk(
            reader=CaseReader(running, ledger, plans),
            running=running,
            reports=Reports(running, starter, ledger, wiring.utc_now),
            intake=partial(wiring.intake, settings, client, ledger),
            rebuild=partial(rebuild, ledger, starter.start),
        )
