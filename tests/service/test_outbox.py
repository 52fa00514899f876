"""Events go out until they are taken, whatever the endpoint does: a real receiver, a clock that is set by hand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from standardwebhooks.webhooks import WebhookVerificationError

from domain.outgoing import CaseClosed, StepSkipped
from domain.record import Entry
from gateways.ledger.sql_ledger import SqlLedger
from gateways.webhook_post import WebhookPost
from service.endpoints import Endpoints, Shown
from service.outbox import AT_ONCE, GIVES_UP, LONGEST_PAUSE, Dispatch
from service.threads import Threads
from tests.gateways.ledger.builders import open_case
from tests.receiver import OK, Receiver, receiving, status
from tests.web.conftest import until

NOW = datetime(2030, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoints(ledger: SqlLedger, clock: Clock) -> Endpoints:
    open_case(ledger)
    open_case(ledger, "in_2")
    return Endpoints(ledger, clock, private=True)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as here:
        yield here


@pytest.fixture
def threads() -> Iterator[Threads]:
    with closing(Threads(4, "test")) as threads:
        yield threads


def dispatching(ledger: SqlLedger, clock: Clock, threads: Threads, *, patience: float = 10) -> Dispatch:
    # What is signed has to be of this moment: the receiver's library verifies it.
    post = WebhookPost(timedelta(seconds=patience), lambda: datetime.now(UTC), private=True)
    return Dispatch(ledger, ledger, post, threads, clock, "me", timedelta(days=90), lambda: 1.0)


@pytest.fixture
def dispatch(ledger: SqlLedger, clock: Clock, threads: Threads) -> Dispatch:
    return dispatching(ledger, clock, threads)


async def go(dispatch: Dispatch) -> None:
    """Until all that can be sent now was sent."""
    await dispatch.round()
    await until(lambda: not dispatch.busy)


def happened(ledger: SqlLedger, *steps: str, invoice: str = "in_1") -> None:
    for step in steps:
        entry = Entry(at=NOW, step=step, what="skipped", why="late", event=StepSkipped(kind="charge"))
        ledger.record_effect(invoice, entry)


def sources(receiver: Receiver) -> list[str]:
    return [got.event["data"]["source"] for got in receiver.got]


def the(endpoints: Endpoints) -> Shown:
    [one] = endpoints.all()
    return one


async def test_events_arrive_in_order_signed_and_whole(
    ledger: SqlLedger, endpoints: Endpoints, dispatch: Dispatch, receiver: Receiver
) -> None:
    _, secret = endpoints.add(receiver.url)
    happened(ledger, *"abc")
    await go(dispatch)

    assert ["a", "b", "c"] == sources(receiver)
    assert receiver.got[0].is_signed_with(secret)
    case = {"invoice": "in_1", "customer": "cus_1", "subscription": None, "policy": "standard@1"}
    fields = {"source": "a", "kind": "charge", "why": "late", "rule": None, "remaining": None}
    assert {"type": "step.skipped", "timestamp": "2030-04-01T12:00:00Z", "data": {"case": case, **fields}} == (
        receiver.got[0].event
    )
    await go(dispatch)
    assert 3 == len(receiver.got)


async def test_an_endpoint_gets_its_types_and_what_happens_after_it_was_added(
    ledger: SqlLedger, endpoints: Endpoints, dispatch: Dispatch, receiver: Receiver
) -> None:
    happened(ledger, "before")
    await go(dispatch)
    endpoints.add(receiver.url, ["case.closed"])
    happened(ledger, "after")
    closed = Entry(at=NOW, step="end", what="closed", why="", event=CaseClosed(outcome="recovered"))
    ledger.record_effect("in_1", closed)
    await go(dispatch)

    assert ["case.closed"] == receiver.types()


async def test_the_receiver_is_down_and_then_back(
    ledger: SqlLedger, endpoints: Endpoints, dispatch: Dispatch, clock: Clock, receiver: Receiver
) -> None:
    """Each pause is longer than the one before; back again, everything arrives in order and under its first id."""
    endpoints.add(receiver.url)
    happened(ledger, *"abc")
    receiver.always = lambda _: status(500)
    pauses = list[timedelta]()
    for _ in range(14):
        await go(dispatch)
        await go(dispatch)  # nothing more until its time has come
        next_try = the(endpoints).next_try
        assert next_try
        pauses.append(next_try - clock.now)
        clock.now = next_try
    first = receiver.got[0].id

    assert [5, 10, 20, 40] == [pause.total_seconds() for pause in pauses[:4]]
    assert {LONGEST_PAUSE} == set(pauses[-3:])
    assert ({"a"}, {first}) == (set(sources(receiver)), {got.id for got in receiver.got})
    assert ("It answered 500.", 14) == (the(endpoints).note, len(receiver.got))

    receiver.always, receiver.got = None, []
    await go(dispatch)
    assert (["a", "b", "c"], first) == (sources(receiver), receiver.got[0].id)
    assert (None, 0) == (the(endpoints).failing_since, the(endpoints).waiting)


async def test_one_event_is_not_taken_and_other_cases_do_not_wait(
    ledger: SqlLedger, endpoints: Endpoints, dispatch: Dispatch, clock: Clock, receiver: Receiver
) -> None:
    """After three days it is given up, and its case goes on; the endpoint works."""
    endpoints.add(receiver.url)
    receiver.always = lambda got: status(400) if got.event["data"]["source"] == "a" else OK
    happened(ledger, "a", "b")
    for day in range(4):
        happened(ledger, f"other-{day}", invoice="in_2")
        await go(dispatch)
        clock.now += timedelta(days=1)

    assert ["other-0", "other-1", "other-2", "other-3", "b"] == [s for s in sources(receiver) if s != "a"]
    assert (0, 1, None) == (the(endpoints).waiting, the(endpoints).given_up, the(endpoints).disabled_at)


async def test_after_three_days_without_success_an_endpoint_is_disabled_with_a_notice(
    ledger: SqlLedger,
    endpoints: Endpoints,
    dispatch: Dispatch,
    clock: Clock,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    which, _ = endpoints.add(receiver.url)
    receiver.always = lambda _: status(503)
    happened(ledger, "a", "b")
    while the(endpoints).disabled_at is None:
        await go(dispatch)
        clock.now = the(endpoints).next_try or clock.now
        assert clock.now - NOW <= GIVES_UP + HOUR

    assert GIVES_UP <= clock.now - NOW
    assert "has taken nothing for 3 days" in the(endpoints).note
    assert (logging.ERROR, True) == (caplog.records[-1].levelno, which in caplog.text)
    receiver.always, receiver.got = None, []
    happened(ledger, "c")
    await go(dispatch)
    assert [] == receiver.got

    assert 3 == endpoints.replay(which, NOW)
    await go(dispatch)
    assert ["a", "b", "c"] == sources(receiver)


async def test_an_endpoint_that_is_gone_is_disabled_at_once(
    ledger: SqlLedger, endpoints: Endpoints, dispatch: Dispatch, receiver: Receiver
) -> None:
    endpoints.add(receiver.url)
    receiver.answers = [status(410)]
    happened(ledger, "a", "b")
    await go(dispatch)

    assert (1, 2) == (len(receiver.got), the(endpoints).given_up)
    assert "It answered 410. Disabled: it wants no more events." == the(endpoints).note


async def test_an_endpoint_that_asks_to_wait_is_left_alone_for_as_long(
    ledger: SqlLedger, endpoints: Endpoints, dispatch: Dispatch, clock: Clock, receiver: Receiver
) -> None:
    endpoints.add(receiver.url)
    receiver.answers = [status(429, "Retry-After: 600"), status(429, "Retry-After: 9999999")]
    happened(ledger, "a")
    await go(dispatch)
    assert NOW + timedelta(minutes=10) == the(endpoints).next_try

    clock.now += timedelta(minutes=10)
    await go(dispatch)
    assert clock.now + HOUR == the(endpoints).next_try  # as long as it is left alone anyway, and no longer


async def test_a_slow_endpoint_keeps_nobody_else_waiting(
    ledger: SqlLedger, endpoints: Endpoints, clock: Clock, threads: Threads, receiver: Receiver
) -> None:
    """It has a few requests in hand, never more, and the others are served meanwhile."""
    dispatch = dispatching(ledger, clock, threads, patience=60)
    async with receiving() as slow:
        slow.always = lambda _: None
        endpoints.add(slow.url)
        endpoints.add(receiver.url)
        invoices = [f"in_{number}" for number in range(10, 30)]
        for invoice in invoices:
            open_case(ledger, invoice)
            happened(ledger, "a", "b", invoice=invoice)
        await dispatch.round()
        await until(lambda: len(receiver.got) == 2 * len(invoices))

        assert dispatch.busy
        assert AT_ONCE == slow.connections
        happened(ledger, "c")
        await dispatch.round()
        await until(lambda: "c" in sources(receiver))
        assert AT_ONCE == slow.connections


async def test_a_redirect_and_silence_are_failures(
    ledger: SqlLedger, endpoints: Endpoints, clock: Clock, threads: Threads, receiver: Receiver
) -> None:
    dispatch = dispatching(ledger, clock, threads, patience=0.3)
    endpoints.add(receiver.url)
    async with receiving() as elsewhere:
        receiver.answers = [status(302, f"Location: {elsewhere.url}"), None]
        happened(ledger, "a")
        notes = list[str]()
        for _ in range(2):
            await go(dispatch)
            notes.append(the(endpoints).note)
            clock.now += HOUR
        await go(dispatch)

    assert "It answered 302." == notes[0]
    assert "did not answer" in notes[1]
    assert (0, 3, 0) == (elsewhere.connections, len(receiver.got), the(endpoints).waiting)


async def test_a_private_address_gets_nothing_where_none_is_wanted(
    ledger: SqlLedger, endpoints: Endpoints, clock: Clock, threads: Threads, receiver: Receiver
) -> None:
    """It was added when the setting allowed it, or its name leads there now."""
    endpoints.add(f"https://localhost:{receiver.port}/events")
    post = WebhookPost(timedelta(seconds=10), clock, private=False)
    dispatch = Dispatch(ledger, ledger, post, threads, clock, "me", timedelta(days=90), lambda: 1.0)
    happened(ledger, "a")
    await go(dispatch)

    assert "not a public address" in the(endpoints).note
    assert 0 == receiver.connections


async def test_while_a_secret_is_rotated_either_of_both_verifies(
    ledger: SqlLedger, endpoints: Endpoints, dispatch: Dispatch, clock: Clock, receiver: Receiver
) -> None:
    which, old = endpoints.add(receiver.url)
    new = endpoints.rotate(which, HOUR)
    happened(ledger, "a")
    await go(dispatch)
    clock.now += HOUR
    happened(ledger, "b")
    await go(dispatch)
    during, after = receiver.got

    assert all(got.is_signed_with(new) for got in (during, after))
    assert during.is_signed_with(old)
    with pytest.raises(WebhookVerificationError):
        after.is_signed_with(old)


async def test_two_processes_and_one_dies_in_the_middle(
    ledger: SqlLedger, endpoints: Endpoints, clock: Clock, threads: Threads, receiver: Receiver
) -> None:
    """The other takes over when the lease is over; what was in hand comes again under the same id."""
    endpoints.add(receiver.url)
    receiver.answers = [None]
    happened(ledger, "a", "b")
    first = dispatching(ledger, clock, threads, patience=60)
    dying = asyncio.create_task(first.run())
    await until(lambda: receiver.got)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert not first.busy

    post = WebhookPost(timedelta(seconds=10), lambda: datetime.now(UTC), private=True)
    other = Dispatch(ledger, ledger, post, threads, clock, "other", timedelta(days=90), lambda: 1.0)
    clock.now += timedelta(minutes=2)
    living = asyncio.create_task(other.run())
    await until(lambda: len(receiver.got) == 3)
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)

    assert ["a", "a", "b"] == sources(receiver)
    assert receiver.got[0].id == receiver.got[1].id
