"""The demo: scripted customers on a real Temporal server, through up to 45 days of virtual time, and an audit.

`python -m sandbox.play.demo [--keep] [--kill web,worker,server --seed 1]`. Exit code 0: every promise kept and every
case ended as the script says; 1: not so; 2: the demo could not run.
"""

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, closing, contextmanager, nullcontext
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from rich.console import Console
from temporalio.client import Client

from domain.ids import workflow_id
from gateways.ledger.sql_ledger import SqlLedger
from runtime import wiring
from runtime.leaving import leave
from runtime.settings import ROOT, SettingsError
from sandbox.machine.environment import TWILIO_NUMBER, write_environment
from sandbox.machine.errors import SandboxError
from sandbox.machine.locks import alone
from sandbox.machine.patience import connected
from sandbox.machine.running import Running, running
from sandbox.machine.stopping import Stop, until_stopped
from sandbox.play.audit import audit
from sandbox.play.audit_of_law import by_place, by_rule
from sandbox.play.case_history import CaseHistory, read_history
from sandbox.play.customers import Actor
from sandbox.play.drive import Driver, Lead
from sandbox.play.entering import due_at, enter_all
from sandbox.play.evidence import Evidence, Subject, closing_of, entry_about
from sandbox.play.front import Front, front_door
from sandbox.play.killing import Killing, victims
from sandbox.play.live import Progress
from sandbox.play.place import shown
from sandbox.play.postman import Postman
from sandbox.play.renewing import Renewed, renewals_of
from sandbox.play.report import Played, Report, build_report, show
from sandbox.play.report_of_calls import calls_by_end
from sandbox.play.script import World, read_world
from sandbox.providers.journal import CONTACTS
from sandbox.providers.world import ProviderWorld

POLICIES = Path(__file__).with_name("policies")
DATA = ROOT / "var" / "demo"
Mail = Callable[[ProviderWorld, Sequence[Actor]], Postman]


async def play(here: Running, script: World, progress: Progress, mail: Mail = Postman) -> Report:
    """Plays the script and reports. `mail` makes the postman. Raises SandboxError when it cannot go on."""
    started = time.monotonic()
    world = here.world
    for fault in script.faults:
        world.faults.add(fault.provider, fault.match, fault.mode, times=fault.times)
    client = await connected(here.settings)
    ledger = wiring.open_ledger(here.settings)
    async with AsyncExitStack() as stack:
        stack.callback(ledger.close)
        front = await stack.enter_async_context(front_door(world, ledger, here.environment["WEB_PUBLIC_URL"]))
        actors = enter_all(script.customers, world, script.starts_on)
        postman = mail(world, actors)
        await _open(front, postman, actors, script.starts_on)
        driver = Driver(
            client,
            front,
            here.environment,
            postman,
            script.ends_on,
            progress,
            again=[customer for customer in script.customers if customer.again_of],
            reopened_as=lambda invoice: getattr(ledger.case(invoice), "reopened_as", None),
        )
        on_stage = [actor for actor in actors if ledger.case(actor.invoice)]
        with progress.shown():
            leads = await driver.run(on_stage)
        renewed = renewals_of(script.renewing, world, script.starts_on)
        for renewal in renewed:
            await renewal.lead(client, front, script.starts_on)
        seconds = time.monotonic() - started
        actors += [lead.actor for lead in leads if lead.actor.script.again_of]
        await front.deliver(postman.rest(script.ends_on))
        await front.all_told()
        if refused := await front.refused():
            raise SandboxError(f"The inbox has refused what the providers said: {'; '.join(refused)}")
        played = await _played(client, ledger, world, actors)
    histories = {one.actor.invoice: one.history for one in played if one.history}
    evidence = _evidence(world, actors, histories, leads, renewed)
    found = audit(evidence)
    said = [renewal.report() for renewal in renewed]
    return build_report(
        played,
        said,
        found,
        seconds,
        here.supervisor.restarts,
        by_place(evidence),
        by_rule(evidence),
        calls_by_end(evidence),
    )


def furnished(folder: Path) -> dict[str, str]:
    """Writes the shipped policies there, and those that only the demo has. The settings for whoever opens cases, the
    number at which the merchant answers who missed a call, and the one from which the automatic service calls."""
    shutil.copytree(ROOT / "policies", folder, dirs_exist_ok=True)
    shutil.copytree(POLICIES, folder, dirs_exist_ok=True)
    calls = {"CALL_BACK_NUMBER": "+493012345600", "TWILIO_VOICE_FROM": TWILIO_NUMBER}
    return {"DUNNING_POLICIES": str(folder), **calls}


async def leave_open(here: Running, script: World, progress: Progress) -> list[str]:
    """Leads a few further cases into the middle of their lives, and says which."""
    client = await connected(here.settings)
    with closing(wiring.open_ledger(here.settings)) as ledger:
        async with front_door(here.world, ledger, here.environment["WEB_PUBLIC_URL"]) as front:
            actors = enter_all(script.left_open, here.world, script.starts_on)
            postman = Postman(here.world, actors)
            await _open(front, postman, actors, script.starts_on)
            until = script.starts_on + timedelta(days=script.left_open_days)
            await Driver(client, front, here.environment, postman, until, progress).run(actors)
    return [f"{workflow_id(actor.invoice)}: {actor.script.story}" for actor in actors]


async def _open(front: Front, postman: Postman, actors: Sequence[Actor], at: datetime) -> None:
    """Lets Stripe tell of the failed payments, dated by the demo's calendar."""
    await front.deliver([one for actor in actors for one in postman.webhooks(actor, at)])


async def _played(client: Client, ledger: SqlLedger, world: ProviderWorld, actors: Sequence[Actor]) -> list[Played]:
    journal = world.log
    invoices = {actor.invoice for actor in actors}
    played = []
    for actor in actors:
        row = ledger.case(actor.invoice)
        history = await read_history(client, actor.invoice) if row else None
        others = invoices - {actor.invoice}
        mine = {actor.invoice, actor.customer}
        entries = [e for e in journal if entry_about(e) not in others and mine & {entry_about(e), *e.subjects.values()}]
        owed = {one.invoice for one in actors if one.customer == actor.customer and not one.script.again_of}
        about = {actor.invoice} if actor.script.again_of else owed
        contacts = [e for e in journal if e.kind in CONTACTS]
        said = [e for e in contacts if entry_about(e) in about and not closing_of(e)]
        told = [e for e in contacts if entry_about(e) == actor.invoice and closing_of(e)]
        played.append(Played(actor, history, row, entries, said, told))
    return played


def _evidence(
    world: ProviderWorld,
    actors: Sequence[Actor],
    histories: Mapping[str, CaseHistory],
    leads: Sequence[Lead],
    renewed: Sequence[Renewed],
) -> Evidence:
    mails: dict[str, str] = {}
    persons = {actor.script.key: actor.customer for actor in actors}
    for mail in world.sendgrid.sent:
        key = mail.custom_args.get(world.sendgrid.key_argument, "")
        mails[key] = " ".join([mails.get(key, ""), mail.to_name or "", mail.subject, mail.text or "", mail.html or ""])
    moments = [*(lead.seen_at for lead in leads), *(renewal.seen_at for renewal in renewed)]
    return Evidence(
        journal=world.log,
        mails=mails,
        histories=histories,
        subjects=[_subject(actor, persons) for actor in actors],
        seen_at=dict(chain.from_iterable(seen.items() for seen in moments)),
        renewals=[renewal.subject for renewal in renewed],
        told=world.merchant.told,
    )


def _subject(actor: Actor, persons: Mapping[str, str]) -> Subject:
    script = actor.script
    return Subject(
        actor.invoice,
        actor.customer,
        script.country,
        script.time_zone,
        script.reads,
        name=script.name,
        sign_up=script.comes_from == "sign_up",
        due_at=due_at(script, actor.opened_at),
        stripe_tries=script.segment == "stripe-retries",
        number=actor.world.stripe.get(actor.invoice)["number"] or "",
        region=script.region,
        person=persons.get(script.same_person_as or "", ""),
    )


def stay(environment: Mapping[str, str], folder: Path, stop: Stop, say: Callable[[str], None]) -> None:
    """Leaves the settings that a shell needs in the folder, and returns when it is told to stop."""
    file = write_environment(environment, folder)
    stop.is_ready_to_wait()
    say(f"Its settings for another shell: . {shown(file)}")
    say("Everything stays up until Ctrl-C.")
    stop.wait()


@contextmanager
def fresh(folder: Path) -> Iterator[None]:
    """Empties the folder and keeps it to ourselves while the block runs. Raises SandboxError when it is in use."""
    in_use = f"Another demo runs on {folder.relative_to(ROOT)}: end it first."
    with alone(folder.with_name(f"{folder.name}.lock"), in_use):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.play.demo", description="Runs the scripted customers.")
    parser.add_argument("--keep", action="store_true", help="keep everything running afterwards, until Ctrl-C")
    parser.add_argument(
        "--kill", type=victims, default=(), metavar="NAMES", help="kill -9 these at random seconds: web,worker,server"
    )
    parser.add_argument("--seed", type=int, default=1, help="which seconds: the same seed draws the same ones")
    given = parser.parse_args(argv)
    # Wide enough for the tables where nobody looks through a terminal (a log, a file).
    console = Console() if sys.stdout.isatty() else Console(width=170)

    def say(line: str) -> None:
        console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)

    try:
        script = read_world()
        with (
            until_stopped() as stop,
            fresh(DATA),
            running(
                DATA, time_skipping=True, say=say, web=True, more=furnished(DATA / "policies"), letters=True
            ) as here,
        ):
            with Killing(here, given.kill, given.seed, say) if given.kill else nullcontext():
                report = asyncio.run(play(here, script, Progress(console)))
            (DATA / "report.json").write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
            show(report, console)
            say(f"{report.seconds:.0f} s; the same as data: {(DATA / 'report.json').relative_to(ROOT)}")
            if not given.keep:
                say(f"Temporal's UI was at {here.server.ui_url}; `make demo KEEP=1` keeps it up for a look.")
            else:
                for line in asyncio.run(leave_open(here, script, Progress(Console(quiet=True)))):
                    say(f"Left open: {line}")
                say(f"Temporal's UI: {here.server.ui_url}")
                stay(here.environment, DATA, stop, say)
    except (SandboxError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; everything has stopped.", file=sys.stderr)
        return 130
    return 0 if report.ok else 1


if __name__ == "__main__":
    leave(main())
