"""What a case decides: wait, act or close, each with its reason. It stands in the history as the answer of an activity.

A workflow carries out what it reads here and asks no rule again, so rules may change while cases sleep.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, model_validator

from domain.base import Message, unchecked
from domain.case import Hold, Outcome
from domain.steps import KINDS, AnyStep, Step
from domain.tasks import Task


class Skip(Message):
    """A step that will not be done, and why. It is recorded: no step vanishes silently."""

    step: AnyStep
    why: str
    rule: str | None = None  # the rule that refused it, if one did


class PutOff(Message):
    """A step whose time has come, and that a rule allows only later."""

    step: AnyStep
    until: datetime
    why: str
    rule: str | None = None


class Effect(Message):
    """One step to do now."""

    step: AnyStep
    why: str
    activity: str  # the name of the activity that does it
    task: SerializeAsAny[Task]  # what that gets
    until: datetime | None = None  # the activity may be tried until then; None: as usual

    @model_validator(mode="before")
    @classmethod
    def _task_of_its_kind(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("task"), dict):
            step = value.get("step")
            kind = KINDS.get(str(step.get("kind"))) if isinstance(step, dict) else None
            if kind:
                return {**value, "task": kind.task_type.model_validate(value["task"])}
        return value


new_effect = unchecked(Effect)


class _Decision(Message):
    why: str
    skips: tuple[Skip, ...] = ()
    put_off: tuple[PutOff, ...] = ()


class Wait(_Decision):
    """Nothing to do before `until` (UTC); None: until the case is told something."""

    does: Literal["wait"] = "wait"
    until: datetime | None
    step: AnyStep | None = None  # what happens then
    hold: Hold | None = None  # the case stands still from now on, and a human is asked


new_wait = unchecked(Wait)


class Act(_Decision):
    """Do this now; several only where none needs another's result."""

    does: Literal["act"] = "act"
    effects: tuple[Effect, ...] = Field(min_length=1)

    @property
    def step(self) -> Step:
        return self.effects[0].step


new_act = unchecked(Act)


class Close(_Decision):
    """The case is over."""

    does: Literal["close"] = "close"
    outcome: Outcome


Decision = Annotated[Wait | Act | Close, Field(discriminator="does")]
