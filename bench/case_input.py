"""The bytes of a case's input, as they stand in its history.

    python -m bench.case_input

Prints the input of the workflow of typical cases, JSON as Temporal keeps it. Wanted: under 2 kB each. Exits 1 above.
"""

from pathlib import Path

from temporalio.client import Client

from bench.parts import measured_on_a_server
from runtime.leaving import leave
from sandbox.play.stage import staged
from sandbox.providers.stripe_outcomes import AUTHENTICATION_REQUIRED, Decline, Outcome

WANTED = 2_000
_BEHAVIOURS: dict[str, Outcome | None] = {
    "declined": Decline("generic_decline"),
    "no funds": Decline("insufficient_funds"),
    "expired card": Decline("expired_card"),
    "technical fault": Decline("processing_error"),
    "authentication": AUTHENTICATION_REQUIRED,
    "no payment method": None,
}


async def measure(folder: Path, address: str, _client: Client) -> bool:
    sizes = {}
    async with staged(address, folder) as stage:
        for name, behaviour in _BEHAVIOURS.items():
            case = await stage.open(behaviour)
            started = (await case.history())[0].workflow_execution_started_event_attributes
            sizes[name] = sum(len(payload.data) for payload in started.input.payloads)
    for name, size in sizes.items():
        print(f"{name:18}{size:6} bytes, {size / WANTED:.0%} of what is wanted at most")
    return max(sizes.values()) < WANTED


def main() -> int:
    return measured_on_a_server(measure, time_skipping=True)


if __name__ == "__main__":
    leave(main())
