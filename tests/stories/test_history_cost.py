"""Done-when 3: what a case costs is a formula, and the formula is asserted."""

import pytest

from sandbox.play.history import history_cost
from sandbox.play.stage import Scene
from sandbox.play.typical import NOBODY_PAYS


@pytest.mark.parametrize("name", NOBODY_PAYS)
async def test_a_case_that_nobody_pays_costs_no_more_than_the_formula_allows(stage: Scene, name: str) -> None:
    """5 events, 12 for each wake-up, 6 for each further effect in the same wake-up."""
    case = await NOBODY_PAYS[name](stage)

    cost = history_cost(await case.history())

    assert cost.events <= cost.allowed
