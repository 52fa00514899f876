"""How a case hears: signals and updates by name, whatever they bring. None that cannot be read ever fails a case."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError
from temporalio import workflow

from domain import life
from domain.base import Message
from domain.case import Case
from domain.events import Order
from domain.gates import Refuse
from domain.sentences import sentence
from domain.telling import FACTS, ORDERS, TELLINGS
from domain.texts import UNKEPT, is_unkept, one_line

_LONGEST_WHY = 200
# What a case keeps of all that it is told has to fit into its next run's input.
_LONGEST = 8_000


def hear(case: Case, name: str, payloads: Sequence[Any], at: datetime) -> Case:
    """Takes in a message. One that cannot be read or carried out is recorded and changes nothing else."""
    try:
        if name not in TELLINGS:
            raise ValueError(f"there is no such signal; known are {', '.join(TELLINGS)}")
        # Names of keys may be somebody's data, and the record is kept.
        return life.hear(case, name, _read(name, payloads, unknown_keys=False), at)
    except Exception as error:
        # Whatever it brings, and whatever today's rules make of it: a message never fails a case.
        return life.not_understood(case, f"signal {one_line(name[:40])} not carried out: {_bounded(error)}", at)


def refusal(case: Case, name: str, payloads: Sequence[Any], at: datetime) -> Refuse | None:
    """Why an order that came as an update is not carried out, in one sentence; None when it is."""
    if name not in ORDERS:
        as_signal = " (as a signal it is taken)" if name in FACTS else ""
        return Refuse(why=f"There is no order {one_line(name[:40])}{as_signal}: use {', '.join(ORDERS)}.")
    try:
        order = _read(name, payloads, unknown_keys=True)
    except ValueError as error:
        return Refuse(why=f"The order {name} cannot be read: {error}.")
    return life.refused(case, name, order, at) if isinstance(order, Order) else None


def _read(name: str, payloads: Sequence[Any], *, unknown_keys: bool) -> Message:
    """What the message says. Raises ValueError with what is wrong, and for an order how to write it.

    `unknown_keys`: whether the names of keys are repeated that nobody knows.
    """
    form = TELLINGS[name].form
    # A human writes orders: a key that is not known is a slip of the pen there, not a newer sender.
    extra: Literal["forbid", "ignore"] = "forbid" if name in ORDERS else "ignore"
    example = f"; write it like {ORDERS[name].example}" if name in ORDERS else ""
    try:
        data = _decoded(payloads)
        message = form.model_validate({} if data is None else data, extra=extra)
        if (size := len(message.model_dump_json())) > _LONGEST:
            raise ValueError(f"it has {size} characters of JSON, a case takes at most {_LONGEST}")
    except ValidationError as error:
        why = sentence(error, form, unknown_keys=unknown_keys, longest=_LONGEST_WHY)
        raise ValueError(f"{why.rstrip('.?')}{example}") from None
    except ValueError as error:
        raise ValueError(f"{error}{example}") from None
    return message


def _decoded(payloads: Sequence[Any]) -> Any:
    """The message's JSON, or None when it has no payload. Raises ValueError."""
    if len(payloads) > 1:
        raise ValueError(f"it has {len(payloads)} payloads, one is expected")
    if not payloads:
        return None
    payload = payloads[0].payload
    try:
        # The Temporal UI lets one choose an encoding, and writes plain JSON whatever is chosen.
        if not payload.metadata.get("encoding", b"").startswith(b"json/"):
            return workflow.payload_converter().from_payload(payload)
        data = json.loads(payload.data) if payload.data.strip() else None
        unkept = is_unkept(data)
    except Exception:
        # Whatever a converter raises for bytes that it cannot read.
        raise ValueError("the payload is not JSON") from None
    if unkept:
        raise ValueError(UNKEPT)
    return data


def _bounded(error: Exception) -> str:
    """An error in one bounded line."""
    if isinstance(error, ValidationError):  # of what came out of today's rules, not of the message
        return sentence(error, unknown_keys=False, longest=_LONGEST_WHY)
    return str(error)[: 2 * _LONGEST_WHY]
