"""Temporal is away for hours of its cases' own time, in which the world goes on and tells of it."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory

from runtime.wiring import open_ledger
from sandbox.machine.running import Running
from sandbox.machine.server_config import database
from sandbox.play.customers import Actor
from sandbox.play.drive import BY_US
from sandbox.providers.webhooks import Delivery
from sandbox.providers.world import ProviderWorld
from tests.sandbox.play.chaos import Disorder

_TAKEN_WITHIN = 30.0
# Seconds (real) after which no workflow task is in hand any more: the server gives one 10 s, and a worker (temporalio
# 1.35) tries for 10 s to hand its answer in. An answer that came in later than that would count its timers from then.
_IN_HAND_FOR = 12.0
_RUNNING = 1  # WORKFLOW_EXECUTION_STATUS_RUNNING


class Away(Disorder):
    """Disorder, and once the world has come so far (entries of the journal since now) Temporal is stopped for `length`.

    What customers and banks do in these hours, they do; their webhooks are taken, and wait. Then the server comes back,
    and every case finds itself `length` later, with whatever has become due.
    """

    def __init__(
        self,
        world: ProviderWorld,
        actors: Sequence[Actor],
        *,
        seed: int,
        here: Running,
        folder: Path,
        after: int,
        length: timedelta,
    ) -> None:
        super().__init__(world, actors, seed)
        self._here = here
        self._folder = folder
        self._actors = actors
        self._begins_at = len(world.log) + after
        self._length = length
        self._at: dict[str, datetime] = {}  # invoice → the case's time at the last look
        self.taken = 0  # webhooks that came in meanwhile
        self.cases = 0  # whose clocks went on

    def webhooks(self, actor: Actor, now: datetime) -> list[Delivery]:
        self._at[actor.invoice] = now
        arrives = super().webhooks(actor, now)
        if not self.cases and len(self._here.world.log) >= self._begins_at:
            self._is_away()
        return arrives

    def _under_way(self) -> list[Actor]:
        with closing(open_ledger(self._here.settings)) as ledger:
            rows = [(actor, ledger.case(actor.invoice)) for actor in self._actors if actor.invoice in self._at]
        return [actor for actor, case in rows if case and case.status != "closed"]

    def _is_away(self) -> None:
        """Blocks: nobody leads a case meanwhile."""
        server = self._here.supervisor.remove("temporal")
        assert server is not None
        back_at = time.monotonic() + _IN_HAND_FOR
        told: list[Delivery] = []
        for actor in self._under_way():
            back = self._at[actor.invoice] + self._length
            for plan in [plan for plan in actor.agenda if plan[0] <= back and plan[1].do not in BY_US]:
                actor.agenda.remove(plan)
                actor.do(plan[1])
            told += super().webhooks(actor, back)
        for delivery in told:
            self._here.world.outbox.send(delivery)
        for delivery in told:
            assert delivery.ended.wait(_TAKEN_WITHIN)
            assert delivery.accepted
        self.taken = len(told)
        time.sleep(max(0.0, back_at - time.monotonic()))
        self.cases = clocks_go_on(database(self._folder / "temporal"), self._length)
        self._here.supervisor.add(server)


def clocks_go_on(file: Path, length: timedelta) -> int:
    """Moves the clock of every running workflow in the file of a server that is stopped; says how many they are.

    A clock is the real time and what was skipped; the server (1.32) keeps that with the workflow, and asks it when
    something is due.
    """
    execution, state = _messages()
    with closing(sqlite3.connect(file)) as connection, connection:
        rows = connection.execute("SELECT rowid, data, state FROM executions").fetchall()
        moved = 0
        for row, data, status in rows:
            if state.FromString(status).status != _RUNNING:
                continue
            kept = execution.FromString(data)
            skipped = kept.time_skipping_info.accumulated_skipped_duration
            skipped.FromTimedelta(skipped.ToTimedelta() + length)
            connection.execute("UPDATE executions SET data = ? WHERE rowid = ?", (kept.SerializeToString(), row))
            moved += 1
    return moved


def _messages() -> tuple[Any, Any]:
    """What is needed of temporal.server.api.persistence.v1, WorkflowExecutionInfo and -State; what else there is stays
    as unknown fields."""
    file = descriptor_pb2.FileDescriptorProto(name="outage.proto", package="outage", syntax="proto3")
    file.dependency.append(duration_pb2.DESCRIPTOR.name)
    fields = {
        "TimeSkippingInfo": ("accumulated_skipped_duration", 2, ".google.protobuf.Duration"),
        "Info": ("time_skipping_info", 115, ".outage.TimeSkippingInfo"),
        "State": ("status", 4, None),
    }
    for message, (name, number, type_) in fields.items():
        field = file.message_type.add(name=message).field.add(name=name, number=number)
        field.label = field.LABEL_OPTIONAL
        field.type = field.TYPE_MESSAGE if type_ else field.TYPE_INT32
        if type_:
            field.type_name = type_
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(duration_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    info, state = (pool.FindMessageTypeByName(f"outage.{name}") for name in ("Info", "State"))
    return message_factory.GetMessageClass(info), message_factory.GetMessageClass(state)
