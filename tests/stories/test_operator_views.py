"""The operator's views of docs/operations.md, asked of the real server."""

import re
from collections.abc import Iterator

import pytest
from temporalio.client import Client

from domain import events
from domain.case import HoldReason, Outcome
from runtime.settings import ROOT
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.stripe_outcomes import Decline
from workflows.attributes import BY_NAME

DECLINED = Decline("generic_decline")


def views() -> Iterator[str]:
    table = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").partition("| question | query |")[2]
    for row in table.splitlines()[2:]:
        if not row.startswith("|"):
            return
        yield re.findall(r"`(.+?)`", row)[0]


@pytest.mark.parametrize("query", list(views()))
async def test_a_view_is_a_query_that_the_server_takes(client: Client, query: str) -> None:
    """It names attributes that are there, with values that they can have."""
    found = await client.count_workflows(query)

    assert found.count >= 0


def test_there_are_views_for_holds_and_outcomes() -> None:
    """For each hold that an operator may have to see to."""
    asked = " ".join(views())

    assert [] == [reason for reason in HoldReason if f'"{reason.value}"' not in asked]
    assert "DunningOutcome" in asked


async def attributes(case: StagedCase) -> dict[str, object]:
    known = (await case.handle.describe()).typed_search_attributes
    return {name: known.get(BY_NAME[name]) for name in ("hold", "outcome", "status")}


async def test_a_case_is_found_by_each_of_its_holds_and_by_its_outcome(stage: Scene) -> None:
    """All kinds at once, none when it goes on, and how it ended."""
    case = await stage.open(DECLINED)
    await case.tell("dispute_opened", events.DisputeOpened(event_id="dp_1"))
    await case.handle.execute_update("pause", events.Pause())
    held = await attributes(case)
    await case.tell("dispute_closed", events.DisputeClosed(event_id="dp_2", outcome=events.DisputeOutcome.WON))
    await case.handle.execute_update("resume", events.Resume())
    free = await attributes(case)
    await case.handle.execute_update("write_off", events.WriteOff())
    await case.handle.result()

    assert {"hold": ["dispute", "operator_pause"], "outcome": None, "status": "on_hold"} == held
    assert {"hold": None, "outcome": None, "status": "open"} == free
    assert Outcome.WRITTEN_OFF.value == (await attributes(case))["outcome"]
