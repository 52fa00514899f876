"""Bulk orders: what a dry run shows is what is ordered, once for each case, whatever dies meanwhile."""

import asyncio
import json
import sys
from contextlib import closing
from pathlib import Path
from signal import SIGKILL

from httpx import AsyncClient
from temporalio.client import Client

from domain import events
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.access import Asked
from runtime.bulk import THREADS, bulk_work
from runtime.settings import ROOT, Settings
from runtime.wiring import utc_now
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import Scene, StagedCase, staged
from sandbox.providers.stripe_outcomes import Decline
from service.bulk import BulkDesk, BulkState, LineState
from service.keys import Caller, Scope
from service.running import RunningCases
from service.threads import Threads
from tests.web.conftest import serving
from tests.web.test_api import bearer, ring

DECLINED = Decline("insufficient_funds")
OLGA = Caller("k1", "Olga", Scope.OPERATOR)


async def test_what_a_dry_run_has_shown_is_ordered_and_what_changed_since_is_reported(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path) as stage, serving(stage.settings) as web:
        olga = bearer(ring(stage.ledger).make("Olga", Scope.OPERATOR))
        cases = [await stage.open(DECLINED) for _ in range(3)]
        await cases[2].until("2030-04-12 12:00")  # tried, written to, restricted
        changed = f"/v1/cases/{cases[1].invoice}"
        asked = {"order": {"name": "pause", "note": "storm"}, "filter": {"status": "open"}}

        made = await web.http.post("/v1/orders", json=asked, headers=olga | {"Idempotency-Key": "storm"})
        again = await web.http.post("/v1/orders", json=asked, headers=olga | {"Idempotency-Key": "storm"})
        of = made.headers["location"]
        shown = await rested(web.http, of, olga)
        seen = (await web.http.get(f"{of}/cases", params={"limit": 2}, headers=olga)).json()
        rest = (await web.http.get(f"{of}/cases", params={"after": seen["after"]}, headers=olga)).json()
        untouched = [(await case.status()).holds for case in cases]
        await web.http.post(f"{changed}/pause", json={"note": "by phone"}, headers=olga)
        ran = await web.http.post(f"{of}/run", headers=olga)
        done = await rested(web.http, of, olga)
        lines = [json.loads(line) for line in (await web.http.get(f"{of}/cases.jsonl", headers=olga)).text.splitlines()]
        twice = await web.http.post(f"{of}/run", headers=olga)
        too_late = await web.http.post(f"{of}/cancel", headers=olga)
        paused = [(await case.status()).holds for case in cases]
        orders = (await web.http.get("/v1/orders", headers=olga)).json()["orders"]

    assert (202, 202, 202) == (made.status_code, ran.status_code, twice.status_code)
    assert (of, made.json()["id"]) == (again.headers["location"], again.json()["id"])
    assert ("shown", {"ready": 3}) == (shown["state"], shown["cases"])
    assert ["ready"] * 3 == [line["state"] for line in seen["cases"] + rest["cases"]]
    assert all("until told otherwise: on hold (operator pause: storm)" in line["then"] for line in seen["cases"])
    assert [()] * 3 == untouched
    assert ("done", {"done": 2, "overtaken": 1}) == (done["state"], done["cases"])
    assert ["done", "overtaken", "done"] == [line["state"] for line in lines]
    assert "has changed" in lines[1]["why"]
    assert ["storm", "by phone", "storm"] == [holds[0].split(": ")[1].split(";")[0] for holds in paused]
    assert 409 == too_late.status_code
    assert [done | {"note": ""}] == orders
    audit = [asked for _, asked in stage.ledger.audit(0, 100) if asked.request_id == done["id"]]
    assert [("Olga", f"/v1/cases/{case.invoice}/pause") for case in cases] == [(a.name, a.path) for a in audit]
    assert [200, 412, 200] == [one.status for one in audit]


async def test_what_cannot_be_meant_is_a_problem_that_says_what_to_do(
    web_settings: Settings, ledger: SqlLedger
) -> None:
    olga = bearer(ring(ledger).make("Olga", Scope.OPERATOR))
    pause = {"order": {"name": "pause"}}
    far = {"name": "pause", "until": "9999-12-31T00:00:00Z"}
    async with serving(web_settings.model_copy(update={"temporal_address": "127.0.0.1:1"})) as web:
        for asked, says in (
            (pause, "Give either invoices, or a filter"),
            ({**pause, "filter": {}, "invoices": ["in_1"]}, "Give either invoices, or a filter"),
            ({**pause, "invoices": []}, "body.invoices"),
            ({**pause, "invoices": ["in 1"]}, "body.invoices.0"),
            ({**pause, "filter": {"status": "gone"}}, "body.filter.status"),
            ({"order": {"name": "reopen_channel"}, "filter": {}}, "body.order"),
            ({"order": {"name": "settle"}, "filter": {}}, "amount"),
            ({"order": far, "filter": {}}, "between the years"),
        ):
            answer = await web.http.post("/v1/orders", json=asked, headers=olga)
            assert (422, True) == (answer.status_code, says in answer.json()["detail"]), answer.text
        single = await web.http.post("/v1/cases/in_1/pause", json={"until": far["until"]}, headers=olga)
        unknown = [
            await web.http.get(f"/v1/orders/bulk_0{path}", headers=olga) for path in ("", "/cases", "/cases.jsonl")
        ]
        unknown += [await web.http.post(f"/v1/orders/bulk_0/{path}", headers=olga) for path in ("run", "cancel")]
        none = await web.http.get("/v1/orders", params={"before": "bulk_0"}, headers=olga)

    assert 422 == single.status_code
    assert [404] * 5 == [answer.status_code for answer in unknown]
    assert {"orders": [], "before": None} == none.json()


async def rested(http: AsyncClient, of: str, headers: dict[str, str]) -> dict[str, object]:
    """The bulk order once nothing goes on by itself."""
    async with asyncio.timeout(30):
        while (now := (await http.get(of, headers=headers)).json())["state"] in ("looking", "ordering"):
            await asyncio.sleep(0.05)
    found: dict[str, object] = now
    return found


async def test_killed_in_the_middle_it_loses_nothing_and_orders_nothing_twice(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """A program that gives a bulk order is killed with kill -9 as soon as the first cases have their answer. Of another
    one the order was given, its case has ended by it, and that was never written down. Whoever goes on finds both."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path) as stage:
        cases = await asyncio.gather(*(stage.open(DECLINED) for _ in range(24)))
        killed = await killed_once_it_has_begun(stage)
        last = await stage.open(DECLINED)
        desk, running = BulkDesk(stage.ledger, utc_now), RunningCases(stage.client, stage.ledger)
        ends = desk.make(OLGA, "write_off", {}, [last.invoice, "in_nobodys"], dry_run=False).bulk.bulk_id

        async def connected() -> RunningCases:
            return running

        with closing(Threads(THREADS, "bulk")) as threads:
            work = bulk_work(stage.settings, stage.ledger, connected, threads)
            while stage.ledger.tally(ends).get(LineState.READY, 0) == 0:
                assert await work.round()
            await given_and_not_written_down(stage, running, ends)
            result = await asyncio.wait_for(last.handle.result(), timeout=60)
            while await work.round():
                pass

    done = desk.progress(killed)
    assert (BulkState.DONE, {LineState.DONE: 24}) == (done.bulk.state, done.cases)
    assert [1] * 24 == [skipped(stage, case) for case in cases]
    assert (BulkState.DONE, {LineState.DONE: 1, LineState.REFUSED: 1}) == (
        desk.progress(ends).bulk.state,
        desk.progress(ends).cases,
    )
    assert "written_off" == result.outcome
    audit = [asked for _, asked in stage.ledger.audit(0, 100)]
    paths = {f"/v1/cases/{case.invoice}/skip" for case in cases} | {f"/v1/cases/{last.invoice}/write-off"}
    assert (25, paths, {200}) == (len(audit), {one.path for one in audit}, {one.status for one in audit})


async def given_and_not_written_down(stage: Scene, running: RunningCases, bulk_id: str) -> None:
    """What a process does with a case before it is killed in the middle of it."""
    [line] = stage.ledger.lines_to_order(bulk_id, 2)
    path = f"/v1/cases/{line.invoice_id}/write-off"
    asked = Asked(at=utc_now(), request_id=bulk_id, key_id=OLGA.key_id, name="Olga", method="POST", path=path)
    assert stage.ledger.begin_line(bulk_id, line.number, asked)
    order = events.WriteOff(by="Olga", expects=line.version)
    await running.order(line.invoice_id, "write_off", order, f"{bulk_id}-{line.number}")


async def killed_once_it_has_begun(stage: Scene) -> str:
    """The id of the bulk order."""
    command = [sys.executable, "starter.py", "bulk", "order", "skip", "--status", "open", "--run", "--by", "Olga"]
    program = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=stage.worker_environment)
    async with asyncio.timeout(60):
        while not (found := stage.ledger.bulks(None, 1)) or LineState.DONE not in stage.ledger.tally(found[0].bulk_id):
            await asyncio.sleep(0.005)
    program.send_signal(SIGKILL)
    assert -SIGKILL == await program.wait()
    return found[0].bulk_id


def skipped(stage: Scene, case: StagedCase) -> int:
    return sum(1 for entry in stage.ledger.record(case.invoice) if (entry.what, entry.why) == ("skipped", "by Olga"))
