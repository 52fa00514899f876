"""A process with the stand-in world, so that it takes no time from the process that is measured.

    python -m bench.failed_invoices FOLDER COUNT [TIME_ZONE]

Writes the events of COUNT failed payments to FOLDER/events.jsonl, prints the environment as one line, and serves until
its stdin ends. Then it prints as one line how often the world saw each kind of thing, and how often one key twice.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from runtime.leaving import leave
from sandbox.machine.environment import stand_in_environment
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld

EFFECTS = ("charge.failed", "email.accepted", "notice.created")


def main() -> int:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    metadata = {"time_zone": sys.argv[3]} if len(sys.argv) > 3 else {}
    with ProviderWorld() as world, (folder / "events.jsonl").open("w") as file:
        for number in range(count):
            owner = world.stripe.add_customer(
                f"Ada {number}", email=f"ada-{number}@customers.example", country="DE", metadata=metadata
            )
            world.stripe.add_card(owner, behaviour=Decline("insufficient_funds"))
            subscription = world.stripe.add_subscription(owner, amount=2000, currency="usd")
            invoice = world.stripe.fail_first_payment(owner, amount=2000, subscription=subscription)
            print(json.dumps(world.stripe.last_event("invoice.payment_failed", invoice)), file=file)
        file.flush()
        print(json.dumps(stand_in_environment("", world, folder)), flush=True)
        sys.stdin.read()
        done = [entry for entry in world.log if entry.kind in EFFECTS and (entry.key or "").startswith("dun:")]
        twice = sum(times > 1 for times in Counter(entry.key for entry in done).values())
        print(json.dumps({"done": Counter(entry.kind for entry in done), "twice": twice}), flush=True)
    return 0


if __name__ == "__main__":
    leave(main())
