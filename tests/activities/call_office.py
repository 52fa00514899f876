"""Somebody who calls, over a worker's ledger, and the calls that wait for them."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from domain.calls import CallResult, CallWindow, Offer, TaskState, call_id
from domain.kinds.call import CallTask
from domain.rules.contacts import ContactCaps
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ports.rows import Closure
from runtime import wiring
from runtime.calls import scripts
from runtime.equipment import installation
from service.calls import Calls
from service.customers import public_holidays, whereabouts
from service.standings import Standings
from tests.activities.builders import (
    OpenCase,
    Worker,
    a_decision,
    open_case,
)

MONDAY = datetime(2026, 11, 30, 17, tzinfo=UTC)
"""Noon in New York."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEP, NUMBER = "d04-call", "+15125550100"
UNTIL = MONDAY + 3 * DAY
FACTS = MessageFacts(stage=Stage.REMINDER)


class Office:
    """Somebody who calls, at a time of the test's own."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker.restarted(CALL_BACK_NUMBER=NUMBER)
        self.ledger, self.now = self.worker.ledger, MONDAY
        settings = self.worker.settings
        minimums, rules = partial(wiring.minimum_charges, settings), partial(wiring.network_rules, settings)
        here, law = partial(installation, settings), partial(wiring.law, settings)
        clock = lambda: self.now  # noqa: E731 - it reads the office's own time
        standings = Standings(self.ledger, whereabouts, public_holidays, minimums, rules, here, law, clock)
        self.calls = Calls(self.ledger, standings, lambda: self.worker.payments, partial(scripts, settings), clock)

    def case(self, **fields: Any) -> OpenCase:
        found = open_case(self.worker, **fields)
        self.ledger.customer_set(found.customer_id, {"time_zone": "America/New_York", "region": "NY"})
        self.worker.decide(a_decision(self.worker, found, MONDAY))
        return found

    def queue(self, case: OpenCase, **fields: Any) -> str:
        """Puts a call into the queue; its id."""
        self.worker.queue_call(a_call(case, **fields))
        return call_id(case.invoice_id, fields.get("step", STEP))

    def state(self, call: str) -> TaskState:
        row = self.ledger.call_task(call)
        assert row is not None
        return row.state

    def result(self, call: str, result: CallResult, by: str = "Ana", **fields: Any) -> object:
        return self.ledger.call_result(call, by, result, self.now, "", **fields)


def a_call(case: OpenCase, **fields: Any) -> CallTask:
    given = {
        "invoice_id": case.invoice_id,
        "customer_id": case.customer_id,
        "step": STEP,
        "as_of": MONDAY,
        "why": "call on day 4 of the timeline",
        "facts": FACTS,
        "caps": ContactCaps(per_week=7, distance=timedelta(0), policy="standard@1"),
        "until": UNTIL,
        "offers": (Offer.PROMISE,),
        "windows": (CallWindow(start=MONDAY, end=MONDAY + 6 * HOUR),),
        "zones": ("America/New_York",),
    }
    return CallTask(**given | fields)


def close(office: Office, case: OpenCase, channel: Channel) -> None:
    office.ledger.close_channel(
        Closure(
            customer_id=case.customer_id,
            channel=channel,
            address=None,
            why="opted out",
            wish=True,
            event_id=f"x-{case.customer_id}",
            at=MONDAY,
        )
    )
