"""Moves one running case through its virtual time, whatever dies in between.

The one place that speaks the server's experimental time-skipping API. A move has a target and an id of its own: after a
lost reply the server is asked whether it took the move before it is sent again, so that nobody overshoots.
"""

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig, WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionResponse,
    PollWorkflowExecutionTimeSkippingRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import PASSING, patiently
from workflows import attributes

_ONE_CALL = timedelta(seconds=10)
_LONG_POLL = timedelta(seconds=5)
JUST_BEFORE = timedelta(milliseconds=100)
"""A workflow is moved to just before its timer, which then rings by itself: the server (1.32) can skip on to the timer
after it when a move ends while an activity is running."""
# A worker that dies in the middle of an activity costs the activity's whole time-out (workflows/options.py).
_BUSY_FOR = 240.0
_LOST_AFTER = 10.0


@dataclass(frozen=True)
class Standing:
    """How a case stands at one look."""

    now: datetime  # its virtual time (UTC)
    closed: bool
    busy: str  # which activities, workflow task and beginning of a child are under way, in words; empty: none
    fast_forward: str  # the id of the newest move that the server took
    next_at: datetime | None  # when the case's timer rings, to the whole second below; None: it waits to be told
    status: str
    children: tuple[str, ...] = ()  # workflow ids of what it has begun, and which is not over
    begins_child: bool = False  # one is ordered and not there yet


class CaseClock:
    """The virtual clock of one case."""

    def __init__(self, client: Client, handle: WorkflowHandle[Any, Any]) -> None:
        self._client = client
        self._handle = handle

    async def look(self) -> Standing:
        """Asks the server, never the worker.

        A query that reaches a worker without the case in its cache in the moment in which the case's timer rings makes
        that worker decide with the time of the task before (seen with temporalio 1.35 and server 1.32).
        """
        found = await patiently(lambda: self._handle.describe(rpc_timeout=_ONE_CALL), "reading a case")
        raw = found.raw_description
        info = raw.workflow_extended_info.time_skipping_info
        is_known = info.HasField("current_time")
        return Standing(
            now=info.current_time.ToDatetime(tzinfo=UTC) if is_known else datetime.now(UTC),
            closed=found.status is not WorkflowExecutionStatus.RUNNING,
            busy=under_way(raw),
            fast_forward=info.fast_forward_info.fast_forward_id,
            next_at=found.typed_search_attributes.get(attributes.NEXT_STEP_AT),
            status=found.typed_search_attributes.get(attributes.STATUS, ""),
            children=begun_by(raw),
            begins_child=any(not child.run_id for child in raw.pending_children),
        )

    async def rings_at(self) -> datetime | None:
        """When the timer rings that a workflow waits for, by its history: of one that names its next step nowhere."""
        history = await patiently(self._handle.fetch_history, "reading a history")
        running: dict[int, datetime] = {}
        for event in history.events:
            started = event.timer_started_event_attributes
            if event.HasField("timer_started_event_attributes"):
                wait = started.start_to_fire_timeout.ToTimedelta()
                running[event.event_id] = event.event_time.ToDatetime(tzinfo=UTC) + wait
            elif event.HasField("timer_fired_event_attributes"):
                running.pop(event.timer_fired_event_attributes.started_event_id, None)
        return min(running.values(), default=None)

    async def settle(self) -> Standing:
        """Waits until the case has done what it has in hand. Raises SandboxError when it never does."""
        give_up = time.monotonic() + _BUSY_FOR
        while True:
            standing = await self.look()
            if standing.closed or not standing.busy:
                return standing
            if time.monotonic() > give_up:
                raise SandboxError(
                    f"The case {self._handle.id} is busy for {_BUSY_FOR:.0f} s ({standing.busy}): look at worker.log."
                )
            await asyncio.sleep(0.02)

    async def move_to(self, target: datetime) -> Standing:
        """Moves the case to a moment (UTC), or to its end if that comes first."""
        move = str(uuid.uuid4())
        begun = time.monotonic()
        give_up = begun + _BUSY_FOR
        while True:
            standing = await self.look()
            if standing.closed or standing.now >= target:
                return standing
            for child in standing.children:
                # It has a time of its own, and the server skips none of the case's while it runs.
                await CaseClock(self._client, self._client.get_workflow_handle(child)).move_to(target)
            now = time.monotonic()
            if now > give_up:
                raise SandboxError(
                    f"The case {self._handle.id} does not reach {target:%Y-%m-%d %H:%M} "
                    f"({standing.busy or 'idle'}): see worker.log and temporal.log."
                )
            if standing.begins_child:
                await asyncio.sleep(0.02)
                continue
            if not standing.busy and now - begun > _LOST_AFTER:
                # The server took the move, died, and does not go on with it.
                move, begun = str(uuid.uuid4()), now
            try:
                if standing.fast_forward != move:
                    await self._send(move, target - standing.now)
                await self._wait(move)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    continue  # it closed meanwhile
                if error.status in (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.UNIMPLEMENTED):
                    raise SandboxError(
                        f"The Temporal server cannot skip time ({error.message}): unset TEMPORAL_ADDRESS."
                    ) from None
                if error.status not in PASSING:
                    raise
                await asyncio.sleep(0.2)

    async def _send(self, move: str, ahead: timedelta) -> None:
        forward = FastForwardConfig(id=move)
        forward.duration.FromTimedelta(ahead)
        await self._client.workflow_service.update_workflow_execution_options(
            UpdateWorkflowExecutionOptionsRequest(
                namespace=self._client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=self._handle.id),
                workflow_execution_options=WorkflowExecutionOptions(
                    time_skipping_config=TimeSkippingConfig(enabled=True, fast_forward_config=forward)
                ),
                update_mask=FieldMask(paths=["time_skipping_config"]),
                identity=self._client.identity,
            ),
            retry=False,
            timeout=_ONE_CALL,
        )

    async def _wait(self, move: str) -> None:
        """Waits for the move to end; a look at the case then says how it ended."""
        await self._client.workflow_service.poll_workflow_execution_time_skipping(
            PollWorkflowExecutionTimeSkippingRequest(
                namespace=self._client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=self._handle.id),
                fast_forward_id=move,
            ),
            retry=False,
            timeout=_LONG_POLL,
        )


def begun_by(raw: DescribeWorkflowExecutionResponse) -> tuple[str, ...]:
    """The children that can be asked for. One that was ordered and is not there yet has no run id (server 1.32)."""
    return tuple(child.workflow_id for child in raw.pending_children if child.run_id)


def under_way(raw: DescribeWorkflowExecutionResponse) -> str:
    """What a workflow has in hand, in words; empty: nothing."""
    said = [f"{pending.activity_type.name}, try {pending.attempt}" for pending in raw.pending_activities]
    said += [f"beginning {child.workflow_id}" for child in raw.pending_children if not child.run_id]
    if raw.HasField("pending_workflow_task"):
        said.append(f"workflow task, try {raw.pending_workflow_task.attempt}")
    return "; ".join(said)
