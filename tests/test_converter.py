"""What sleeps in histories was written by temporalio's converter for pydantic, and other tools read it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import WorkflowSerializationContext

from domain.money import Money
from runtime.converter import data_converter
from tests.domain.builders import a_case
from workflows.messages import CaseStart

VALUES = {
    "model": [CaseStart(case=a_case())],
    "models": [Money(amount=1, currency="USD"), CaseStart(case=a_case())],
    "model-and-nothing": [Money(amount=1, currency="USD"), None],
    "nothing": [None],
    "no-values": [],
    "bytes": [b"\x00"],
    "protobuf": [WorkflowExecution(workflow_id="dunning-in_1")],
    "raw": [RawValue(Payload(metadata={"encoding": b"odd"}, data=b"?"))],
    "plain": [{"at": datetime(2030, 4, 1, tzinfo=UTC)}, "text", 3],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
async def test_the_same_payloads_as_temporalios_own_converter(values: list[Any]) -> None:
    assert await pydantic_data_converter.encode(values) == await data_converter.encode(values)


async def test_each_reads_what_the_other_wrote() -> None:
    start = CaseStart(case=a_case())

    ours, theirs = await data_converter.encode([start]), await pydantic_data_converter.encode([start])

    assert [start] == await pydantic_data_converter.decode(ours, [CaseStart])
    assert [start] == await data_converter.decode(theirs, [CaseStart])


def test_no_case_gets_a_converter_of_its_own() -> None:
    """Neither by its context nor by being made anew: the readers of all types are made once."""
    context = WorkflowSerializationContext(namespace="default", workflow_id="dunning-in_1")

    assert data_converter is data_converter.with_context(context)
    one, another = data_converter.payload_converter_class(), data_converter.payload_converter_class()
    assert vars(one)["converters"] is vars(another)["converters"]
