"""How fast the domain lives: standard cases that nobody pays, from their opening to their close, on one core.

    python -m bench.planner

A life is made of `life.decide` and `life.book` alone: no JSON, no server. Exits 1 below the wanted speed. The last
column is what a worker has: each decision is about a case that comes from JSON, and to read it is counted too.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from domain import life
from domain.case import Case, ChargeOutcome, Circumstances, Facts, PolicyRef
from domain.decisions import Effect
from domain.declines import Decline, RawDecline, classify
from domain.kinds.charge import ChargeResult
from domain.kinds.handoff import HandoffResult
from domain.kinds.message import ContactOutcome, ContactState
from domain.money import Money
from domain.opening import open_case
from domain.policy import Policy
from domain.tasks import Done
from gateways.policy_files import load_policy
from gateways.rules import load_decline_table
from runtime.leaving import leave
from runtime.settings import ROOT

WANTED = 1_000
"""Lives per second and core."""
_RUNS, _LIVES = 7, 100
_POLICIES = ROOT / "policies"
_OPENED = datetime(2030, 4, 1, 3, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_NOTHING_KNOWN = Circumstances()
_ANSWERS: dict[type, Any] = {
    ContactOutcome: ContactOutcome(state=ContactState.SENT),
    HandoffResult: HandoffResult(reference="agency-1"),
    Done: Done(),
}


class Speed(NamedTuple):
    """Medians of several runs."""

    lives: float  # per second
    decisions: float  # per life
    microseconds: float  # per decision, what follows from it included
    fresh: float  # the same in lives whose case is read from JSON before each decision


def cases(policy: Policy, decline: Decline, first: int) -> Iterator[Case]:
    """Cases of different invoices, so that none is worked out before its time is measured."""
    for number in range(first, first + _LIVES):
        facts = Facts(
            invoice_id=f"in_{number}",
            customer_id="cus_1",
            subscription_id="sub_1",
            country="TH",
            time_zones=("Asia/Bangkok",),
            amount=Money(amount=10_000, currency="USD"),
            opened_at=_OPENED,
        )
        yield open_case(facts, PolicyRef(name=policy.name, version=policy.version), decline)


def lived(case: Case, policy: Policy, declined: ChargeResult, arrives: Callable[[Case], Case] | None = None) -> int:
    """Lives a case to its close; how many decisions that took. `arrives`: how the case comes to each of them."""
    now, decisions = case.facts.opened_at, 0
    while True:
        case = arrives(case) if arrives else case
        ruling = life.decide(case, policy, _NOTHING_KNOWN, now)
        case, decision, decisions = ruling.case, ruling.decided.decision, decisions + 1
        if decision.does == "act":
            now += _SECOND
            for effect in decision.effects:
                case = life.book(case, effect, _answer(effect, declined), now)
        elif decision.does == "close":
            return decisions
        elif decision.until:
            now = decision.until
        else:
            raise AssertionError(f"the case does not end: {decision.why}")


def _answer(effect: Effect, declined: ChargeResult) -> Any:
    kind = effect.step.result_type
    return declined if kind is ChargeResult else _ANSWERS[kind]


def measured(code: str) -> Speed:
    """The speed of cases that are declined with a code, again and again."""
    policy = load_policy(_POLICIES / "standard.yaml")
    decline = classify(RawDecline(decline_code=code), load_decline_table(_POLICIES / "rules"), at=_OPENED)
    declined = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=decline)
    seconds, fresh, decisions = [], [], 0
    for run in range(_RUNS):
        opened = list(cases(policy, decline, run * _LIVES))
        start = time.process_time()
        decisions = sum(lived(case, policy, declined) for case in opened)
        seconds.append(time.process_time() - start)
        fresh.append(sum(_seconds_from_json(case, policy, declined) for case in opened[:: _LIVES // 10]) * 10)
    middle = statistics.median(seconds)
    microseconds = (each / decisions * 1e6 for each in (middle, statistics.median(fresh)))
    return Speed(_LIVES / middle, decisions / _LIVES, *microseconds)


def _seconds_from_json(case: Case, policy: Policy, declined: ChargeResult) -> float:
    """CPU of a life in which the case is read from JSON before each decision; writing it is not counted."""
    writing = 0.0

    def read(case: Case) -> Case:
        nonlocal writing
        start = time.process_time()
        written = case.model_dump_json()
        writing += time.process_time() - start
        return Case.model_validate_json(written)

    start = time.process_time()
    lived(case, policy, declined, read)
    return time.process_time() - start - writing


def main() -> int:
    table = Table(title=f"A life that nobody pays, in the domain alone (wanted: {WANTED} a second)")
    table.add_column("declined with")
    for column in ("lives/s", "decisions a life", "µs a decision", "with the case from JSON"):
        table.add_column(column, justify="right")
    speeds = {code: measured(code) for code in ("generic_decline", "insufficient_funds")}
    for code, speed in speeds.items():
        shown = (f"{speed.lives:.0f}", *(f"{each:.1f}" for each in speed[1:]))
        table.add_row(code, *shown)
    Console().print(table)
    return 0 if speeds["generic_decline"].lives >= WANTED else 1


if __name__ == "__main__":
    leave(main())
