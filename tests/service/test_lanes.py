"""Work that overlaps: bounded, in its order where it has one, and nothing begun after trouble."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.lanes import Claim, Piece, overlapping

LANES = st.sampled_from("abc")
GROUPS = st.sampled_from([None, "x", "y"])
CLAIMS = st.lists(st.builds(Claim, LANES, GROUPS), max_size=3, unique_by=lambda claim: claim.lane).map(tuple)
STEPS = st.integers(0, 4)
"""How many turns of the event loop a piece takes."""


class Watch:
    """Notes when each piece begins and ends."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []
        self.running = 0
        self.most = 0

    def piece(self, number: int, claims: tuple[Claim, ...], steps: int, *, fails: bool = False) -> Piece[int]:
        async def work() -> int:
            self.running += 1
            self.most = max(self.most, self.running)
            self.events.append(("begins", number))
            for _ in range(steps):
                await asyncio.sleep(0)
            self.events.append(("ends", number))
            self.running -= 1
            if fails:
                raise LookupError(number)
            return number

        return Piece(claims, work)


async def all_of(results: AsyncIterator[int]) -> list[int]:
    return [result async for result in results]


def conflict(one: tuple[Claim, ...], other: tuple[Claim, ...]) -> bool:
    return any(a.lane == b.lane and (a.group is None or a.group != b.group) for a in one for b in other)


@given(st.lists(st.tuples(CLAIMS, STEPS), max_size=12), st.integers(1, 4))
def test_pieces_that_must_not_overlap_come_in_their_order(
    given_pieces: list[tuple[tuple[Claim, ...], int]], at_once: int
) -> None:
    """Whatever else runs; the results come in the order of the pieces, and never more than `at_once` run."""
    watch = Watch()
    pieces = [watch.piece(number, claims, steps) for number, (claims, steps) in enumerate(given_pieces)]

    results = asyncio.run(all_of(overlapping(pieces, at_once)))

    assert list(range(len(pieces))) == results
    assert watch.most <= at_once
    for later, (claims, _) in enumerate(given_pieces):
        for earlier in range(later):
            if conflict(given_pieces[earlier][0], claims):
                assert watch.events.index(("ends", earlier)) < watch.events.index(("begins", later))


def test_pieces_without_claims_overlap() -> None:
    """As many as there are places."""
    watch = Watch()

    asyncio.run(all_of(overlapping([watch.piece(n, (), 4) for n in range(20)], at_once=5)))

    assert 5 == watch.most


def test_a_piece_that_waits_for_its_turn_takes_no_place() -> None:
    """Ten pieces of one lane do not hold up those of others."""
    watch = Watch()
    waiting = [watch.piece(n, (Claim("one"),), 30) for n in range(3)]

    asyncio.run(all_of(overlapping([*waiting, watch.piece(3, (), 0)], at_once=2)))

    assert watch.events.index(("ends", 3)) < watch.events.index(("ends", 0))


def test_results_come_as_soon_as_they_are_there() -> None:
    """The first one is given while the second still runs."""

    async def story() -> None:
        gate = asyncio.Event()

        async def first() -> int:
            return 1

        async def second() -> int:
            await gate.wait()
            return 2

        results = overlapping([Piece((), first), Piece((), second)], at_once=2)
        assert 1 == await anext(results)
        gate.set()
        assert [2] == await all_of(results)

    asyncio.run(story())


@given(st.integers(0, 30), st.integers(1, 4))
def test_after_trouble_nothing_is_begun(bad: int, at_once: int) -> None:
    """What was in hand is finished and told; the trouble comes last, and what follows was not touched."""
    watch = Watch()
    pieces = [watch.piece(n, (), n % 3, fails=n == bad) for n in range(31)]
    told: list[int] = []

    async def story() -> None:
        async for result in overlapping(pieces, at_once):
            told.append(result)  # noqa: PERF401 - what came before the trouble counts

    with pytest.raises(LookupError):
        asyncio.run(story())

    begun = Counter(number for what, number in watch.events if what == "begins")
    ended = {number for what, number in watch.events if what == "ends"}
    assert set(begun) == ended
    assert sorted(ended - {bad}) == told
    assert max(begun) <= bad + at_once


def test_the_first_trouble_is_told() -> None:
    """First in the order of the pieces, though another one came earlier."""
    watch = Watch()
    pieces = [watch.piece(0, (), 5, fails=True), watch.piece(1, (), 0, fails=True)]

    with pytest.raises(LookupError, match="0"):
        asyncio.run(all_of(overlapping(pieces, at_once=2)))


def test_pieces_behind_a_failed_one_are_not_done() -> None:
    """The order holds after trouble too: who had to wait for the failed piece is left for the next time."""
    watch = Watch()
    pieces = [watch.piece(0, (Claim("one"),), 2, fails=True), watch.piece(1, (Claim("one"),), 0)]

    with pytest.raises(LookupError):
        asyncio.run(all_of(overlapping(pieces, at_once=2)))

    assert ("begins", 1) not in watch.events
