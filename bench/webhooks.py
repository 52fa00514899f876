"""How fast webhooks are kept, beside a bare FastAPI route with the same signature check and one insert.

    python -m bench.webhooks [EVENTS]

The events come from a process of their own. Medians of five runs, beside them the CPU of one event. Exits 1 when less
than 70 % of the bare route is reached.
"""

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, closing
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import httpx
import stripe
import uvicorn
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry

from gateways.ledger.database import upgrade_schema
from gateways.ledger.sql_ledger import SqlLedger
from gateways.prometheus_meter import PrometheusMeter
from gateways.stripe_webhook import StripeWebhook
from runtime import wiring
from runtime.leaving import leave
from sandbox.providers.stripe_webhooks import signature_header
from service.mailroom import Mailroom
from service.threads import Threads
from web.problems import Problem, answer
from web.requests import RequestIds
from web.webhooks import webhooks

EVENTS, RUNS, AT_ONCE = 400, 5, 16
WANTED_SHARE = 0.70
SECRET = "whsec_bench"  # noqa: S105 - the bench's own
PATH = "/webhooks/stripe"


def bare(folder: Path, threads: Threads) -> FastAPI:
    """The least that keeps an event: the SDK's check, one insert in one transaction, on a thread."""
    app = FastAPI()
    file = folder / "bare.db"
    with closing(sqlite3.connect(file)) as books:
        books.execute("PRAGMA journal_mode=WAL")
        books.execute("CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT)")
    kept = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    kept.execute("PRAGMA synchronous=FULL")

    def insert(event_id: str, body: str) -> None:
        kept.execute("INSERT OR IGNORE INTO events VALUES (?, ?)", (event_id, body))

    @app.post(PATH)
    async def arrives(request: Request) -> Response:
        body = (await request.body()).decode()
        header = request.headers.get("stripe-signature")
        stripe.WebhookSignature.verify_header(body, header, SECRET, 300)
        await threads.run(insert, json.loads(body)["id"], body)
        return Response(status_code=204)

    return app


def ours(folder: Path, threads: Threads) -> FastAPI:
    """The product's own route with all that a request passes, without the delivery that follows."""
    url = f"sqlite:///{folder / 'ours.db'}"
    upgrade_schema(url)
    stripes, meter = StripeWebhook([SECRET]), PrometheusMeter(CollectorRegistry())
    mailroom = Mailroom({"stripe": stripes}, SqlLedger(url), threads, wiring.utc_now, lambda: None, meter)
    app = FastAPI()
    app.add_exception_handler(Problem, answer)
    app.add_middleware(RequestIds)
    app.include_router(webhooks(mailroom))
    return app


class Kept(NamedTuple):
    """Medians of several runs."""

    speed: float  # events a second
    cpu: float  # milliseconds of the server's CPU for one event


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    work = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await work


def send(url: str, first: int, count: int) -> float:
    """Events a second that are taken, so many requests in hand."""
    return asyncio.run(_send(url, first, count))


async def _send(url: str, first: int, count: int) -> float:
    waiting = iter([_event(number) for number in range(first, first + count)])

    async def sender(http: httpx.AsyncClient) -> None:
        for body in waiting:
            header = {"Stripe-Signature": signature_header(body, SECRET, int(time.time()))}
            kept = await http.post(PATH, content=body, headers=header)
            assert kept.status_code == 204  # noqa: S101

    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        start = time.perf_counter()
        await asyncio.gather(*(sender(http) for _ in range(AT_ONCE)))
        return count / (time.perf_counter() - start)


def _event(number: int) -> bytes:
    """As long as Stripe's own are."""
    lines = [{"id": f"il_{line}", "amount": 1_999, "description": "1 x Pro (at 19.99 / month)"} for line in range(40)]
    about = {"id": f"in_{number}", "object": "invoice", "lines": {"data": lines}}
    return json.dumps({"id": f"evt_{number}", "type": "invoice.paid", "created": 1, "data": {"object": about}}).encode()


async def measure(events: int) -> bool:
    found: dict[str, list[Kept]] = {"bare": [], "ours": []}
    makers: dict[str, Callable[[Path, Threads], FastAPI]] = {"bare": bare, "ours": ours}
    with (
        tempfile.TemporaryDirectory(prefix="dunning-bench-") as name,
        closing(Threads(8, "bench")) as threads,
        ProcessPoolExecutor(1, get_context("spawn")) as others,
    ):
        # The first run warms up.
        for run in range(RUNS + 1):
            for which, make in makers.items():
                folder = Path(name) / f"{which}{run}"
                folder.mkdir()
                async with served(make(folder, threads)) as url:
                    found[which].append(await _one_run(others, url, run * events, events))
    bare_kept, our_kept = (_median(runs[1:]) for runs in found.values())
    share = our_kept.speed / bare_kept.speed
    print(f"webhooks kept a second: {our_kept.speed:.0f}, bare {bare_kept.speed:.0f}, share {share:.0%}")
    print(f"CPU of one: {our_kept.cpu:.2f} ms, bare {bare_kept.cpu:.2f} ms, share {bare_kept.cpu / our_kept.cpu:.0%}")
    print(f"wanted: {WANTED_SHARE:.0%}")
    return share >= WANTED_SHARE


async def _one_run(others: ProcessPoolExecutor, url: str, first: int, count: int) -> Kept:
    before = time.process_time()
    speed = await asyncio.get_running_loop().run_in_executor(others, send, url, first, count)
    return Kept(speed, 1000 * (time.process_time() - before) / count)


def _median(runs: list[Kept]) -> Kept:
    return Kept(*(statistics.median(each) for each in zip(*runs, strict=True)))


def main() -> int:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    return 0 if asyncio.run(measure(events)) else 1


if __name__ == "__main__":
    leave(main())
