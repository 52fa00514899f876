"""A case with a collections agency: one small state machine."""

from datetime import datetime
from enum import IntEnum

from domain.base import Message


class AgencyState(IntEnum):
    """How far it is. A report never leads back."""

    DELIVERED = 1
    REPEATED = 2  # nobody acknowledged, so it was delivered once more
    ACKNOWLEDGED = 3
    RETURNED = 4  # given back without success
    RECALLED = 5  # taken back


class Handoff(Message):
    """The case is, or was, with an agency."""

    at: datetime  # of the first delivery; the deadline counts from it
    references: tuple[str, ...]  # the agency's files that are not recalled yet; a repeated delivery may make a second
    state: AgencyState = AgencyState.DELIVERED

    @property
    def is_over(self) -> bool:
        return self.state >= AgencyState.RETURNED

    @property
    def acknowledged(self) -> bool:
        return self.state >= AgencyState.ACKNOWLEDGED

    @property
    def reference(self) -> str:
        return self.references[0] if self.references else ""

    def at_least(self, state: AgencyState) -> "Handoff":
        """The agency reported so much; an older report changes nothing."""
        return self.model_copy(update={"state": max(self.state, state)})

    def repeated(self, reference: str) -> "Handoff":
        """Delivered once more; under another reference the agency made a second file of it."""
        known = self.references if reference in self.references else (*self.references, reference)
        return self.at_least(AgencyState.REPEATED).model_copy(update={"references": known})

    def recalled(self, reference: str) -> "Handoff":
        """One file was taken back; with the last one the case is."""
        left = tuple(each for each in self.references if each != reference)
        after = self.model_copy(update={"references": left})
        return after if left else after.at_least(AgencyState.RECALLED)
