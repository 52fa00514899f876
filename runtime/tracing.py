"""Traces, where a collector is named: of each only what is on a list leaves this process.

A trace says which case, which step and which provider, never what was said: attributes that are not on the list,
messages of exceptions and descriptions of errors are left out. What a caller from outside says of its own trace is
not taken up: strangers may call a webhook.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.util.types import Attributes

ALLOWED = frozenset(
    {
        "dunning.provider",
        "dunning.operation",
        "dunning.outcome",
        "exception.type",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.status_code",
        "temporalActivityID",
        "temporalRunID",
        "temporalWorkflowID",
    }
)
"""Attributes whose values are ids of Temporal's, our own words or numbers."""


class CleanExporter(SpanExporter):
    """Hands on spans with what is allowed."""

    def __init__(self, behind: SpanExporter) -> None:
        self._behind = behind

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._behind.export([_clean(span) for span in spans])

    def shutdown(self) -> None:
        self._behind.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._behind.force_flush(timeout_millis)


class _Alone(TextMapPropagator):
    """Takes no trace up from outside, and hands none on."""

    def extract(self, carrier: Any, context: Context | None = None, getter: Any = None) -> Context:  # noqa: ARG002
        return Context() if context is None else context

    def inject(self, carrier: Any, context: Context | None = None, setter: Any = None) -> None: ...

    @property
    def fields(self) -> set[str]:
        return set()


def to_collector(endpoint: str, headers: str | None) -> SpanExporter:
    """An OTLP collector by HTTP. headers: as OTEL_EXPORTER_OTLP_HEADERS has them, `name=value,name=value`."""
    pairs = (pair.partition("=") for pair in (headers or "").split(",") if pair.strip())
    given = {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", headers=given)


def tracing(process: str, exporter: SpanExporter) -> TracerProvider:
    """`process` is what the traces call this process."""
    propagate.set_global_textmap(_Alone())
    provider = TracerProvider(resource=Resource.create({"service.name": process}))
    provider.add_span_processor(BatchSpanProcessor(CleanExporter(exporter)))
    return provider


def trace_requests(app: FastAPI, provider: TracerProvider) -> None:
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=provider,
        meter_provider=NoOpMeterProvider(),
        excluded_urls="healthz",
        exclude_spans=["receive", "send"],
    )


def _clean(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_of(span),
        events=[Event(event.name, _allowed(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _of(span: ReadableSpan) -> Attributes:
    """What the case is called is left out where a question about it failed: it may be anything that somebody typed."""
    found = dict(_allowed(span.attributes) or {})
    if span.kind is SpanKind.CLIENT and span.status.status_code is StatusCode.ERROR:
        found.pop("temporalWorkflowID", None)
    return found


def _allowed(attributes: Attributes) -> Attributes:
    return {name: value for name, value in (attributes or {}).items() if name in ALLOWED}
