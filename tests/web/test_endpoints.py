"""Endpoints of events out by the API: with the rules of the command line, and the same book."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.outgoing import CaseClosed, StepSkipped
from domain.record import Entry
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from service.keys import KeyRing, Scope
from tests.gateways.ledger.builders import NOW, open_case
from tests.receiver import Receiver, receiving, status
from tests.web.conftest import Web, serving, until

PUBLIC = "https://example.com/events"


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def away(web_settings: Settings) -> Settings:
    """Temporal is not needed for any of this."""
    return web_settings.model_copy(update={"temporal_address": "127.0.0.1:1"})


@pytest_asyncio.fixture
async def web(away: Settings, ledger: SqlLedger) -> AsyncIterator[Web]:
    open_case(ledger)
    async with serving(away.model_copy(update={"dunning_outbox_private": True})) as web:
        yield web


@pytest.fixture
def admin(ledger: SqlLedger) -> dict[str, str]:
    return {"Authorization": f"Bearer {KeyRing(ledger, lambda: datetime.now(UTC)).make('ada', Scope.ADMIN)}"}


class Asked:
    """The endpoints' routes, by one key."""

    def __init__(self, web: Web, key: dict[str, str]) -> None:
        self._http, self._key = web.http, key

    async def __call__(self, method: str, path: str = "", **json: Any) -> httpx.Response:
        body = {"json": json} if json or method in ("POST", "PATCH") else {}
        return await self._http.request(method, f"/v1/endpoints{path}", headers=self._key, **body)

    async def add(self, url: str, types: Sequence[str] = ()) -> tuple[str, str]:
        made = await self("POST", url=url, types=[*types])
        assert 201 == made.status_code, made.text
        assert "no-store" == made.headers["cache-control"]
        return made.json()["endpoint_id"], made.json()["secret"]

    async def deliveries(self, endpoint: str, **params: Any) -> dict[str, Any]:
        path = f"/v1/endpoints/{endpoint}/deliveries"
        found: dict[str, Any] = (await self._http.get(path, params=params, headers=self._key)).json()
        return found


@pytest.fixture
def asked(web: Web, admin: dict[str, str]) -> Asked:
    return Asked(web, admin)


def happened(ledger: SqlLedger, *steps: str) -> None:
    for step in steps:
        ledger.record_effect("in_1", Entry(at=NOW, step=step, what="x", why="", event=StepSkipped(kind="charge")))


async def test_an_endpoint_is_added_changed_and_removed(asked: Asked, ledger: SqlLedger) -> None:
    endpoint, secret = await asked.add(PUBLIC, ["case.closed", "case.closed"])

    shown = (await asked("GET", f"/{endpoint}")).json()
    other = (await asked("PATCH", f"/{endpoint}", url=f"{PUBLIC}/2")).json()
    every = (await asked("PATCH", f"/{endpoint}", types=[])).json()
    listed = await asked("GET")
    removed = await asked("DELETE", f"/{endpoint}")

    assert ("works", ["case.closed"], PUBLIC) == (shown["state"], shown["types"], shown["url"])
    assert (["case.closed"], f"{PUBLIC}/2") == (other["types"], other["url"])
    assert (None, f"{PUBLIC}/2") == (every["types"], every["url"])
    assert [endpoint] == [one["endpoint_id"] for one in listed.json()["endpoints"]]
    assert secret not in listed.text
    assert (204, []) == (removed.status_code, ledger.endpoints())


async def test_every_route_of_an_endpoint_that_is_not_there_says_so(asked: Asked) -> None:
    since = {"since": "2030-01-01T00:00:00Z"}
    answers = [
        await asked("GET", "/ep_0"),
        await asked("PATCH", "/ep_0", types=[]),
        await asked("DELETE", "/ep_0"),
        await asked("POST", "/ep_0/rotate"),
        await asked("POST", "/ep_0/replay", **since),
        *[await asked("POST", f"/ep_0/{order}") for order in ("enable", "disable", "test")],
        await asked("GET", "/ep_0/deliveries"),
    ]

    assert [404] * 9 == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/", "x", "https://a b"],
)
async def test_an_address_that_events_never_go_to_is_refused_when_it_is_added_and_when_it_is_changed(
    away: Settings, ledger: SqlLedger, admin: dict[str, str], url: str
) -> None:
    async with serving(away) as web:
        asked = Asked(web, admin)
        endpoint, _ = await asked.add(PUBLIC)
        answers = [await asked("POST", url=url), await asked("PATCH", f"/{endpoint}", url=url)]

    assert [422, 422] == [answer.status_code for answer in answers]
    assert [PUBLIC] == [one.url for one in ledger.endpoints()]


async def test_a_name_that_leads_into_the_own_network_is_not_reached_by_a_test(
    away: Settings, ledger: SqlLedger, admin: dict[str, str], receiver: Receiver
) -> None:
    async with serving(away) as web:
        asked = Asked(web, admin)
        endpoint, _ = await asked.add(f"https://localhost:{receiver.port}/")
        answer = (await asked("POST", f"/{endpoint}/test")).json()

    assert (False, 0) == (answer["taken"], receiver.connections)
    assert "not a public address" in answer["why"]


async def test_a_test_is_signed_and_says_what_the_endpoint_answered(asked: Asked, receiver: Receiver) -> None:
    receiver.answers = [status(401)]
    endpoint, secret = await asked.add(receiver.url)
    await asked("POST", f"/{endpoint}/disable")

    answers = [(await asked("POST", f"/{endpoint}/test")).json() for _ in range(2)]

    assert [(False, "It answered 401."), (True, "")] == [(one["taken"], one["why"]) for one in answers]
    assert ["endpoint.test"] * 2 == receiver.types()
    assert all(got.is_signed_with(secret) for got in receiver.got)
    assert "disabled" == (await asked("GET", f"/{endpoint}")).json()["state"]


async def test_a_secret_is_rotated_and_both_sign_for_a_while(
    asked: Asked, receiver: Receiver, ledger: SqlLedger
) -> None:
    endpoint, old = await asked.add(receiver.url)

    new = (await asked("POST", f"/{endpoint}/rotate", grace_hours=1)).json()["secret"]
    happened(ledger, "s1")
    await until(lambda: receiver.got)

    assert new != old
    assert [True, True] == [receiver.got[0].is_signed_with(secret) for secret in (old, new)]


async def test_deliveries_are_shown_with_their_attempts_and_the_last_error(
    asked: Asked, receiver: Receiver, ledger: SqlLedger
) -> None:
    endpoint, _ = await asked.add(receiver.url)
    receiver.always = lambda got: status(204) if got.event["data"]["source"] == "s1" else status(500)
    happened(ledger, "s1", "s2", "s3")
    await until(lambda: len(receiver.got) >= 2)
    await until(lambda: ledger.deliveries(endpoint, "waiting", 0, 9)[0].attempts)

    whole = await asked.deliveries(endpoint)
    waiting = await asked.deliveries(endpoint, state="waiting")
    first = await asked.deliveries(endpoint, limit=1)
    rest = await asked.deliveries(endpoint, after=first["after"])

    assert ["done", "waiting", "waiting"] == [one["state"] for one in whole["deliveries"]]
    head, behind = waiting["deliveries"]
    assert (1, "It answered 500.", "step.skipped") == (head["attempts"], head["note"], head["type"])
    assert head["next_try"]
    assert (0, "") == (behind["attempts"], behind["note"])
    assert whole["deliveries"][1:] == rest["deliveries"]
    assert rest["after"] is None


async def test_a_secret_that_is_told_again_is_not_to_be_stored_either(web: Web, admin: dict[str, str]) -> None:
    once = admin | {"Idempotency-Key": "endpoint-1"}

    made, again = [await web.http.post("/v1/endpoints", json={"url": PUBLIC}, headers=once) for _ in range(2)]

    assert (made.json(), "true") == (again.json(), again.headers["idempotency-replayed"])
    assert ["no-store"] * 2 == [answer.headers["cache-control"] for answer in (made, again)]


async def test_what_was_disabled_gets_what_happens_later_and_by_a_replay_the_rest(
    asked: Asked, receiver: Receiver, ledger: SqlLedger
) -> None:
    endpoint, _ = await asked.add(receiver.url)
    disabled = (await asked("POST", f"/{endpoint}/disable")).json()
    happened(ledger, "s1")
    await until(lambda: not ledger.pass_on(9))

    enabled = (await asked("POST", f"/{endpoint}/enable")).json()
    happened(ledger, "s2")
    await until(lambda: receiver.got)
    assert ["s2"] == [got.event["data"]["source"] for got in receiver.got]
    since = (NOW - timedelta(days=1)).isoformat()
    replayed = (await asked("POST", f"/{endpoint}/replay", since=since)).json()
    await until(lambda: len(receiver.got) == 3)

    assert ("disabled", "Disabled by hand.", "works", "") == (
        disabled["state"],
        disabled["note"],
        enabled["state"],
        enabled["note"],
    )
    assert 2 == replayed["sent_again"]
    assert ["s2", "s1", "s2"] == [got.event["data"]["source"] for got in receiver.got]


async def test_another_address_is_tried_at_once(asked: Asked, receiver: Receiver, ledger: SqlLedger) -> None:
    """What waited for the old one does not wait for its pause."""
    async with receiving() as broken:
        broken.always = lambda _: status(500)
        endpoint, _ = await asked.add(broken.url)
        ledger.record_effect("in_1", Entry(at=NOW, step="s", what="x", why="", event=CaseClosed(outcome="recovered")))
        await until(lambda: ledger.endpoints()[0].failures)

        await asked("PATCH", f"/{endpoint}", url=receiver.url)
        await until(lambda: receiver.got)

    assert ["case.closed"] == receiver.types()


@pytest.mark.parametrize("since", ["2030-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_a_replay_needs_a_moment_that_can_be_counted_with(asked: Asked, since: str) -> None:
    endpoint, _ = await asked.add(PUBLIC)

    assert 422 == (await asked("POST", f"/{endpoint}/replay", since=since)).status_code
