"""Requests that come at one time are kept together, and each is answered for itself."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Arrival
from service.keeping import Keeper
from service.threads import Threads
from tests.new_ledger import new_ledger

NOW = datetime(2030, 4, 1, 12, tzinfo=UTC)


def an_arrival(event_id: str, body: str = "{}") -> Arrival:
    return Arrival(provider="stripe", event_id=event_id, kind="invoice.paid", body=body)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    with closing(SqlLedger(new_ledger(tmp_path / "ledger.db"))) as ledger:
        yield ledger


async def kept(ledger: SqlLedger, *requests: list[Arrival]) -> list[int | BaseException]:
    """What each of some requests that come at once is answered."""
    with closing(Threads(2, "keepers")) as threads:
        keeper = Keeper(ledger, threads, lambda: NOW)
        return await asyncio.gather(*map(keeper.keep, requests), return_exceptions=True)


async def test_a_burst_takes_one_transaction(ledger: SqlLedger) -> None:
    """Each would wait for the disk otherwise, one after the other."""
    commits: list[object] = []

    def note(connection: object) -> None:
        commits.append(connection)

    event.listen(sa.Engine, "commit", note)
    try:
        answers = await kept(ledger, *([an_arrival(f"evt_{number}")] for number in range(50)))
    finally:
        event.remove(sa.Engine, "commit", note)

    assert [1] * 50 == answers
    assert 1 == len(commits)
    assert 50 == len(ledger.waiting(0, 100))


async def test_an_event_that_comes_twice_at_once_is_new_once(ledger: SqlLedger) -> None:
    answers = await kept(ledger, [an_arrival("evt_1"), an_arrival("evt_2")], [an_arrival("evt_2")], [])

    assert [2, 0, 0] == answers
    assert ["evt_1", "evt_2"] == [row.event_id for row in ledger.waiting(0, 100)]


async def test_what_cannot_be_kept_does_not_take_the_others_with_it(ledger: SqlLedger) -> None:
    """Half of a pair of UTF-16 is no text that a database keeps."""
    wrong = an_arrival("evt_2", body="\ud800")

    first, refused, last = await kept(ledger, [an_arrival("evt_1")], [wrong], [an_arrival("evt_3")])

    assert (1, 1) == (first, last)
    assert isinstance(refused, UnicodeEncodeError)
    assert ["evt_1", "evt_3"] == [row.event_id for row in ledger.waiting(0, 100)]
