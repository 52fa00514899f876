"""The one base of every value that crosses a room's border."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value. Unknown fields are refused, so that a typing error never passes for a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(BaseModel):
    """An immutable value that a workflow receives or that sleeps in its history.

    Unknown fields are ignored: a newer sender must not break a case that an older worker still holds.
    New fields need defaults for the opposite reason.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
