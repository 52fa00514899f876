"""What this installation lacks: closed to every case, for as long as a setting is missing."""

from pydantic import Field

from domain.base import Message
from domain.steps import Channel


class Installation(Message):
    """Each "why" names the setting that is missing."""

    closed_channels: dict[Channel, str] = Field(default_factory=dict)  # channel → why nothing is sent on it
    no_access: str | None = None  # why nobody would hear of a restriction; None: somebody does
    no_agency: str | None = None  # why nothing can be handed over; None: there is an agency


COMPLETE = Installation()
