"""Done-when 3: what a case costs is a formula, and the formula is asserted."""

import asyncio

import pytest
import pytest_asyncio

from sandbox.play.history import history_cost
from sandbox.play.stage import Scene, StagedCase
from sandbox.play.typical import NOBODY_PAYS


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cases(stage: Scene) -> dict[str, StagedCase]:
    """All of them, lived side by side: one alone mostly waits for the server."""
    lived = await asyncio.gather(*(play(stage) for play in NOBODY_PAYS.values()))
    return dict(zip(NOBODY_PAYS, lived, strict=True))


@pytest.mark.parametrize("name", NOBODY_PAYS)
async def test_a_case_that_nobody_pays_costs_no_more_than_the_formula_allows(
    cases: dict[str, StagedCase], name: str
) -> None:
    """5 events, 12 for each wake-up, 6 for each further effect in the same wake-up."""
    cost = history_cost(await cases[name].history())

    assert cost.events <= cost.allowed
