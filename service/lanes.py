"""Work that overlaps where it may: bounded, and in its order where one piece must come after another."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Claim(NamedTuple):
    """A place in a lane. Pieces of one group may overlap there; all others come one after the other, as given."""

    lane: Hashable
    group: str | None = None  # None: alone


@dataclass(frozen=True)
class Piece(Generic[T]):
    """One piece of work, and what it must not overlap with."""

    claims: tuple[Claim, ...]
    work: Callable[[], Awaitable[T]]


async def overlapping(pieces: Iterable[Piece[T]], at_once: int) -> AsyncIterator[T]:
    """Does the pieces, at most `at_once` at a time, and gives their results in the order of the pieces.

    After an exception no further piece is begun. Those in hand are finished and their results given; then the first
    exception in the order of the pieces is raised.
    """
    # Further ahead than pieces run: one that waits, for its turn or for a slow answer, does not hold up the others.
    ahead = 4 * at_once
    team: _Team[T] = _Team(at_once)
    try:
        for piece in pieces:
            if team.trouble:
                break
            if len(team.window) == ahead:
                for result in await team.next():
                    yield result
            team.add(piece)
        while team.window:
            for result in await team.next():
                yield result
    finally:
        await team.leave()
    if team.trouble:
        raise team.trouble[min(team.trouble)]


class _Team(Generic[T]):
    """The pieces between their beginning and their result."""

    def __init__(self, at_once: int) -> None:
        self.window: deque[asyncio.Task[list[T]]] = deque()
        self.trouble: dict[int, Exception] = {}  # by the number of the piece
        self._slots = asyncio.Semaphore(at_once)
        self._lanes = _Lanes()
        self._added = 0

    def add(self, piece: Piece[T]) -> None:
        self._added += 1
        turn = self._lanes.turn(piece.claims)
        self.window.append(asyncio.create_task(self._do(self._added, piece, turn)))

    async def next(self) -> list[T]:
        """The oldest piece's result; empty when it has none."""
        return await self.window.popleft()

    async def leave(self) -> None:
        """Gives up what is still in hand: nobody waits for it any more."""
        for task in self.window:
            task.cancel()
        await asyncio.gather(*self.window, return_exceptions=True)

    async def _do(self, number: int, piece: Piece[T], turn: "_Turn") -> list[T]:
        try:
            await turn.comes()
            async with self._slots:
                return [] if self.trouble else [await piece.work()]
        except Exception as error:
            self.trouble[number] = error
            return []
        finally:
            turn.ends()


class _Group:
    """Pieces that may overlap in a lane."""

    def __init__(self, name: str | None, before: "_Group | None") -> None:
        self.name = name
        self.before = before
        self.over = asyncio.Event()
        self.pieces = 0


class _Lanes:
    def __init__(self) -> None:
        self._last: dict[Hashable, _Group] = {}

    def turn(self, claims: Iterable[Claim]) -> "_Turn":
        return _Turn(self, [(claim.lane, self._join(claim)) for claim in claims])

    def leave(self, lane: Hashable, group: _Group) -> None:
        group.pieces -= 1
        if group.pieces == 0:
            group.over.set()
            if self._last[lane] is group:
                del self._last[lane]

    def _join(self, claim: Claim) -> _Group:
        last = self._last.get(claim.lane)
        if last is None or claim.group is None or last.name != claim.group:
            last = self._last[claim.lane] = _Group(claim.group, last)
        last.pieces += 1
        return last


@dataclass(frozen=True)
class _Turn:
    lanes: _Lanes
    places: list[tuple[Hashable, _Group]]

    async def comes(self) -> None:
        for _, group in self.places:
            if group.before:
                await group.before.over.wait()
                group.before = None  # else each group would keep all before it

    def ends(self) -> None:
        for lane, group in self.places:
            self.lanes.leave(lane, group)
