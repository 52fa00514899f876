"""`ports.Meter` as Prometheus metrics, and requests to providers as spans where the system is traced."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.sweep import Mend
from gateways.ports.metering import SWEPT_REFUSED

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_AGES = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 3_600.0, 21_600.0, 86_400.0)
_MOST_WORDS = 200
NONE, OTHER = "none", "other"


def outcome_of(status: int | None) -> str:
    """What an HTTP status says of a request, in one of six words."""
    if status is None:
        return "unreachable"
    if status < 400:
        return "ok"
    if status in (409, 429):
        return "busy"
    if status == 402:
        return "declined"
    return "refused" if status < 500 else "failed"


class _Words:
    """Lets so many different values of a label through, and no more: each is a series that Prometheus keeps."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def of(self, value: str | None) -> str:
        if value is None:
            return NONE
        if value in self._seen:
            return value
        if len(self._seen) >= _MOST_WORDS:
            return OTHER
        self._seen.add(value)
        return value


class _Timed:
    """`ports.Call`."""

    outcome: str | None = None

    def answered(self, status: int | None) -> None:
        self.outcome = outcome_of(status)


class PrometheusMeter:
    """The metrics are registered when it is made. Without a tracer nothing is traced."""

    def __init__(self, registry: CollectorRegistry, tracer: Tracer | None = None) -> None:
        self._tracer = tracer
        self._rules, self._operations, self._kinds = _Words(), _Words(), _Words()
        self._calls = Histogram(
            "dunning_provider_call_seconds",
            "Requests to providers, and how long they took",
            ("provider", "operation", "outcome"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._webhooks = _counter(registry, "webhooks", "Webhooks that came in", "provider", "result")
        self._events = _counter(
            registry, "events", "Events in that left the inbox, by what they told", "provider", "kind", "result"
        )
        self._ages = Histogram(
            "dunning_event_age_seconds",
            "How long events in had waited when they left the inbox",
            ("provider",),
            buckets=_AGES,
            registry=registry,
        )
        self._deliveries = _counter(registry, "deliveries", "Our events, sent to one endpoint each", "result")
        self._decisions = _counter(registry, "decisions", "Decisions of cases", "does")
        self._postponements = _counter(registry, "postponements", "Steps that a rule allows later", "rule")
        self._refusals = _counter(registry, "refusals", "Steps that a rule does not allow", "rule")
        self._charges = _counter(registry, "charges", "Charge attempts", "decline_class", "outcome")
        self._contacts = _counter(registry, "contacts", "Messages to customers", "channel", "result")
        self._swept = _counter(registry, "swept", "What the sweep mended, or could not take", "result")
        for result in (*Mend, SWEPT_REFUSED):
            self._swept.labels(result)  # from 0 on: the first one is a rise, too

    @contextmanager
    def call(self, provider: str, operation: str) -> Iterator[_Timed]:
        operation, timed = self._operations.of(operation), _Timed()
        began = time.perf_counter()
        try:
            if self._tracer is None:
                yield timed
            else:
                with self._span(self._tracer, provider, operation, timed):
                    yield timed
        except BaseException:
            timed.outcome = timed.outcome or outcome_of(None)
            raise
        finally:
            took = time.perf_counter() - began
            self._calls.labels(provider, operation, timed.outcome or "ok").observe(took)

    @contextmanager
    def _span(self, tracer: Tracer, provider: str, operation: str, timed: _Timed) -> Iterator[Span]:
        # What is raised may quote what was sent: the span says which of six ways the request went, and no more.
        with tracer.start_as_current_span(
            f"{provider} {operation}",
            kind=SpanKind.CLIENT,
            attributes={"dunning.provider": provider, "dunning.operation": operation},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
                timed.outcome = timed.outcome or "ok"
            finally:
                outcome = timed.outcome or outcome_of(None)
                span.set_attribute("dunning.outcome", outcome)
                if outcome in ("failed", "unreachable"):
                    span.set_status(Status(StatusCode.ERROR))

    def arrived(self, provider: str, result: str) -> None:
        self._webhooks.labels(provider, result).inc()

    def taken(self, provider: str, kind: str, result: str, age: timedelta) -> None:
        self._events.labels(provider, self._kinds.of(kind), result).inc()
        self._ages.labels(provider).observe(max(age.total_seconds(), 0))

    def delivered(self, result: str) -> None:
        self._deliveries.labels(result).inc()

    def decided(self, does: str) -> None:
        self._decisions.labels(does).inc()

    def postponed(self, rule: str | None) -> None:
        self._postponements.labels(self._rule(rule)).inc()

    def refused(self, rule: str | None) -> None:
        self._refusals.labels(self._rule(rule)).inc()

    def charged(self, decline_class: str | None, outcome: str) -> None:
        self._charges.labels(decline_class or NONE, outcome).inc()

    def contacted(self, channel: str, result: str) -> None:
        self._contacts.labels(channel, result).inc()

    def swept(self, result: str, number: int) -> None:
        self._swept.labels(result).inc(number)

    def _rule(self, rule: str | None) -> str:
        """Without its edition: the same rule of next year is the same line in a graph."""
        return self._rules.of(rule.partition("@")[0] if rule else None)


def _counter(registry: CollectorRegistry, name: str, says: str, *labels: str) -> Counter:
    return Counter(f"dunning_{name}", says, labels, registry=registry)
