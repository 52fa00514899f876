"""One case as it stands: its workflow tells it, else the ledger."""

from dataclasses import dataclass

from domain.plan import Planned
from domain.policy import Policy
from domain.record import Entry
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CaseRow
from service.answers import Answered, answers_to
from service.late import LATE
from service.plans import Plans
from service.requests import Refused
from service.running import NoWorker, RunningCases
from workflows.messages import CaseView


@dataclass(frozen=True)
class Shown:
    """One case for an operator. All times are in UTC."""

    invoice_id: str
    view: CaseView | None  # as its workflow tells it; None: only the ledger can
    row: CaseRow | None  # as the ledger has it; None: the ledger does not know it
    record: list[Entry]  # the ledger's, of what the workflow does not tell
    plan: list[Planned]  # what lies ahead
    in_hand: list[str]  # steps that are being tried again, each with what stands in its way
    max_attempts: int | None = None  # the limit of its policy; None: not known
    answers: tuple[Answered, ...] = ()  # what the customer wrote back
    why: str = ""  # why the case itself does not tell; "" when that is as it should be


def _moved(row: CaseRow | None) -> bool:
    """Whether money may have moved of which the workflow does not tell."""
    return row is not None and (row.status == "closed" or row.owed_again or row.reopened_as is not None)


class CaseReader:
    """Reads one case. Raises Refused, ProviderTrouble, or RPCError when Temporal does not answer."""

    def __init__(self, running: RunningCases, ledger: Ledger, plans: Plans) -> None:
        self._running = running
        self._ledger = ledger
        self._plans = plans

    async def read(self, invoice: str) -> Shown:
        """The case as its workflow tells it, else as the ledger does. Raises Refused when neither knows it."""
        invoice_id = self._running.named(invoice)
        row = self._ledger.case(invoice_id)
        try:
            view = await self._running.view(invoice_id)
        except (Refused, NoWorker) as error:
            if row is None:
                raise
            expected = row.status == "closed" and not isinstance(error, NoWorker)
            why = "" if expected else str(error)
            record, plan = self._ledger.record(invoice_id), self._plans.of(invoice_id)
            return Shown(invoice_id, None, row, record, plan, [], answers=self._answers(row), why=why)
        # Money moves when the workflow has ended, too.
        late = [entry for entry in self._ledger.record(invoice_id) if entry.step == LATE] if _moved(row) else []
        in_hand = await self._running.in_hand(invoice_id)
        plan = self._plans.of(invoice_id)
        return Shown(invoice_id, view, row, late, plan, in_hand, self._most(row), self._answers(row))

    def _answers(self, row: CaseRow | None) -> tuple[Answered, ...]:
        return tuple(answers_to(self._ledger, row)) if row else ()

    def _most(self, row: CaseRow | None) -> int | None:
        return Policy.stored(self._ledger.policy(row.policy_digest)).retries.max_attempts if row else None

    def around(self, view: CaseView) -> Shown:
        """A view that somebody has got already, with what the ledger knows beside it."""
        invoice_id = view.invoice_id
        row = self._ledger.case(invoice_id)
        plan = self._plans.of(invoice_id)
        return Shown(invoice_id, view, row, [], plan, [], self._most(row), self._answers(row))
