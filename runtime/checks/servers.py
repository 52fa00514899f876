"""The ledger and Temporal."""

from temporalio.service import RPCError, RPCStatusCode

from gateways.ledger.database import place
from runtime.books import require_schema
from runtime.checks.look import Check, Look, fault
from runtime.schedule import schedule_id
from runtime.set_up import knows_search_attributes
from runtime.temporal import connect


def _ledger(look: Look) -> str:
    require_schema(look.settings)
    return f"{place(look.settings.dunning_database_url)}, its tables are current"


async def _server(look: Look) -> str:
    await connect(look.settings)
    return f"{look.settings.temporal_address}, namespace {look.settings.temporal_namespace}"


async def _attributes(look: Look) -> str:
    if not await knows_search_attributes(await connect(look.settings)):
        raise fault("Not all that cases have are in the namespace: run python starter.py setup.")
    return "registered"


async def _sweep(look: Look) -> str:
    if not look.settings.dunning_sweep_every:
        return "made by hand only (DUNNING_SWEEP_EVERY)"
    client = await connect(look.settings)
    try:
        found = await client.get_schedule_handle(schedule_id(look.settings)).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        sentence = "The sweep has no schedule, and what no webhook brings is missed: run python starter.py setup."
        raise fault(sentence) from None
    if found.schedule.state.paused:
        raise fault(f"The schedule {found.id} of the sweep is paused: resume it in Temporal's UI.")
    return f"every {look.settings.dunning_sweep_every}"


CHECKS = (
    Check("ledger", _ledger),
    Check("Temporal server", _server),
    Check("search attributes", _attributes, after=("Temporal server",)),
    Check("sweep", _sweep, after=("Temporal server",)),
)
