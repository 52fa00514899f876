"""Everything that can be asked of the system, for a door that takes requests."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from service.call_results import CallResults
from service.channels import Channels
from service.intake import Intake
from service.orders import Orders
from service.protections import ProtectionsByHand
from service.reading import CaseReader
from service.rebuild import Restart
from service.reports import Reports
from service.running import RunningCases
from service.ways import WaysByHand


@dataclass(frozen=True)
class Desk:
    """What a door hands its requests to. Lists of cases (service/cases.py) need less: the ledger alone."""

    reader: CaseReader
    orders: Orders
    running: RunningCases  # orders, of cases that were looked at already
    reports: Reports
    channels: Channels
    protections: ProtectionsByHand
    ways: WaysByHand
    calls: CallResults
    intake: Callable[[bool], Intake]  # built when it is needed: it alone wants the payment provider's key
    rebuild: Callable[[], AsyncIterator[Restart]]
