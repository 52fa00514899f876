"""`make up`: server, web UI, worker and provider stand-ins on this machine, in real time, until Ctrl-C or SIGTERM."""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.leaving import leave
from runtime.settings import ROOT, SettingsError
from sandbox.machine.errors import SandboxError
from sandbox.machine.locks import alone
from sandbox.machine.running import Running, running
from sandbox.machine.stopping import until_stopped
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld

DATA = ROOT / "var" / "up"
_PYTHON = ".venv/bin/python"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 after a clean end, 2 when something could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.machine.up", description="Runs the system in a stand-in world."
    )
    parser.add_argument("--data", type=Path, default=DATA, help="where cases, ledger and logs are kept")
    folder: Path = parser.parse_args(argv).data
    try:
        # With TEMPORAL_ADDRESS set the server's own lock keeps nobody out: a second world would overwrite the first
        # one's `env`, and its worker would take the first one's cases.
        in_use = f"make up runs already on {_shown(folder)}: use it, or end it first."
        with (
            until_stopped() as stop,
            alone(folder / "up.lock", in_use),
            running(folder, time_skipping=False, say=_say) as here,
        ):
            event = write_event(here.world, folder)
            environment = write_environment(here, folder)
            stop.is_ready_to_wait()
            print(_help(here, event, environment), flush=True)
            stop.wait()
            _say("Stopping")
    except (SandboxError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    _say(f"Everything has stopped; the cases are kept in {_shown(folder)}")
    return 0


def write_event(world: ProviderWorld, folder: Path) -> Path:
    """A customer whose payment has just failed, and Stripe's event of it as a file for `starter.py start`."""
    stripe = world.stripe
    customer = stripe.add_customer(
        "Ada Example",
        email="ada@customers.example",
        phone="+66812345678",
        country="TH",
        locales=["th"],
        metadata={"time_zone": "Asia/Bangkok"},
    )
    stripe.add_card(customer, behaviour=Decline("insufficient_funds"))
    invoice = stripe.fail_first_payment(customer, amount=200_000, currency="thb")
    file = folder / "event.json"
    file.write_text(json.dumps(stripe.last_event("invoice.payment_failed", invoice), indent=2) + "\n", encoding="utf-8")
    return file


def write_environment(here: Running, folder: Path) -> Path:
    """The settings that lead starter.py into this world. The keys are the stand-ins' own and open nothing else."""
    file = folder / "env"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in here.environment.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _help(here: Running, event: Path, environment: Path) -> str:
    ui = f"Temporal's web UI:  {here.server.ui_url}\n" if here.server.ui_url else ""
    return (
        f"{ui}Temporal:           {here.server.address}\n"
        f"Provider stand-ins: {here.world.base_url}\n\n"
        "Start a case from another shell, with a failed payment that is ready:\n\n"
        f"  . {_shown(environment)}\n"
        f"  {_PYTHON} starter.py start {_shown(event)}\n"
        f"  {_PYTHON} starter.py list\n\n"
        "Ctrl-C stops everything."
    )


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    leave(main())
