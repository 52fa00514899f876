"""Whatever a case is told through Temporal, and however it is written: it goes on, and can still be ended."""

import asyncio
from random import Random

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.case import CaseStatus, Outcome
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.stripe_outcomes import Decline
from tests.border.lines import is_a_line
from tests.border.messages import a_bad_message, payload
from tests.border.size import inputs

DECLINED = Decline("generic_decline")
_CASES = 6
_ENDED_OR_NO_NAME = (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)


async def test_no_bad_message_stops_a_case(stage: Scene) -> None:
    """Signals and orders with something wrong in them: each is refused in one line, or recorded, or taken."""
    cases = [await stage.open(DECLINED) for _ in range(_CASES)]

    await asyncio.gather(*(told(case, random) for case, random in zip(cases, map(Random, range(_CASES)), strict=True)))
    for case in cases:
        await case.decided()
        await sent(case, "write_off", [])

    results = await asyncio.wait_for(asyncio.gather(*(case.handle.result() for case in cases)), timeout=60)
    assert {Outcome.WRITTEN_OFF} <= {result.outcome for result in results}


async def told(case: StagedCase, rng: Random) -> None:
    for _ in range(inputs(40)):
        name, payloads = a_bad_message(rng)
        if rng.random() < 0.5:
            await sent(case, name, payloads)
        else:
            why = await refused(case, name, payloads)
            assert not why or is_a_line(why, 800)


async def sent(case: StagedCase, name: str, payloads: list[RawValue]) -> None:
    try:
        await case.handle.signal(name, args=payloads)
    except RPCError as error:
        if error.status not in _ENDED_OR_NO_NAME:
            raise


async def refused(case: StagedCase, name: str, payloads: list[RawValue]) -> str:
    """Why an order is not carried out; nothing when it is, or when the case has ended."""
    try:
        await asyncio.wait_for(case.handle.execute_update(name, args=payloads), timeout=30)
    except WorkflowUpdateFailedError as error:
        return error.cause.message if isinstance(error.cause, ApplicationError) else repr(error.cause)
    except RPCError as error:
        if error.status not in _ENDED_OR_NO_NAME:
            raise
    return ""


_A_MOMENT = "a moment with its time zone, such as 2026-11-20T08:00:00Z or 2026-11-20T15:00:00+07:00"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "payment_method_changed",
            r'{"event_id": "evt_1", "method": {"id": "pm_2", "expiry": "1/20\ud83d30"}}',
            "a text in it holds a NUL or half a character (\\ud800 to \\udfff), which no table keeps",
        ),
        (
            "invoice_changed",
            '{"event_id": "evt_1", "due_at": "2030-05-01T09:00:00"}',
            f"due_at: the value is not allowed: it should be {_A_MOMENT}",
        ),
        (
            "invoice_changed",
            '{"event_id": "evt_1", "due_at": "9999-12-31T23:59:59-14:00"}',
            "due_at: it is not between the years 1970 and 2199",
        ),
    ],
    ids=["half a character", "no time zone", "the end of time"],
)
async def test_a_fact_that_could_not_be_decided_about_stopped_the_case_for_ever(
    stage: Scene, name: str, text: str, why: str
) -> None:
    """It was taken, and every decision from then on raised: none could be written, or its dates not be compared."""
    case = await stage.open(DECLINED)

    await case.handle.signal(name, payload(text))
    view = await case.decided()

    assert CaseStatus.OPEN is view.status
    assert [f"signal {name} not carried out: {why}"] == [e.why for e in view.record if e.what == "malformed"]


async def test_a_pause_until_the_beginning_of_time_was_answered_with_a_trace(stage: Scene) -> None:
    """In another zone that moment is none."""
    case = await stage.open(DECLINED)

    why = await refused(case, "pause", [payload('{"until": "0001-01-01T00:00:00+14:00"}')])

    assert why.startswith("The order pause cannot be read: until: it is not between the years 1970 and 2199; write it")


async def test_a_pause_for_as_long_as_can_be_named_can_be_ended(stage: Scene) -> None:
    """Temporal's timers end after 292 years."""
    case = await stage.open(DECLINED)

    assert "" == await refused(
        case, "pause", [payload('{"until": "2199-12-31T23:59:59Z", "note": "a\\u001b[2Jb\\nc"}')]
    )
    view = await case.decided()
    resumed = await refused(case, "resume", [])

    assert (CaseStatus.ON_HOLD, "") == (view.status, resumed)
    assert "operator pause: a [2Jb c; until 2199-12-31 23:59 UTC" in view.holds[0]
