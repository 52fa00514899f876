"""The ledger and Temporal."""

from gateways.ledger.database import place
from runtime.books import require_schema
from runtime.checks.look import Check, Look, fault
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


CHECKS = (
    Check("ledger", _ledger),
    Check("Temporal server", _server),
    Check("search attributes", _attributes, after=("Temporal server",)),
)
