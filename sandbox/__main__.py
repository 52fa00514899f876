"""`python -m sandbox`: plays in the world of `make up`, which has to run.

kinds                     the kinds of customers there are
add KIND                  a customer whose payment fails now, and the case of it
move INVOICE DAYS         moves a case on; its customer does what such a customer does
fail PROVIDER [--mode M]  lets stripe, sendgrid, twilio, merchant or agency fail
heal                      all providers work again
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from runtime.leaving import leave
from sandbox.play.place import DATA, PROVIDERS
from sandbox.providers.faults import Mode

_MODES = [mode.value for mode in Mode if not mode.value.startswith("hold")]


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when it was done, 1 when it was refused, 2 when nothing runs, 130 when it was interrupted."""
    words = vars(_parser().parse_args(argv))
    world, as_json = _address(words.pop("data")), words.pop("json")
    try:
        if world is None:
            raise httpx.ConnectError("no address")
        # A case may be led through weeks; no proxy of the machine stands between two stand-ins.
        answer = httpx.post(f"{world}/sandbox", json=words, timeout=600, trust_env=False)
        told = answer.json()
    except KeyboardInterrupt:
        print("Interrupted; what was ordered goes on in the playground.", file=sys.stderr)
        return 130
    except (httpx.TransportError, ValueError):
        print("The playground does not answer: start it with make up, and leave it running.", file=sys.stderr)
        return 2
    if "refused" in told:
        print(told["refused"], file=sys.stderr)
        return 1
    try:
        print(json.dumps(told) if as_json else "\n".join(told["said"]), flush=True)
    except BrokenPipeError:  # who reads it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _address(folder: Path) -> str | None:
    """Where the world listens, by the settings that it has left."""
    try:
        lines = (folder / "env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.partition("=")[2].strip("'\"") for line in lines if line.startswith("export STRIPE_API_BASE=")]
    return found[0].removesuffix("/stripe") if found else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of make up")
    parser.add_argument("--json", action="store_true", help="what was said as one JSON object")
    orders = parser.add_subparsers(dest="do", required=True)
    orders.add_parser("kinds")
    orders.add_parser("add").add_argument("kind")
    move = orders.add_parser("move")
    move.add_argument("invoice")
    move.add_argument("days", type=float)
    fail = orders.add_parser("fail")
    fail.add_argument("provider", choices=PROVIDERS)
    fail.add_argument("--mode", choices=_MODES, default=Mode.ERROR.value)
    fail.add_argument("--times", type=int, help="requests; without it until healed")
    orders.add_parser("heal")
    return parser


if __name__ == "__main__":
    leave(main())
