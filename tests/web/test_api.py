"""The API: who may ask what, once, on record; and what it answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.access import CUT_OFF
from gateways.ports.rows import Closure
from gateways.ports.trouble import ProviderTrouble
from runtime.settings import Settings
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import staged
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld
from service.keys import KeyRing, Scope
from tests.cases import a_failed_invoice
from tests.gateways.ledger.builders import a_case, a_customer
from tests.web.conftest import Web, serving
from web.limits import RateLimit
from worker import build_worker

NOBODY = "dun_000000000000_" + "x" * 43


def ring(ledger: SqlLedger) -> KeyRing:
    return KeyRing(ledger, lambda: datetime.now(UTC))


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    async with serving(web_settings) as web:
        yield web


@pytest.fixture
def admin(ledger: SqlLedger) -> dict[str, str]:
    return bearer(ring(ledger).make("ada", Scope.ADMIN))


async def test_a_key_works_until_it_is_over(ledger: SqlLedger) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    keys = KeyRing(ledger, lambda: now)
    short, long = keys.make("short", Scope.BILLING, timedelta(hours=1)), keys.make("long", Scope.BILLING)
    caller = keys.caller(long)
    assert caller

    new = keys.rotate(caller.key_id, grace=timedelta(hours=2))
    works = []
    for hours in (0, 1, 2):
        now = datetime(2030, 1, 1, hours, tzinfo=UTC)
        works.append([keys.caller(token) is not None for token in (short, long, new)])

    assert [[True, True, True], [False, True, True], [False, False, True]] == works
    assert new not in repr(keys.all())
    assert {len(key.digest) for key in keys.all()} == {64}


async def test_a_case_is_opened_by_a_record_once(
    web: Web, world: ProviderWorld, ledger: SqlLedger, admin: dict[str, str]
) -> None:
    invoice, customer = a_failed_invoice(world, country="US")
    record = {"invoice_id": invoice, "customer": {"id": customer}}

    first = await web.http.post("/v1/cases", json=record, headers=admin | {"Idempotency-Key": "a"})
    again = await web.http.post("/v1/cases", json=record, headers=admin | {"Idempotency-Key": "a"})
    other = await web.http.post("/v1/cases", json=record, headers=admin | {"Idempotency-Key": "b"})
    wrong = await web.http.post("/v1/cases", json={**record, "x": 1}, headers=admin | {"Idempotency-Key": "a"})

    assert ["opened", "opened", "exists"] == [answer.json()["result"] for answer in (first, again, other)]
    assert "true" == again.headers["idempotency-replayed"]
    assert [first.headers["content-type"]] * 2 == [again.headers["content-type"], other.headers["content-type"]]
    assert 422 == wrong.status_code
    assert "another request" in wrong.json()["detail"]
    assert ledger.case(invoice)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({}, "neither a Stripe event"),
        ({"invoice_id": "in_1", "customer": {"id": "cus_1"}, "surprise": 1}, "surprise"),
        ({"id": "evt_1", "type": "invoice.paid", "data": {}}, "data.object"),
        ([], "dictionary"),
        (b"{", "JSON"),
        (b"", "required"),
    ],
)
async def test_a_bad_record_is_a_problem_that_says_what_is_wrong(
    web: Web, admin: dict[str, str], record: object, says: str
) -> None:
    body = record if isinstance(record, bytes) else json.dumps(record).encode()
    answer = await web.http.post("/v1/cases", content=body, headers=admin | {"Content-Type": "application/json"})

    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert says in answer.json()["detail"]


async def test_what_is_not_there_is_not_found(web: Web, admin: dict[str, str]) -> None:
    for path in ("cases/in_0", "cases/in_0/record", "cases/in_0/messages", "customers/cus_0", "nothing"):
        assert 404 == (await web.http.get(f"/v1/{path}", headers=admin)).status_code
    assert 404 == (await web.http.post("/v1/inbox/evt_0/again", headers=admin)).status_code


async def test_every_order_and_report_is_on_record_with_who_gave_it(
    web: Web, world: ProviderWorld, ledger: SqlLedger
) -> None:
    """Reading is not; a request that was refused is."""
    billing, auditor = (bearer(ring(ledger).make(name, Scope(name))) for name in ("billing", "auditor"))
    invoice, customer = a_failed_invoice(world)
    record = {"invoice_id": invoice, "customer": {"id": customer}}

    await web.http.post("/v1/cases", json=record, headers=billing | {"X-Request-Id": "theirs-1"})
    await web.http.post(f"/v1/cases/{invoice}/pause", json={}, headers=billing)
    await web.http.get("/v1/cases", headers=billing)
    first = (await web.http.get("/v1/audit?limit=1", headers=auditor)).json()
    second = (await web.http.get(f"/v1/audit?after={first['after']}", headers=auditor)).json()

    [opened], [refused] = first["entries"], second["entries"]
    assert ("billing", "POST", "/v1/cases", 200, "theirs-1") == tuple(
        opened[name] for name in ("name", "method", "path", "status", "request_id")
    )
    assert (403, f"/v1/cases/{invoice}/pause") == (refused["status"], refused["path"])
    assert second["after"] is None


async def test_a_request_that_is_cut_off_stands_in_the_audit(
    web: Web, ledger: SqlLedger, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger goes away after the work was done: the row of the request was there before."""

    def away(_number: int, _status: int) -> None:
        raise ProviderTrouble("the ledger does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(web.app.state.gate.register, "answered", away)
        await web.http.post("/v1/cases/in_1/pause", json={}, headers=admin)

    [(_, asked)] = ledger.audit()
    assert ("/v1/cases/in_1/pause", CUT_OFF) == (asked.path, asked.status)


async def test_a_channel_is_opened_again_only_where_the_customer_wants_it(
    web: Web, world: ProviderWorld, ledger: SqlLedger, admin: dict[str, str]
) -> None:
    invoice, customer = a_failed_invoice(world)
    at = datetime.now(UTC)
    for channel, wish in ((Channel.EMAIL, False), (Channel.SMS, True)):
        closure = {"channel": channel, "address": None, "why": "bounced", "wish": wish, "event_id": f"e-{channel}"}
        ledger.close_channel(Closure(customer_id=customer, at=at, **closure))
    stated = a_customer(customer_id=customer, email="a@b.example", phone="+66810000000")
    ledger.open_case(a_case(invoice, customer_id=customer, status="closed"), stated, "{}")
    of = f"/v1/customers/{customer}/channels"

    refused = await web.http.post(f"{of}/sms/open", json={}, headers=admin)
    by_mail = await web.http.post(f"{of}/email/open", json={}, headers=admin)
    by_wish = await web.http.post(f"{of}/sms/open", json={"asked": True}, headers=admin)
    again = await web.http.post(f"{of}/sms/open", json={}, headers=admin)
    closed = await web.http.post(f"{of}/sms/close", json={"event_id": "crm-1"}, headers=admin)

    assert (409, "wants no SMS") == (refused.status_code, refused.json()["detail"][13:25])
    assert {"sms": "bounced"} == by_mail.json()["closed_channels"]
    assert {} == by_wish.json()["closed_channels"]
    assert "SMS is not closed." == again.json()["detail"]
    assert {"sms": "opted out"} == closed.json()["closed_channels"]


async def test_cases_come_by_pages_and_as_an_export(web: Web, world: ProviderWorld, admin: dict[str, str]) -> None:
    for _ in range(3):
        invoice, customer = a_failed_invoice(world)
        await web.http.post("/v1/cases", json={"invoice_id": invoice, "customer": {"id": customer}}, headers=admin)

    first = (await web.http.get("/v1/cases", params={"limit": 2}, headers=admin)).json()
    second = (await web.http.get("/v1/cases", params={"limit": 2, "after": first["after"]}, headers=admin)).json()
    table = (await web.http.get("/v1/exports/cases.csv", headers=admin)).text.splitlines()
    lines = (await web.http.get("/v1/exports/cases.jsonl", headers=admin)).text.splitlines()

    assert (2, 1, None) == (len(first["cases"]), len(second["cases"]), second["after"])
    assert (4, 3) == (len(table), len(lines))
    assert table[0].startswith("invoice_id,customer_id,status")


async def test_who_asks_too_often_is_told_when_to_come_again(web: Web, admin: dict[str, str]) -> None:
    web.app.state.gate.limit = RateLimit(burst=2, rate=0.1)

    answers = [await web.http.get("/v1/inbox", headers=admin) for _ in range(3)]

    assert [200, 200, 429] == [answer.status_code for answer in answers]
    assert "10" == answers[2].headers["retry-after"]


def test_a_key_may_ask_at_once_and_then_at_its_rate() -> None:
    now = 0.0
    limit = RateLimit(burst=2, rate=0.5, clock=lambda: now)

    at_once = [limit.wait("a") for _ in range(3)]
    other = limit.wait("b")
    now = 2.0

    assert ([0.0, 0.0, 2.0], 0.0, [0.0, 2.0]) == (at_once, other, [limit.wait("a"), limit.wait("a")])


async def test_without_temporal_what_the_ledger_knows_is_answered(
    web_settings: Settings, ledger: SqlLedger, admin: dict[str, str]
) -> None:
    assert ledger
    async with serving(web_settings.model_copy(update={"temporal_address": "127.0.0.1:1"})) as web:
        listed = await web.http.get("/v1/cases", headers=admin)
        ordered = await web.http.post("/v1/cases/in_1/pause", json={}, headers=admin | {"Idempotency-Key": "p"})
        again = await web.http.post("/v1/cases/in_1/pause", json={}, headers=admin | {"Idempotency-Key": "p"})

    assert (200, 503, 503) == (listed.status_code, ordered.status_code, again.status_code)
    assert "No Temporal server answers" in ordered.json()["detail"]
    assert "idempotency-replayed" not in again.headers


async def test_an_operator_orders_and_is_told_what_came_of_it(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """On the real server with a worker: an order about a case that changed since, and one that comes too late, are
    refused in one sentence."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path) as stage, serving(stage.settings) as web:
        operator = bearer(ring(stage.ledger).make("Olga", Scope.OPERATOR))
        case = await stage.open(Decline("insufficient_funds"))
        of = f"/v1/cases/{case.invoice}"

        once = operator | {"Idempotency-Key": "pause-1"}
        paused = await web.http.post(f"{of}/pause", json={"note": "asked by phone"}, headers=once)
        replayed = await web.http.post(f"{of}/pause", json={"note": "asked by phone"}, headers=once)
        seen = {"If-Match": paused.headers["etag"]}
        resumed = await web.http.post(f"{of}/resume", json={}, headers=operator | seen)
        late = await web.http.post(f"{of}/write-off", json={}, headers=operator | seen)
        comes = resumed.json()["case"]["next_key"]
        skipped = await web.http.post(f"{of}/skip", json={"step": comes}, headers=operator)
        twice = await web.http.post(f"{of}/skip", json={"step": comes}, headers=operator)
        agreed = {"amount": {"amount": 1_000, "currency": "USD"}}
        settled = await web.http.post(f"{of}/settle", json=agreed, headers=operator)
        result = await asyncio.wait_for(case.handle.result(), timeout=60)
        refused = await web.http.post(f"{of}/settle", json=agreed, headers=operator)
        record = (await web.http.get(f"{of}/record", headers=operator)).json()["entries"]

    assert [200, 200, 200, 200] == [answer.status_code for answer in (paused, resumed, skipped, settled)]
    assert (paused.headers["etag"], paused.json()) == (replayed.headers["etag"], replayed.json())
    assert any("asked by phone" in hold for hold in paused.json()["case"]["holds"])
    assert paused.json()["plan"]
    assert (412, True) == (late.status_code, "has changed" in late.json()["detail"])
    assert "skipped: by Olga" == skipped.json()["case"]["steps"][comes]
    assert (409, True) == (twice.status_code, comes in twice.json()["detail"])
    assert "settled" == result.outcome
    assert (409, True) == (refused.status_code, "has ended" in refused.json()["detail"])
    assert any("Olga" in entry["why"] for entry in record)


async def test_an_order_without_an_answer_is_given_again_and_counts_once(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """No worker answers: the order may come true or not, so its key stays free, and with it it is the same order."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path, own_worker=False) as stage, serving(stage.settings) as web:
        once = bearer(ring(stage.ledger).make("Olga", Scope.OPERATOR)) | {"Idempotency-Key": "retry-1"}
        async with build_worker(stage.client, stage.settings):
            case = await stage.open(Decline("insufficient_funds"))
        asked = partial(web.http.post, f"/v1/cases/{case.invoice}/retry-now", json={}, headers=once, timeout=20)

        unanswered = await asked()
        async with build_worker(stage.client, stage.settings):
            answered = await asked()
            # As if this answer had been lost on its way.
            [key] = {row.key_id for _, row in stage.ledger.audit(0, 10)}
            stage.ledger.drop_answer(key, "retry-1")
            again = await asked()
            other = await asked(headers=once | {"Idempotency-Key": "retry-2"})
            record = (await web.http.get(f"/v1/cases/{case.invoice}/record", headers=once)).json()["entries"]

    assert (503, "5") == (unanswered.status_code, unanswered.headers["retry-after"])
    assert "No worker answers" in unanswered.json()["detail"]
    assert [200, 200, 200] == [answer.status_code for answer in (answered, again, other)]
    assert answered.json()["case"] == again.json()["case"]
    assert 2 == len([entry for entry in record if "a try at once" in entry["what"]]), "one for each key"
