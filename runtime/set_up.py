"""What a new installation needs once: the ledger's tables, search attributes, the sweep's schedule. Safe to repeat."""

import asyncio
import time
from typing import NamedTuple

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from gateways.ledger.database import upgrade_schema
from runtime.schedule import schedule_sweep
from runtime.settings import Settings, SettingsError
from runtime.temporal import connect
from workflows.attributes import ALL

# The server's services read the new attributes from a cache that is refreshed within seconds.
_VISIBLE_WITHIN = 30.0


class SetUp(NamedTuple):
    """What a set-up has found and done."""

    added: list[str]  # search attributes that were not there
    sweeps: bool  # whether the sweep is made by a schedule


async def set_up(settings: Settings) -> SetUp:
    """Brings the ledger's tables up to date, registers the search attributes and schedules the sweep."""
    upgrade_schema(settings.dunning_database_url)
    client = await connect(settings)
    return SetUp(await register_search_attributes(client), await schedule_sweep(client, settings))


async def register_search_attributes(client: Client) -> list[str]:
    """Adds the search attributes that the namespace does not have yet; their names, empty when all were there.

    Returns when the server accepts them. Raises SettingsError when the namespace has one of them with another type.
    """
    wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type.value) for key in ALL}
    there = await _registered(client)
    for name, kind in wanted.items():
        if there.get(name, kind) != kind:
            raise SettingsError(
                f"The search attribute {name} of namespace {client.namespace} has another type: remove it there first."
            )
    missing = {name: kind for name, kind in wanted.items() if name not in there}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
    await _until_usable(client)  # also of those that somebody else added a moment ago
    return list(missing)


async def _registered(client: Client) -> dict[str, "IndexedValueType.ValueType"]:
    found = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return dict(found.custom_attributes)


async def knows_search_attributes(client: Client) -> bool:
    """Whether the server answers questions by every search attribute of cases."""
    try:
        await client.count_workflows(" AND ".join(f"{key.name} IS NULL" for key in ALL))
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return False
    return True


async def _until_usable(client: Client) -> None:
    give_up = time.monotonic() + _VISIBLE_WITHIN
    while not await knows_search_attributes(client):
        if time.monotonic() > give_up:
            raise SettingsError("The Temporal server does not take the search attributes up: see its log.")
        await asyncio.sleep(0.1)
