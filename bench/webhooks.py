"""How fast webhooks are kept, beside a bare FastAPI route with the same signature check and one insert.

    python -m bench.webhooks [EVENTS]

Medians of five runs. Exits 1 when less than 70 % of the bare route is reached.
"""

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import stripe
import uvicorn
from fastapi import FastAPI, Request, Response

from gateways.ledger.database import upgrade_schema
from gateways.ledger.sql_ledger import SqlLedger
from gateways.stripe_webhook import StripeWebhook
from runtime import wiring
from runtime.leaving import leave
from sandbox.providers.stripe_webhooks import signature_header
from service.mailroom import Mailroom
from service.threads import Threads
from web.problems import Problem, answer
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
    """The product's own route, without the delivery that follows."""
    url = f"sqlite:///{folder / 'ours.db'}"
    upgrade_schema(url)
    mailroom = Mailroom({"stripe": StripeWebhook([SECRET])}, SqlLedger(url), threads, wiring.utc_now, lambda: None)
    app = FastAPI()
    app.add_exception_handler(Problem, answer)
    app.include_router(webhooks(mailroom))
    return app


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


async def speed(url: str, first: int, count: int) -> float:
    """Events a second, so many requests in hand."""
    bodies = [_event(number) for number in range(first, first + count)]
    waiting = iter(bodies)

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
    speeds: dict[str, list[float]] = {"bare": [], "ours": []}
    makers: dict[str, Callable[[Path, Threads], FastAPI]] = {"bare": bare, "ours": ours}
    with tempfile.TemporaryDirectory(prefix="dunning-bench-") as name, closing(Threads(8, "bench")) as threads:
        for run in range(RUNS):
            for which, make in makers.items():
                folder = Path(name) / f"{which}{run}"
                folder.mkdir()
                async with served(make(folder, threads)) as url:
                    speeds[which].append(await speed(url, run * events, events))
    middle = {which: statistics.median(found) for which, found in speeds.items()}
    share = middle["ours"] / middle["bare"]
    print(f"webhooks kept a second: {middle['ours']:.0f}, bare {middle['bare']:.0f}, share {share:.0%}")
    print(f"wanted: {WANTED_SHARE:.0%}")
    return share >= WANTED_SHARE


def main() -> int:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    return 0 if asyncio.run(measure(events)) else 1


if __name__ == "__main__":
    leave(main())
