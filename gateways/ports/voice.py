"""Calls that no person makes: what dials, and what is said."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from domain.base import Frozen
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot


class CallFate(StrEnum):
    """How a call at the provider stands."""

    ON_ITS_WAY = "on its way"
    OVER = "over"  # somebody or something answered
    NOT_ANSWERED = "not answered"  # busy, no answer, failed, cancelled


class VoiceScript(Frozen):
    """What is said, in the customer's language. Until somebody has pressed that it is them: `ask`, `who`, `stranger`,
    `goodbye` and `no_more`, which name no debt."""

    voice: str  # by the provider's name
    locale: str
    ask: str
    who: str
    stranger: str
    goodbye: str
    no_more: str
    pay_link: str
    call_back: str
    opt_out: str
    link_comes: str
    will_call: str


class Dialled(NamedTuple):
    """A call that the provider has."""

    provider_id: str


class Dialler(Protocol):
    """Raises Unreachable, ProviderTrouble or ProviderMisuse."""

    def dial(self, number: str, place: str) -> Dialled:
        """Has a number called. `place`: the path here under which the provider asks what to say."""

    def find(self, number: str, since: datetime, others: Collection[str]) -> Dialled | None:
        """A call to this number that was begun at or after `since`, by a clock that may differ from the provider's, and
        is none of `others`; None: there certainly is none."""

    def fate(self, provider_id: str) -> CallFate:
        """How a call stands."""


class VoiceScripts(Protocol):
    """The words."""

    def script(self, address: Address) -> VoiceScript:
        """All that names no invoice."""

    def about(self, address: Address, invoice: InvoiceSnapshot) -> str:
        """What is said of the invoice."""
