"""What the activities expect of a collections agency."""

from typing import Protocol

from domain.base import Frozen


class EvidenceBundle(Frozen):
    """What the agency (or a court) gets to see, as JSON and as a page to print."""

    json_text: str
    html: str


class Agency(Protocol):
    """A collections agency: an HTTP endpoint or a folder."""

    def hand_off(self, handoff_id: str, bundle: EvidenceBundle) -> str:
        """Delivers the bundle once per `handoff_id` and returns the agency's reference."""

    def recall(self, reference: str, why: str, key: str) -> None: ...
