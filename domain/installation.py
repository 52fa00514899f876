"""What this installation lacks: closed to every case, for as long as a setting is missing."""

from collections.abc import Callable, Collection
from typing import Self

from pydantic import Field

from domain.base import Message
from domain.outgoing import ServiceRestored, ServiceRestricted
from domain.steps import Channel

RESTRICTIONS = tuple(str(fact.model_fields["type"].default) for fact in (ServiceRestricted, ServiceRestored))
"""The events that tell of access: who hears of a restriction has to hear of its end."""


class Installation(Message):
    """Each "why" names the setting that is missing."""

    closed_channels: dict[Channel, str] = Field(default_factory=dict)  # channel → why nothing is sent on it
    no_access: str | None = None  # why nobody would hear of a restriction; None: somebody does
    no_agency: str | None = None  # why nothing can be handed over; None: there is an agency

    def hearing(self, takes: Callable[[Collection[str]], bool]) -> Self:
        """As it stands with the endpoints that events are sent to: whether one `takes` all of some types."""
        return self.but(no_access=None) if self.no_access and takes(RESTRICTIONS) else self


COMPLETE = Installation()
