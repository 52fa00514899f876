"""How values become payloads: pydantic's JSON, by one converter for all cases of a process."""

from collections.abc import Sequence
from typing import Any, Self, cast

from pydantic import BaseModel
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    PayloadConverter,
    SerializationContext,
)

from workflows.messages import REFUSED

_PYDANTIC = PydanticPayloadConverter()
_JSON = _PYDANTIC.converters[b"json/plain"]


class SharedConverter(CompositePayloadConverter):
    """temporalio's converter for pydantic, whose parts are made once.

    The SDK makes a converter for each case and two for each activation of a case: with parts of its own, each would
    build the readers of all types again, which a cold wake pays for.
    """

    def __init__(self) -> None:
        self.converters = _PYDANTIC.converters

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        """As the base class, which asks four others before it comes to JSON: models are nothing else."""
        if all(isinstance(value, BaseModel) for value in values):
            return [cast("Payload", _JSON.to_payload(value)) for value in values]
        return super().to_payloads(values)

    def with_context(self, context: SerializationContext) -> Self:  # noqa: ARG002 - the base class's signature
        """Itself: no part asks whose payload it is."""
        return self


class PlainRefusals(DefaultFailureConverter):
    """A refused order goes back as its sentence alone: the Temporal UI shows a trace below it."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        super().to_failure(exception, payload_converter, failure)
        if failure.application_failure_info.type == REFUSED:
            failure.stack_trace = ""


class SharedDataConverter(DataConverter):
    """Says at once that no part of it asks whose payload it is; the SDK asks eight times for each command."""

    def with_context(self, context: SerializationContext) -> Self:  # noqa: ARG002 - the base class's signature
        return self


data_converter = SharedDataConverter(payload_converter_class=SharedConverter, failure_converter_class=PlainRefusals)
"""Its payloads are those of `temporalio.contrib.pydantic.pydantic_data_converter`."""
