"""A step that reaches a worker after its time does nothing: it is decided anew."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.errors import TROUBLE
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, a_contact, open_case

LIMIT = timedelta(hours=1)
AWAY = timedelta(hours=60)


def handed_out(scheduled: datetime, started: datetime) -> ActivityEnvironment:
    """A try of a step, at the times that Temporal gives it."""
    environment = ActivityEnvironment()
    environment.info = replace(
        environment.info, scheduled_time=scheduled, started_time=started, schedule_to_close_timeout=LIMIT
    )
    return environment


def mails(world: ProviderWorld, case: OpenCase) -> list[str]:
    mine = [one for one in world.log if one.provider == "sendgrid" and case.invoice_id in (one.key or "")]
    return [one.kind for one in mine]


@pytest.mark.parametrize(
    ("accepted", "started"),
    [
        (timedelta(0), AWAY),  # it waited in its queue
        (AWAY, AWAY),  # the decision itself reached Temporal only when that was back
    ],
)
def test_a_message_is_not_sent_at_night_because_temporal_was_away(
    world: ProviderWorld, worker: Worker, accepted: timedelta, started: timedelta
) -> None:
    case = open_case(worker)
    task = a_contact(case)

    with pytest.raises(ApplicationError) as raised:
        handed_out(task.as_of + accepted, task.as_of + started).run(worker.contact, task)

    assert (TROUBLE, True) == (raised.value.type, raised.value.non_retryable)
    assert [] == mails(world, case)


def test_within_its_hour_it_is_sent(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    task = a_contact(case)

    handed_out(task.as_of + timedelta(seconds=2), task.as_of + timedelta(minutes=50)).run(worker.contact, task)

    assert ["email.accepted"] == mails(world, case)
