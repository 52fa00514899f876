"""The shape of every event that is sent: the contract that docs/events.md has, for merchants and for tests.

Apart from what makes events: a worker has no use for it.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from domain.base import Message
from domain.case import HoldReason, Outcome
from domain.money import Money
from domain.outbox import CaseRef
from domain.outgoing import TYPES, CaseClosed, CaseHeld, Fact

# What a fact keeps as a word, because the case's module stands above it.
_WORDS: dict[type[Fact], dict[str, Any]] = {
    CaseClosed: {"outcome": (Outcome, ...)},
    CaseHeld: {"reason": (HoldReason, ...)},
}


class _Data(Message):
    case: CaseRef
    source: str  # the step's key, or what it came from: an event's id, "order", "hold", "end"
    rule: str | None  # the rule that caused it, with its edition
    remaining: Money | None  # what is still due, where a decision says it


def _payload(fact: type[Fact]) -> type[BaseModel]:
    words = _WORDS.get(fact, {})
    fields: dict[str, Any] = {
        field: words.get(field, (info.annotation, ...)) for field, info in fact.model_fields.items() if field != "type"
    }
    if fact.says_why:
        fields["why"] = (str, ...)
    title = fact.__name__
    data = create_model(f"{title}Data", __base__=_Data, **fields)
    kind: Any = fact.model_fields["type"].annotation
    return create_model(
        title, __base__=Message, __doc__=fact.__doc__, type=(kind, ...), timestamp=(datetime, ...), data=(data, ...)
    )


PAYLOADS: dict[str, type[BaseModel]] = {name: _payload(fact) for name, fact in TYPES.items()}
"""The shape of what is sent, by the event's type. For merchants and tests: what was kept is sent as it is."""


def schema() -> dict[str, Any]:
    """The JSON Schema of all of them. New fields pass it: a merchant's system must not break by them."""
    _, found = models_json_schema([(payload, "validation") for payload in PAYLOADS.values()])
    return {"oneOf": [{"$ref": f"#/$defs/{payload.__name__}"} for payload in PAYLOADS.values()], **found}
