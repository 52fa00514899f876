"""Requests that the API's own description suggests, right ones and wrong ones, as schemathesis makes them.

No answer may be an error of the server, have a status, a header or a form that the description does not have, or take
what the description refuses. The same requests come on each run. `python -m tests.web.fuzz 500` makes as many of each
kind for each route as you like.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as of_openapi

from gateways.ports.inbox import REFUSED, Arrival
from runtime.wiring import utc_now
from sandbox.machine.temporal_server import start_temporal
from sandbox.play.stage import Scene, StagedCase, staged
from sandbox.providers.stripe_outcomes import Decline
from service.bulk import BulkDesk
from service.endpoints import Endpoints
from service.keys import Caller, KeyRing, Scope
from tests.web.conftest import serving
from web.limits import RateLimit

CHECKS = [
    not_a_server_error,
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_headers_conformance,
    of_openapi.response_schema_conformance,
    of_openapi.negative_data_rejection,
]
"""Not that all is taken which the description allows: whether an order fits depends on the case."""

BROKE = Decline("insufficient_funds")


class Target(NamedTuple):
    """Where the requests go, with a key that may ask everything.

    known: names that exist, by the parameter's. fresh: the same with a new case, for what may end one.
    """

    url: str
    key: str
    known: Mapping[str, str]
    fresh: Callable[[], Awaitable[Mapping[str, str]]]


async def fuzz(at: Target, examples: int) -> list[str]:
    """What was answered as it must not be, in a sentence each. examples: of each kind for each route."""
    load_all_checks()
    schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{at.url}/v1/openapi.json")
    found = []
    for operation in [one.ok() for one in schema.get_all_operations()]:
        known = at.known if operation.method == "get" else await at.fresh()
        named = {one.name: known[one.name] for one in operation.path_parameters if one.name in known}
        for mode, more in product(GenerationMode, [{}, {"path_parameters": named}] if named else [{}]):
            try:
                await asyncio.to_thread(_tried, operation.as_strategy(mode, **more), at, examples)
            except FailureGroup as failure:
                found.append(f"{operation.label}, {mode.value}, {more}: {failure}")
            except Unsatisfiable:
                # A route that takes nothing but text in its path cannot be asked wrongly.
                assert mode is GenerationMode.NEGATIVE, operation.label
    return found


def _tried(cases: st.SearchStrategy[Any], at: Target, examples: int) -> None:
    @given(case=cases)
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    def each(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {at.key}"}
        case.validate_response(case.call(base_url=at.url), checks=CHECKS)

    each()


@asynccontextmanager
async def target(stage: Scene) -> AsyncIterator[Target]:
    """The web process on the stage, with a case that has said something, its customer, and a refused event."""
    case = await stage.open(BROKE)
    await case.until("2030-04-09 18:00")
    stage.ledger.keep([Arrival(provider="stripe", event_id="evt_1", kind="a", body="{}")], utc_now())
    stage.ledger.ended(stage.ledger.inbox()[0].id, REFUSED, "", "nobody can read it", None, utc_now())
    known = {"event": "evt_1", "provider": "stripe", **_about(stage, case)}

    async def fresh() -> Mapping[str, str]:
        return {**known, **_about(stage, await stage.open(BROKE))}

    async with serving(stage.settings) as web:
        web.app.state.gate.limit = RateLimit(burst=1e9, rate=1e9)
        yield Target(web.url, KeyRing(stage.ledger, utc_now).make("fuzz", Scope.ADMIN), known, fresh)


def _about(stage: Scene, case: StagedCase) -> Mapping[str, str]:
    """A case, its customer, an order for many that names it, and an endpoint at which nobody listens."""
    endpoint, _ = Endpoints(stage.ledger, utc_now, private=True).add("http://127.0.0.1:1/events")
    caller = Caller("fuzz", "fuzz", Scope.OPERATOR)
    bulk = BulkDesk(stage.ledger, utc_now).make(caller, "pause", {"note": "n"}, [case.invoice, "in_0"]).bulk.bulk_id
    return {"invoice": case.invoice, "customer": case.customer, "endpoint": endpoint, "bulk": bulk}


async def _by_hand(examples: int) -> int:
    with (
        TemporaryDirectory() as folder,
        start_temporal(data_dir=Path(folder), time_skipping=True, ui=False, say=print) as server,
    ):
        from tests.conftest import prepared_client  # noqa: PLC0415

        await prepared_client(server.address)
        more = {"dunning_database_url": url} if (url := os.environ.get("DUNNING_DATABASE_URL")) else {}
        async with staged(server.address, Path(folder), **more) as stage, target(stage) as at:
            found = await fuzz(at, examples)
    print("\n\n".join(found) or "Nothing was found.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(asyncio.run(_by_hand(int(sys.argv[1]))))
