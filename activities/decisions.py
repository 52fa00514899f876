"""The decision, on record: what a case does next, taken once and kept in its history and in the ledger."""

from datetime import datetime

from temporalio import activity

from activities.errors import translated
from activities.situations import Situations
from domain import life
from domain.base import Message
from domain.case import Case
from domain.outgoing import StepPostponed, StepRefused, StepSkipped
from domain.record import Entry
from gateways.ports.ledger import Ledger
from gateways.ports.metering import NO_METER, Meter


class DecisionTask(Message):
    """Decide what the case does at `at`."""

    case: Case
    at: datetime  # UTC, the workflow's time


class DecisionActivities:
    """Asks the domain, and writes down what it says."""

    def __init__(self, ledger: Ledger, situations: Situations, meter: Meter = NO_METER) -> None:
        self._meter = meter
        self._ledger = ledger
        self._situations = situations

    @activity.defn(name="decide", no_thread_cancel_exception=True)
    def decide(self, task: DecisionTask) -> life.Decided:
        """Decides, and keeps the decision, the record and the case's row in one transaction of the ledger.

        Run again it may decide otherwise, because time and circumstances have gone on: what the workflow has on
        record is what counts, and the ledger's row is that of the newest decision. It writes the same entry once.
        """
        # Nothing here is an operator's to release: whatever goes wrong, the same decision is asked for again.
        with translated(misuse_passes=True):
            case = task.case
            policy, circumstances = (
                self._situations.policy(case.policy.digest),
                self._situations.circumstances(case, task.at),
            )
            ruling = life.decide(case, policy, circumstances, task.at)
            state = ruling.case.model_dump_json()
            self._ledger.decided(case.facts.invoice_id, task.at, ruling.entries, ruling.projection, state)
            self._count(ruling)
            return ruling.decided

    def _count(self, ruling: life.Ruling) -> None:
        self._meter.decided(ruling.decided.decision.does)
        for entry in ruling.entries:
            self._count_rule(entry)

    def _count_rule(self, entry: Entry) -> None:
        match entry.event:
            case StepPostponed():
                self._meter.postponed(entry.rule)
            case StepRefused():
                self._meter.refused(entry.rule)
            case StepSkipped() if entry.rule:
                self._meter.refused(entry.rule)
