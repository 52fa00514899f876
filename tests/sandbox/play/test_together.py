"""Clocks of one customer's cases go side by side."""

import asyncio
from datetime import UTC, datetime, timedelta

from sandbox.play.together import Together

NOON = datetime(2030, 4, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


async def test_a_case_alone_goes_where_it_wants() -> None:
    assert NOON == await Together().first_of(NOON)


async def test_all_go_to_the_first_moment_that_one_of_them_wants() -> None:
    together = Together(2)

    for wanted in ((NOON, LATER), (LATER, NOON)):
        assert [NOON, NOON] == await asyncio.gather(*(together.first_of(moment) for moment in wanted))


async def test_nobody_waits_for_a_case_that_is_over() -> None:
    together = Together(2)
    waiting = asyncio.create_task(together.first_of(LATER))
    await asyncio.sleep(0)
    assert not waiting.done()

    together.leaves()

    assert LATER == await waiting
