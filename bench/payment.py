"""From a payment's webhook to the closed case, through the front door of a system that has nothing else to do.

    python -m bench.payment [PAYMENTS]

Everything runs as in production: web process, worker and server are processes of their own; the stand-ins are in this
one. An invoice is paid at the provider, and its signed `invoice.paid` posted; the case is closed when the ledger says
so. Prints median and 95th percentile of five runs, and the CPU that web and worker spent on one payment. Wanted:
300 ms, the median of the runs' medians. Exits 1 above.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import httpx

from bench.parts import cpu_seconds, percentile
from runtime import wiring
from runtime.leaving import leave
from sandbox.machine.environment import tell_by_webhook
from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import PATIENCE
from sandbox.machine.running import WEB, WORKER, Running, running
from sandbox.providers.stripe_outcomes import Decline

PAYMENTS, RUNS = 30, 5
WANTED_MS = 300.0
_LOOK_AGAIN = 0.002  # seconds; what a look at the ledger costs stays small beside it
_REST = 2.0  # seconds
_RESTING = 0.04  # seconds of CPU in that time: the polling of a worker that has nothing to do


class Paid(NamedTuple):
    """One run of payments."""

    seconds: list[float]  # from the webhook to the closed case, of each payment
    web: float  # milliseconds of CPU for one payment
    worker: float

    @property
    def median(self) -> float:
        """Milliseconds."""
        return 1000 * statistics.median(self.seconds)


class Front:
    """The system from outside: its webhook's address, and the ledger, which is only looked at."""

    def __init__(self, here: Running) -> None:
        self._here = here
        self._ledger = wiring.open_ledger(here.settings)
        self._http = httpx.Client(trust_env=False, timeout=PATIENCE)

    def open(self, count: int) -> list[str]:
        """So many failed invoices, each with an open case that is asleep."""
        stripe, invoices = self._here.world.stripe, []
        for number in range(count):
            customer = stripe.add_customer(f"Ada {number}", email=f"ada-{number}@customers.example", country="DE")
            stripe.add_card(customer, behaviour=Decline("insufficient_funds"))
            invoices.append(stripe.fail_first_payment(customer, amount=2_000, currency="usd"))
            self._post("invoice.payment_failed")
        for invoice in invoices:
            self._wait_for(invoice, "open")
        self._rest()
        return invoices

    def pay(self, invoices: list[str]) -> Paid:
        """Pays one invoice after the other, each when the case before is closed."""
        before, seconds = self._cpu(), list[float]()
        for invoice in invoices:
            self._here.world.stripe.customer_pays(invoice)
            posted = self._post("invoice.paid")
            self._wait_for(invoice, "closed")
            seconds.append(time.perf_counter() - posted)
        self._rest()
        web, worker = (1000 * (now - then) / len(invoices) for now, then in zip(self._cpu(), before, strict=True))
        return Paid(seconds, web, worker)

    def _post(self, kind: str) -> float:
        """Delivers the one event of a kind that is held back, and drops the others. When it was sent."""
        held = self._here.world.outbox.take()
        [delivery] = [one for one in held if one.kind == kind]
        headers = {"Content-Type": "application/json", **delivery.sign(delivery.body)}
        sent = time.perf_counter()
        answer = self._http.post(delivery.url, content=delivery.body, headers=headers)
        if not answer.is_success:
            raise SandboxError(f"the webhook was answered with {answer.status_code}: see web.log")
        return sent

    def _wait_for(self, invoice: str, status: str) -> None:
        give_up = time.monotonic() + PATIENCE
        while (row := self._ledger.case(invoice)) is None or row.status != status:
            if time.monotonic() > give_up:
                raise SandboxError(f"case {invoice} is not {status} after {PATIENCE:.0f} s")
            time.sleep(_LOOK_AGAIN)

    def _rest(self) -> None:
        """Returns when web and worker have nothing to do any more."""
        used = sum(self._cpu())
        while True:
            time.sleep(_REST)
            before, used = used, sum(self._cpu())
            if used - before <= _RESTING:
                return

    def _cpu(self) -> tuple[float, float]:
        """Seconds, of the web process and of the worker."""
        pids = self._here.supervisor.pids()
        return cpu_seconds(pids[WEB]), cpu_seconds(pids[WORKER])


def measure(here: Running, payments: int) -> bool:
    tell_by_webhook(here.world, here.environment["WEB_PUBLIC_URL"])
    here.world.outbox.hold()
    front = Front(here)
    # The first run warms up.
    runs = [front.pay(front.open(payments)) for _ in range(RUNS + 1)][1:]
    for run in runs:
        print(
            f"median {run.median:4.0f} ms, p95 {1000 * percentile(run.seconds, 0.95):4.0f} ms, "
            f"CPU of one payment: web {run.web:.0f} ms, worker {run.worker:.0f} ms"
        )
    middle = statistics.median(run.median for run in runs)
    print(f"payment webhook to closed case: {middle:.0f} ms (wanted: {WANTED_MS:.0f}), ratio {middle / WANTED_MS:.2f}")
    return middle <= WANTED_MS


def main() -> int:
    payments = int(sys.argv[1]) if len(sys.argv) > 1 else PAYMENTS
    with tempfile.TemporaryDirectory(prefix="dunning-bench-") as folder:
        try:
            with running(Path(folder), time_skipping=False, say=print, web=True) as here:
                return 0 if measure(here, payments) else 1
        except SandboxError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    leave(main())
