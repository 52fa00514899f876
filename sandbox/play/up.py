"""`make up`: server, web UI, worker, web process and provider stand-ins, in real time, until Ctrl-C or SIGTERM.

A place to play: `python -m sandbox` adds customers, moves cases on and lets providers fail. What is in the stand-ins is
kept over a restart.
"""

import argparse
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from runtime.leaving import leave
from runtime.settings import SettingsError
from sandbox.machine.environment import tell_by_webhook, write_environment
from sandbox.machine.errors import SandboxError
from sandbox.machine.locks import alone
from sandbox.machine.running import Running, running
from sandbox.machine.stopping import until_stopped
from sandbox.play.ground import Cast, Ground
from sandbox.play.place import DATA, shown
from sandbox.play.script import Customer
from sandbox.providers.keeping import Keeper
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld

_PYTHON = ".venv/bin/python"
_KEEP_EVERY = 5.0  # seconds; after a kill -9 the stand-ins have lost this much at most

_SWEPT = {"DUNNING_SWEEP_EVERY": "PT0S"}
"""By hand only: `starter.py setup`, which makes the schedule, is not needed here, and the doctor would miss it."""

_ADA = Customer.model_validate(
    {
        "key": "ada_example",
        "story": "no money on the card",
        "name": "Ada Example",
        "country": "TH",
        "time_zone": "Asia/Bangkok",
        "language": "th",
        "phone": "+66812345678",
        "amount": "2000.00",
        "currency": "THB",
        "pays_with": {"answers": "insufficient_funds"},
        "expect": {"outcome": None},
    }
)
"""Whose failed payment lies ready as a file."""


class Stage:
    """The world with its cast, from and for the file that keeps them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keeper: Keeper | None = None
        self.ground: Ground | None = None

    def furnish(self, world: ProviderWorld) -> None:
        """Brings the world to where it was, or makes it new."""
        self._keeper = Keeper(world, self._folder / "stand-ins.pickle")
        try:
            cast = self._keeper.load()
        except ValueError as error:
            _say(f"The stand-ins begin empty: what an earlier release kept of them cannot be read ({error}).")
            cast = None
        self.ground = Ground(world, cast if isinstance(cast, Cast) else None)

    def keep(self) -> None:
        if self._keeper and self.ground:
            self._keeper.save(self.ground.cast)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps it every few seconds, and at the end."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(_KEEP_EVERY):
                self.keep()

        thread = threading.Thread(target=work, name="sandbox-keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.keep()


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 after a clean end, 2 when something could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.play.up", description="Runs the system in a stand-in world."
    )
    parser.add_argument("--data", type=Path, default=DATA, help="where cases, ledger, stand-ins and logs are kept")
    folder: Path = parser.parse_args(argv).data
    stage = Stage(folder)
    try:
        # With TEMPORAL_ADDRESS set the server's own lock keeps nobody out: a second world would overwrite the first
        # one's `env`, and its worker would take the first one's cases.
        in_use = f"make up runs already on {shown(folder)}: use it, or end it first."
        with (
            until_stopped() as stop,
            alone(folder / "up.lock", in_use),
            running(folder, time_skipping=True, say=_say, furnish=stage.furnish, web=True, more=_SWEPT) as here,
        ):
            assert stage.ground  # noqa: S101 - the world was furnished
            event = write_event(stage.ground, here.world, folder)
            add_readme_customer(here.world)
            tell_by_webhook(here.world, here.environment["WEB_PUBLIC_URL"])
            environment = write_environment(here.environment, folder)
            stage.ground.begin(here)
            with stage.kept():
                stop.is_ready_to_wait()
                print(_help(here, event, environment), flush=True)
                stop.wait()
            # Whoever moves a case on is told before server and worker are gone.
            here.world.give_up()
            _say("Stopping")
    except (SandboxError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    _say(f"Everything has stopped; cases and stand-ins are kept in {shown(folder)}")
    return 0


def write_event(ground: Ground, world: ProviderWorld, folder: Path) -> Path:
    """A customer whose payment has failed, and Stripe's event of it as a file for `starter.py start`."""
    file = folder / "event.json"
    there = any(actor.script.key == _ADA.key for actor in ground.cast.actors.values())
    if not there or not file.exists():
        actor = ground.enters(_ADA)
        event = world.stripe.last_event("invoice.payment_failed", actor.invoice)
        file.write_text(json.dumps(event, indent=2) + "\n", encoding="utf-8")
    return file


def add_readme_customer(world: ProviderWorld) -> None:
    """The customer and the invoice of the README's own record, so that it works here."""
    stripe = world.stripe
    if "in_1Q2w3E4r" in stripe.store.objects:
        return
    customer = stripe.add_customer("Grace Example", id_="cus_123", email="grace@customers.example", country="US")
    stripe.add_card(customer, behaviour=Decline("expired_card"))
    stripe.fail_first_payment(customer, amount=1_999, currency="usd", id_="in_1Q2w3E4r")


def _help(here: Running, event: Path, environment: Path) -> str:
    ui = f"Temporal's web UI:  {here.server.ui_url}\n" if here.server.ui_url else ""
    return (
        f"{ui}Temporal:           {here.server.address}\n"
        f"Provider stand-ins: {here.world.base_url}\n"
        f"Their webhooks:      {here.environment['WEB_PUBLIC_URL']}/webhooks\n\n"
        "Start a case from another shell, with a failed payment that is ready:\n\n"
        f"  . {shown(environment)}\n"
        f"  {_PYTHON} starter.py start {shown(event)}\n"
        f"  {_PYTHON} starter.py list\n\n"
        "Play: add a customer of one of the demo's kinds, move the case on by a week, let a provider fail:\n\n"
        f"  {_PYTHON} -m sandbox kinds\n"
        f"  {_PYTHON} -m sandbox add ada\n"
        f"  {_PYTHON} -m sandbox move in_… 7\n"
        f"  {_PYTHON} -m sandbox fail stripe\n\n"
        "Ctrl-C stops everything."
    )


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    leave(main())
