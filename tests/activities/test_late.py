"""A step that reaches a worker after its time does nothing: it is decided anew."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.errors import TROUBLE
from domain.case import ChargeOutcome
from domain.kinds.message import ContactState
from domain.steps import Access, Channel
from domain.tasks import Task
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, a_charge, a_contact, an_access, charges, contacts, open_case

LIMIT = timedelta(hours=1)
AWAY = timedelta(hours=60)
PROVIDER = {Channel.EMAIL: "sendgrid", Channel.SMS: "twilio", Channel.NOTICE: "merchant"}
T = TypeVar("T", bound=Task)


def handed_out(scheduled: datetime, started: datetime) -> ActivityEnvironment:
    """A try of a step, at the times that Temporal gives it."""
    environment = ActivityEnvironment()
    environment.info = replace(
        environment.info, scheduled_time=scheduled, started_time=started, schedule_to_close_timeout=LIMIT
    )
    return environment


def refused(scheduled: datetime, started: datetime, work: Callable[[T], object], task: T) -> bool:
    """A try that fails; whether it is not to be repeated."""
    with pytest.raises(ApplicationError) as raised:
        handed_out(scheduled, started).run(work, task)
    return raised.value.non_retryable


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


@pytest.mark.parametrize("channel", list(PROVIDER))
def test_a_message_that_went_out_in_its_first_try_is_found_by_the_next_decision(
    world: ProviderWorld, worker: Worker, channel: Channel
) -> None:
    """Its answer was lost, and its second try was handed out only when Temporal was back."""
    case = open_case(worker)
    task = a_contact(case, channel)
    world.faults.add(PROVIDER[channel], "POST", Mode.TIMEOUT_AFTER)
    tried = [refused(task.as_of, task.as_of + after, worker.contact, task) for after in (timedelta(0), AWAY)]

    again = worker.contact(task.model_copy(update={"as_of": task.as_of + AWAY}))

    assert [False, True] == tried
    assert ContactState.SENT is again.state
    assert 1 == len(contacts(world, case))


@pytest.mark.parametrize("mode", [Mode.TIMEOUT_AFTER, Mode.ERROR_AFTER])
def test_a_charge_that_was_made_in_its_first_try_is_found_by_the_next_decision(
    world: ProviderWorld, worker: Worker, mode: Mode
) -> None:
    case = open_case(worker)
    task = a_charge(case)
    world.faults.add("stripe", "/pay", mode)
    tried = [refused(task.as_of, task.as_of + after, worker.charge, task) for after in (timedelta(0), AWAY)]

    again = worker.charge(task.model_copy(update={"as_of": task.as_of + AWAY}))

    assert [False, True] == tried
    assert again.outcome in (ChargeOutcome.PAID, ChargeOutcome.NOT_OPEN)
    assert 1 == len(charges(world, case))


def test_a_service_that_was_restricted_in_the_first_try_is_told_no_second_time(
    world: ProviderWorld, worker: Worker
) -> None:
    case = open_case(worker)
    task = an_access(case, Access.BLOCKED)
    world.faults.add("merchant", "POST", Mode.TIMEOUT_AFTER)
    tried = [refused(task.as_of, task.as_of + after, worker.set_access, task) for after in (timedelta(0), AWAY)]

    worker.set_access(task.model_copy(update={"as_of": task.as_of + AWAY}))

    assert [False, True] == tried
    told = {
        one.key for one in world.log if one.provider == "merchant" and one.subjects.get("invoice") == case.invoice_id
    }
    assert 1 == len(told)
    assert Access.BLOCKED.value == world.merchant.access(case.customer_id)
