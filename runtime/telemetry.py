"""What a process shows of itself: metrics on ports of their own, traces if a collector is named."""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.registry import Collector
from temporalio.client import Interceptor
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from gateways.ports.metering import Meter
from gateways.prometheus_meter import PrometheusMeter
from runtime.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Telemetry:
    """meter: what the process counts with. The client to Temporal gets `runtime` and `interceptors`."""

    meter: Meter
    registry: CollectorRegistry
    runtime: Runtime | None = None
    interceptors: list[Interceptor] = field(default_factory=list)
    traces: "TracerProvider | None" = None

    def also(self, collector: Collector) -> None:
        """Shows what the collector reads whenever somebody looks."""
        self.registry.register(collector)

    def serve(self, host: str, port: int) -> None:
        """Metrics at `http://{host}:{port}/metrics`. Port 0: none. One that is taken is a warning: work goes on."""
        if not port:
            return
        try:
            start_http_server(port, host, self.registry)
        except OSError as error:
            _log.warning("No metrics on %s:%d (%s): set another port (README, Settings).", host, port, error.strerror)

    def trace_requests(self, app: "FastAPI") -> None:
        """A span for each request of the application, if anything is traced."""
        if self.traces:
            from runtime.tracing import trace_requests  # noqa: PLC0415 - as below

            trace_requests(app, self.traces)

    def close(self) -> None:
        """Hands over the last spans."""
        if self.traces:
            self.traces.shutdown()


def telemetry(
    settings: Settings, process: str, *, temporal_port: int = 0, exporter: "SpanExporter | None" = None
) -> Telemetry:
    """Nothing is shown before `serve`, but for the metrics of Temporal's SDK, if they have a port.

    exporter: where spans go; None: where the settings say.
    """
    traces = _traces(settings, process, exporter)
    tracer = traces.get_tracer("dunning") if traces else None
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return Telemetry(
        meter=PrometheusMeter(registry, tracer),
        registry=registry,
        runtime=_temporal(settings.metrics_host, temporal_port),
        interceptors=[TracingInterceptor(tracer)] if tracer else [],
        traces=traces,
    )


def _traces(settings: Settings, process: str, exporter: "SpanExporter | None") -> "TracerProvider | None":
    endpoint = settings.otel_exporter_otlp_endpoint
    if not (endpoint or exporter):
        return None
    from runtime.tracing import to_collector, tracing  # noqa: PLC0415 - who is not traced loads nothing of it

    headers = settings.otel_exporter_otlp_headers
    secret = headers.get_secret_value() if headers else None
    return tracing(process, exporter or to_collector(endpoint or "", secret))


def _temporal(host: str, port: int) -> Runtime:
    """The SDK's core: its log goes into ours, and its metrics have a port of their own, which only it can serve."""
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"), append_target_to_name=False)
    logs = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding)
    if port:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        shown = PrometheusConfig(place, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True)
        try:
            return Runtime(telemetry=TelemetryConfig(logging=logs, metrics=shown))
        except (RuntimeError, ValueError):
            _log.warning("No metrics of Temporal's SDK on %s:%d: set another port (README, Settings).", host, port)
    return Runtime(telemetry=TelemetryConfig(logging=logs))
