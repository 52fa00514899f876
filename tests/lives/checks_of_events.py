"""What the merchant's systems are told of a household, beside what the stand-ins saw: the demo's audit, where no clock
ever goes back."""

import json
from collections.abc import Iterator

from domain.outbox import CaseRef, body
from sandbox.play.audit_of_closings import without_closings
from sandbox.play.audit_of_events import of_events
from sandbox.play.case_history import CaseHistory
from sandbox.play.evidence import Evidence, Subject
from sandbox.providers.merchant import Told
from tests.lives.lived import Lived
from tests.lives.temporal import Held
from tests.told import told


def events_hold(lived: Lived) -> Iterator[str]:
    """h. All that happened is told, once and in its order, and every end of a case that was taken up again."""
    cases = list(lived.cases.values())
    evidence = without_closings(
        Evidence(
            journal=lived.world.log,
            mails={},
            histories={held.case.facts.invoice_id: _history(held) for held in cases},
            subjects=[
                Subject(held.case.facts.invoice_id, held.case.facts.customer_id, "", "UTC", "en") for held in cases
            ],
            told=[event for held in cases for event in _told(lived, held.case.facts.invoice_id)],
        )
    )
    yield from (f"{promise}: {sentence}" for promise, sentence in of_events(evidence))


def _history(held: Held) -> CaseHistory:
    closing = held.case.closing if held.closed_at else None
    outcome = closing.outcome.value if closing else None
    return CaseHistory(held.case.facts.invoice_id, 0, 0, (), outcome=outcome, ended_before=held.ended_before)


def _told(lived: Lived, invoice: str) -> Iterator[Told]:
    case = CaseRef(invoice=invoice, customer="", subscription=None, policy="")
    for number, event in enumerate(told(lived.ledger, invoice)):
        yield Told(f"{invoice}-{number}", json.loads(body(event, case)))
