"""Whatever a case is told, and however often: it goes on, and its history stays one that Temporal takes."""

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain import events
from domain.case import CaseStatus, Outcome
from sandbox.play.stage import Scene
from sandbox.providers.stripe_outcomes import Decline

DECLINED = Decline("generic_decline")


async def test_remarks_without_end_do_not_stop_a_case(stage: Scene) -> None:
    """A remark of a megabyte is refused with its limit; kept, a few of them would not fit into a next run's input."""
    case = await stage.open(DECLINED)

    # One at a time, each taken in before the next: several in one workflow task would be too much for one message
    # from the server to the worker, whatever the case does with them.
    for name in ["pause", "resume"] * 6:
        await case.handle.signal(name, {"note": "x" * 900_000})
        view = await case.status()

    assert CaseStatus.OPEN is view.status
    assert "note: the value is not allowed: it should have at most 500 characters" in str(view.record[-1])


async def test_an_order_with_a_remark_without_end_is_refused(stage: Scene) -> None:
    """The operator is told at once, and the case goes on."""
    case = await stage.open(DECLINED)

    with pytest.raises(WorkflowUpdateFailedError):
        await asyncio.wait_for(
            case.handle.execute_update("pause", {"note": "x" * 900_000}, id="too-long"),
            timeout=10,
        )

    assert CaseStatus.OPEN is (await case.status()).status


async def test_an_amount_that_nobody_can_keep_is_not_booked(stage: Scene) -> None:
    """The ledger's row of the end could never be written: it is recorded, and the case ends as it would have."""
    case = await stage.open(DECLINED)

    await case.handle.signal("payment_received", {"event_id": "evt", "amount": {"amount": 10**19, "currency": "USD"}})
    view = await case.status()
    await case.handle.signal("write_off", {})
    result = await asyncio.wait_for(case.handle.result(), timeout=30)

    assert "payment_received not carried out: amount.amount: the value is not allowed: it sh" in str(view.record[-1])
    assert Outcome.WRITTEN_OFF is result.outcome


async def test_summaries_fit_in_every_language(stage: Scene) -> None:
    """Two hundred bytes, not letters."""
    case = await stage.open(DECLINED)
    note = "ลูกค้าโทรมาขอเลื่อน" * 20
    tomorrow = (await case.now()).replace(year=2030, month=4, day=3)

    await case.handle.execute_update("pause", events.Pause(note=note, until=tomorrow))

    summaries = [event.user_metadata.summary.data for event in await case.history() if event.HasField("user_metadata")]
    assert any("ลูกค้า".encode() in summary for summary in summaries)
    assert 200 >= max(len(summary) for summary in summaries)


async def test_a_case_that_was_told_a_lot_goes_on_in_a_new_run_and_forgets_nothing(stage: Scene) -> None:
    """Five megabytes of signals that nobody can read: same facts, attributes and dates as before."""
    case = await stage.open(DECLINED)
    before = await case.until("2030-04-05 12:00")
    first = await case.handle.describe()

    for _ in range(60):
        await case.handle.signal("payment_received", {"event_id": "evt", "amount": "x" * 90_000})
        await case.status()
    after = await case.decided()

    then = await case.handle.describe()
    assert first.run_id != then.run_id
    apart = {"record": (), "version": ""}  # what it was told stands in the record
    assert before.model_copy(update=apart) == after.model_copy(update=apart)
    assert first.typed_search_attributes == then.typed_search_attributes
    await case.until("2030-04-06 20:00")
    assert 3 == len(case.charges)
    assert "malformed" in {line.what for line in stage.ledger.record(case.invoice)}
