"""The sweep and its activities, put together of the settings."""

from collections.abc import Callable
from typing import Any

from temporalio.client import Client

from activities.sweeping import SweepActivities
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.metering import NO_METER, Meter
from runtime import wiring
from runtime.settings import Settings
from service.intake import Intake
from service.starting import CaseStarter
from service.sweep import AT_ONCE, Sweeping
from service.sweep_cases import CaseCheck
from service.threads import Threads


def sweeping(
    settings: Settings, client: Client, ledger: SqlLedger, taking: Intake, meter: Meter = NO_METER
) -> Sweeping:
    """The sweep, which takes in by `taking`."""
    payments = wiring.stripe_payments(settings, meter)
    threads, now = Threads(AT_ONCE, "sweep"), wiring.utc_now
    starter = CaseStarter(client, settings.dunning_task_queue, now)
    check = CaseCheck(client, starter, ledger, payments, taking, threads, now)
    back, grace = settings.dunning_sweep_back, settings.dunning_sweep_grace
    return Sweeping(ledger, ledger, payments.lists, payments, taking, check, threads, now, back, grace, meter)


def sweep_activities(settings: Settings, client: Client, meter: Meter = NO_METER) -> list[Callable[..., Any]]:
    """The activities of the sweep, for a worker."""
    ledger = wiring.open_ledger(settings)
    taking = wiring.intake(settings, client, ledger, at_once=AT_ONCE, meter=meter)
    sweep = SweepActivities(sweeping(settings, client, ledger, taking, meter))
    return [sweep.begin, sweep.page]
