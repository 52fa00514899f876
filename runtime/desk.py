"""The desk of the doors, on ledger and Temporal that are known to be usable."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial

from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from runtime import sweep, wiring
from runtime.books import require_schema
from runtime.calls import call_queue
from runtime.equipment import installation
from runtime.settings import Settings
from runtime.temporal import connect
from service.call_results import CallResults
from service.channels import Channels
from service.customers import public_holidays, whereabouts
from service.desk import Desk
from service.orders import Orders
from service.plans import Plans
from service.protections import ProtectionsByHand
from service.reading import CaseReader
from service.rebuild import rebuild
from service.reports import Reports
from service.running import RunningCases
from service.standings import Standings
from service.starting import CaseStarter
from service.sweep import AT_ONCE, Sweeping
from service.ways import WaysByHand


@asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """Raises SettingsError when the ledger is not set up or no Temporal server answers."""
    require_schema(settings)
    with closing(wiring.open_ledger(settings)) as ledger:
        yield desk_of(settings, await connect(settings), ledger)


@asynccontextmanager
async def sweeper(settings: Settings) -> AsyncIterator[Sweeping]:
    """The sweep for a program that makes it by hand. Raises as `desk`."""
    require_schema(settings)
    with closing(wiring.open_ledger(settings)) as ledger:
        client = await connect(settings)
        with (
            closing(wiring.intake(settings, client, ledger, at_once=AT_ONCE)) as intake,
            closing(sweep.sweeping(settings, client, ledger, intake)) as sweeping,
        ):
            yield sweeping


def desk_of(settings: Settings, client: Client, ledger: SqlLedger) -> Desk:
    """The desk on a connection and a ledger that are open."""
    running = RunningCases(client, ledger)
    minimums, rules = partial(wiring.minimum_charges, settings), partial(wiring.network_rules, settings)
    here, law = partial(installation, settings), partial(wiring.law, settings)
    standings = Standings(ledger, whereabouts, public_holidays, minimums, rules, here, law, wiring.utc_now)
    starter = CaseStarter(client, settings.dunning_task_queue, wiring.utc_now)
    return Desk(
        reader=CaseReader(running, ledger, Plans(standings)),
        orders=Orders(running, standings),
        running=running,
        reports=Reports(running, starter, ledger, wiring.utc_now),
        channels=Channels(running, ledger, here, wiring.utc_now),
        protections=ProtectionsByHand(running, ledger, wiring.utc_now),
        ways=WaysByHand(running, ledger, ledger, wiring.utc_now),
        calls=CallResults(ledger, call_queue(settings, ledger), running),
        intake=partial(wiring.intake, settings, client, ledger),
        rebuild=partial(rebuild, ledger, starter.start, starter.conclude, wiring.utc_now),
    )
