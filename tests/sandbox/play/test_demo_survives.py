"""kill -9 of worker, web process and server in the middle of the demo: same outcomes, nothing charged or said twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from sandbox.machine.running import WEB, WORKER, Running, running
from sandbox.play.demo import furnished, play
from sandbox.play.live import Progress
from sandbox.play.report import Report
from sandbox.play.script import World, read_world
from sandbox.providers.journal import LogEntry
from tests.sandbox.play.chaos import Killer, kill

CUSTOMERS = ("emma", "somchai", "hanna", "bruno", "lucas", "nok")
"""A quick retry, a payment by link, a new card, a part payment, an agency, and an operator's order by starter.py."""

# After so many things that happened in the stand-ins, this process is killed. A worker that dies in the middle of an
# activity costs the activity's time-out of 45 s: the first three come close together, so that this is waited for once.
KILLS = (
    (60, WEB),
    (100, WORKER),
    (105, "temporal"),
    (110, WORKER),
    (150, WEB),
    (190, "temporal"),
)


@contextmanager
def a_world(folder: Path) -> Iterator[Running]:
    """One of its own for each play: its customers have the same addresses, and a person's contacts are counted."""
    folder.mkdir()
    with running(
        folder, time_skipping=True, say=print, web=True, more=furnished(folder / "policies"), letters=True
    ) as system:
        yield system


def played(here: Running, script: World) -> Report:
    return asyncio.run(play(here, script, Progress(Console(quiet=True))))


def facts(report: Report) -> dict[str, tuple[object, ...]]:
    """What must not depend on who died when."""
    return {
        case.customer: (case.outcome, case.closed_on_day, case.attempts, case.contacts, case.recovered)
        for case in report.cases
    }


def unique_keys(log: list[LogEntry], kind: str) -> bool:
    keys = [entry.key for entry in log if entry.kind == kind]
    return len(keys) == len(set(keys))


def test_worker_server_and_web_process_die_twice_each_and_the_demo_ends_the_same(tmp_path: Path) -> None:
    """The supervisor restarts them; every case ends as without the kills, and the audit stays clean."""
    script = read_world().only(*CUSTOMERS)
    with a_world(tmp_path / "calm") as calm:
        undisturbed = played(calm, script)
    with a_world(tmp_path / "rough") as here:
        with Killer(here, [(after, name, kill(here, name)) for after, name in KILLS]) as killer:
            disturbed = played(here, script)

        assert [name for _, name in KILLS] == killer.done
        assert () == disturbed.findings
        assert facts(undisturbed) == facts(disturbed)
        assert unique_keys(here.world.log, "email.accepted")
        assert unique_keys(here.world.log, "sms.accepted")
        assert all(2 <= here.supervisor.restarts[name] for name in (WORKER, WEB, "temporal"))
