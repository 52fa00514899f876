"""Everything that can be asked of the system, for a door that takes requests."""

from collections.abc import Callable
from dataclasses import dataclass

from service.cases import Cases
from service.intake import Intake
from service.reports import Reports
from service.running import RunningCases


@dataclass(frozen=True)
class Desk:
    """What a door hands its requests to."""

    cases: Cases  # lists and reads
    running: RunningCases  # orders
    reports: Reports
    intake: Callable[[], Intake]  # built when it is needed: it alone wants the payment provider's key
