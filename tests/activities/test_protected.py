"""What was said of a person since the decision stops the act, right before it is done."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.case import ChargeOutcome
from domain.kinds.message import ContactState
from domain.protection import Protected, Protection, SetBy
from domain.steps import Access
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    AS_OF,
    OpenCase,
    Worker,
    a_cancellation,
    a_charge,
    a_contact,
    a_decision,
    a_handoff,
    a_write_off,
    an_access,
    charges,
    contacts,
    open_case,
)

ACTS: dict[str, Callable[[Worker, OpenCase], Any]] = {
    "charge": lambda worker, case: worker.charge(a_charge(case)),
    "message": lambda worker, case: worker.contact(a_contact(case)),
    "restrict": lambda worker, case: worker.set_access(an_access(case, Access.BLOCKED)),
    "cancel": lambda worker, case: worker.cancel_subscription(a_cancellation(case)),
    "hand off": lambda worker, case: worker.hand_off(a_handoff(case)),
    "write off": lambda worker, case: worker.mark_uncollectible(a_write_off(case)),
}


def protect(worker: Worker, case: OpenCase, kind: Protection = Protection.DECEASED) -> None:
    said = Protected(protection=kind, event_id="1", since=AS_OF, source=SetBy.OPERATOR, by="pat")
    worker.ledger.protect(case.customer_id, said)


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_to_somebody_who_is_protected(world: ProviderWorld, worker: Worker, act: str) -> None:
    case = open_case(worker)
    protect(worker, case)
    before = len(world.log)

    result = ACTS[act](worker, case)

    assert "protection-deceased" == result.stopped.rule
    assert result.stopped.until > AS_OF
    assert [] == [event.kind for event in world.log[before:]]
    assert [] == charges(world, case)
    assert [] == contacts(world, case)


def test_a_debt_is_given_up_when_a_human_says_so(worker: Worker) -> None:
    case = open_case(worker)
    protect(worker, case)

    result = worker.mark_uncollectible(a_write_off(case).model_copy(update={"ordered": True}))

    assert result.stopped is None


def test_service_is_given_back(worker: Worker) -> None:
    case = open_case(worker)
    worker.set_access(an_access(case, Access.BLOCKED))
    protect(worker, case)

    assert worker.set_access(an_access(case, Access.FULL, "end-restore")).stopped is None


def test_what_was_ended_stops_nothing(worker: Worker) -> None:
    case = open_case(worker)
    protect(worker, case)
    worker.ledger.unprotect(case.customer_id, Protection.DECEASED, AS_OF, "pat", "another person")

    assert ContactState.SENT is worker.contact(a_contact(case)).state
    assert ChargeOutcome.STOPPED is not worker.charge(a_charge(case)).outcome


def test_the_next_decision_reads_it_and_the_list_shows_it(worker: Worker) -> None:
    case = open_case(worker)
    protect(worker, case)

    decided = worker.decide(a_decision(worker, case))

    assert "on hold (deceased: set by pat" in decided.decision.why
    row = worker.ledger.case(case.invoice_id)
    assert row is not None
    assert row.hold is not None
    assert row.hold.startswith("deceased: set by pat")
