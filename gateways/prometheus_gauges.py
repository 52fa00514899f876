"""What the ledger holds, as Prometheus gauges: read when somebody looks, and not more often than is cheap."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateways.ports.gauges import Backlog, Gauges, Standing
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

GRACE = timedelta(minutes=5)
"""A step that is due for longer is late: a worker that lives wakes its cases within seconds."""
_REST = 15.0  # seconds
_SHARE = 50
"""What was read holds for so many times as long as the reading took: looking takes 2 % of a connection at most."""


class LedgerGauges(Collector):
    """Safe for several scrapes at once: at worst they read twice."""

    def __init__(self, ledger: Gauges, clock: Callable[[], datetime], sweep_every: timedelta) -> None:
        """sweep_every: how often a sweep is made; zero: by hand only."""
        self._ledger = ledger
        self._clock = clock
        self._sweep_every = sweep_every
        self._read_again = 0.0
        self._standing: Standing | None = None

    def collect(self) -> Iterator[Metric]:
        standing, now = self._newest(), self._clock()
        yield _one("dunning_ledger_up", "Whether the ledger answers", int(standing is not None))
        if standing is None:
            return
        yield _by_currency("dunning_open_cases", "Cases that are not closed", standing.open_cases)
        yield _by_currency("dunning_open_amount", "What is due on them, in minor units", standing.open_amount)
        yield _one("dunning_cases_for_operator", "Cases that wait for an operator", standing.for_operator)
        yield _one("dunning_cases_late", "Cases whose next step was due minutes ago", standing.late)
        yield _one("dunning_inbox_waiting", "Events in that no case has taken yet", standing.inbox.waiting)
        yield _one("dunning_inbox_age_seconds", "Since when the oldest waits", _age(standing.inbox, now))
        yield _one("dunning_inbox_refused", "Events in that cannot be taken", standing.inbox_refused)
        yield _one("dunning_outbox_waiting", "Our events that an endpoint has not taken yet", standing.outbox.waiting)
        yield _one("dunning_outbox_age_seconds", "Since when the oldest waits", _age(standing.outbox, now))
        yield _one("dunning_endpoints_disabled", "Endpoints that get no events", standing.endpoints_disabled)
        swept = _since(standing.swept_at, now) if standing.swept_at else None
        yield _one("dunning_sweep_age_seconds", "Since when a sweep ended last; none yet: no number", swept)
        every = self._sweep_every.total_seconds()
        yield _one("dunning_sweep_every_seconds", "How often a sweep is made; 0: by hand only", every)

    def _newest(self) -> Standing | None:
        began = time.monotonic()
        if began >= self._read_again:
            try:
                self._standing = self._ledger.standing(self._clock() - GRACE)
            except (ProviderTrouble, ProviderMisuse):
                self._standing = None  # old numbers would look like good ones
            ended = time.monotonic()
            self._read_again = ended + max(_REST, _SHARE * (ended - began))
        return self._standing


def _age(backlog: Backlog, now: datetime) -> float:
    return _since(backlog.since, now) if backlog.since else 0


def _since(moment: datetime, now: datetime) -> float:
    return max((now - moment).total_seconds(), 0)


def _one(name: str, says: str, value: float | None) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _by_currency(name: str, says: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=["currency"])
    for currency, value in values.items():
        family.add_metric([currency], value)
    return family
