"""Decisions without an effect of their own travel with the next order, and stand in the timeline once."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from temporalio.exceptions import ApplicationError

from domain.steps import Access
from domain.tasks import Task
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    OpenCase,
    Worker,
    a_cancellation,
    a_charge,
    a_closing,
    a_contact,
    a_handoff,
    a_note,
    a_recall,
    a_write_off,
    an_access,
    open_case,
)

T = TypeVar("T", bound=Task)
NOTES = (a_note("skipped"), a_note("held"))

ACTIVITIES: dict[str, Callable[[Worker, OpenCase], object]] = {
    "charge": lambda worker, case: worker.charge(with_notes(a_charge(case))),
    "contact": lambda worker, case: worker.contact(with_notes(a_contact(case))),
    "set_access": lambda worker, case: worker.set_access(with_notes(an_access(case, Access.BLOCKED))),
    "cancel_subscription": lambda worker, case: worker.cancel_subscription(with_notes(a_cancellation(case))),
    "mark_uncollectible": lambda worker, case: worker.mark_uncollectible(with_notes(a_write_off(case))),
    "hand_off": lambda worker, case: worker.hand_off(with_notes(a_handoff(case))),
    "recall": lambda worker, case: worker.recall(with_notes(a_recall(case, "AG-000000"))),
    "close_case": lambda worker, case: worker.close_case(with_notes(a_closing(case))),
}


def with_notes(order: T) -> T:
    return order.model_copy(update={"notes": NOTES})


@pytest.mark.parametrize("name", ACTIVITIES)
def test_notes_are_written_once_although_the_activity_runs_again(
    world: ProviderWorld, worker: Worker, name: str
) -> None:
    """Every activity takes them along, and writes them even when its own effect fails at first."""
    case = open_case(worker)
    for provider in ("stripe", "merchant", "agency", "sendgrid"):
        world.faults.add(provider, ".*", "500")
    for _ in range(3):
        try:
            ACTIVITIES[name](worker, case)
        except ApplicationError:
            continue

    written = [(line.what, line.why) for line in worker.ledger.record(case.invoice_id)]
    assert [1, 1] == [written.count((note.what, note.why)) for note in NOTES]
