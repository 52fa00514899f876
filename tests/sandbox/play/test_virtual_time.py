"""What a look at a workflow tells whoever leads it through its time."""

from temporalio.api.workflow.v1 import PendingChildExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from sandbox.play.virtual_time import begun_by, under_way

THERE = PendingChildExecutionInfo(workflow_id="closing-in_1-access_back", run_id="019a")
ORDERED = PendingChildExecutionInfo(workflow_id="closing-in_1-end")


def test_a_child_that_was_ordered_and_is_not_there_yet_is_waited_for_and_not_asked_for() -> None:
    raw = DescribeWorkflowExecutionResponse(pending_children=[THERE, ORDERED])

    assert begun_by(raw) == ("closing-in_1-access_back",)
    assert under_way(raw) == "beginning closing-in_1-end"


def test_a_child_that_is_there_keeps_its_parent_from_nothing() -> None:
    assert under_way(DescribeWorkflowExecutionResponse(pending_children=[THERE])) == ""
