"""Where steps come from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.holds import NOTHING
from domain.steps import Step

if TYPE_CHECKING:
    from domain.case import HoldReason
    from domain.situation import Situation


@dataclass(frozen=True)
class Source:
    """A supplier of steps that are still to be done, and the holds in spite of which it goes on."""

    name: str
    steps: Callable[["Situation"], Iterable[Step]]
    survives: "frozenset[HoldReason]" = NOTHING
