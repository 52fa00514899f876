"""The desk of the doors, on ledger and Temporal that are known to be usable."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from runtime import wiring
from runtime.set_up import require_schema
from runtime.settings import Settings
from runtime.temporal import connect
from service.cases import Cases
from service.desk import Desk
from service.reports import Reports
from service.running import RunningCases


@asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """Raises SettingsError when the ledger is not set up or no Temporal server answers."""
    require_schema(settings)
    client = await connect(settings)
    ledger = wiring.open_ledger(settings)
    running = RunningCases(client, ledger)
    try:
        yield Desk(
            cases=Cases(client, ledger, running),
            running=running,
            reports=Reports(running, ledger, wiring.utc_now),
            intake=partial(wiring.intake, settings, client, ledger),
        )
    finally:
        ledger.close()
