"""How a case hears: signals by name, whatever they bring. One that cannot be read or carried out never fails a case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from temporalio import workflow

from domain import life
from domain.case import Case
from domain.sentences import sentence
from domain.telling import TELLINGS

_LONGEST_WHY = 200


def hear(case: Case, name: str, payloads: Sequence[Any], at: datetime) -> Case:
    """Takes in a signal. One that cannot be read or carried out is recorded and changes nothing else."""
    try:
        data = _decoded(payloads)
        telling = TELLINGS.get(name)
        if telling is None:
            raise ValueError(f"there is no such signal; known are {', '.join(TELLINGS)}")
        return life.hear(case, name, telling.form.model_validate({} if data is None else data), at)
    except Exception as error:
        # Whatever it brings, and whatever today's rules make of it: a message never fails a case.
        why = f"signal {name[:40]} not carried out: {_bounded(error)}"
        return life.not_understood(case, why, at)


def _decoded(payloads: Sequence[Any]) -> Any:
    """The signal's JSON, or None when it has no payload. Raises ValueError."""
    if len(payloads) > 1:
        raise ValueError(f"it has {len(payloads)} payloads, one is expected")
    try:
        return workflow.payload_converter().from_payload(payloads[0].payload) if payloads else None
    except Exception:
        # Whatever a converter raises for bytes that it cannot read.
        raise ValueError("the payload is not JSON") from None


def _bounded(error: Exception) -> str:
    """An error in one bounded line, without the input, which may hold anything."""
    if isinstance(error, ValidationError):
        return sentence(error, unknown_keys=False, longest=_LONGEST_WHY)
    return str(error)[:_LONGEST_WHY]
