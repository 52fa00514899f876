"""Traces: only where a collector is named, only what is on a list, and no case notices."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from pydantic import SecretStr
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from gateways.ports.metering import Meter
from runtime.settings import Settings
from runtime.telemetry import telemetry
from workflows.dunning import DunningWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))


def test_nothing_is_traced_unless_a_collector_is_named() -> None:
    """With none, no exporter is made that could look for one."""
    watched = telemetry(Settings(), "dunning-worker")

    assert (None, []) == (watched.traces, watched.interceptors)


def test_a_collector_gets_the_spans_with_its_headers() -> None:
    """By OTLP over HTTP, the last of them when the process ends."""
    got: list[tuple[str, str | None, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            got.append((self.path, self.headers["Api-Key"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}/"
        headers = SecretStr("Api-Key=k%201, b=c")
        settings = Settings(otel_exporter_otlp_endpoint=endpoint, otel_exporter_otlp_headers=headers)
        watched = telemetry(settings, "dunning-worker")
        _called(watched.meter, 200)
        watched.close()
        server.shutdown()

    [(path, key, body)] = got
    assert ("/v1/traces", "k 1") == (path, key)
    assert b"stripe post invoices pay" in body
    assert b"dunning-worker" in body
    assert 1 == len(watched.interceptors)


def test_what_is_not_on_the_list_stays_here() -> None:
    """An instrumentation may add whatever it likes in its next release."""
    spans = InMemorySpanExporter()
    watched = telemetry(Settings(), "dunning-web", exporter=spans)
    assert watched.traces
    tracer = watched.traces.get_tracer("test")
    attributes = {"http.route": "/v1/cases/{case}", "http.url": "/v1/cases/Zephyrine", "enduser.id": "Zephyrine"}
    with pytest.raises(ValueError, match="Zephyrine"), tracer.start_as_current_span("GET", attributes=attributes):
        raise ValueError("Zephyrine")
    watched.traces.force_flush()

    [span] = spans.get_finished_spans()
    said = span.to_json()
    assert "Zephyrine" not in said
    assert {"http.route": "/v1/cases/{case}"} == span.attributes
    assert ["ValueError"] == [event.attributes["exception.type"] for event in span.events if event.attributes]


def _called(meter: Meter, status: int) -> None:
    with meter.call("stripe", "post invoices pay") as call:
        call.answered(status)


@pytest.mark.parametrize(
    ("status", "outcome", "is_ok"), [(200, "ok", True), (402, "declined", True), (503, "failed", False)]
)
def test_a_call_to_a_provider_is_a_span(status: int, outcome: str, is_ok: bool) -> None:
    """A decline is an answer; only what has to be tried again is an error."""
    spans = InMemorySpanExporter()
    watched = telemetry(Settings(), "dunning-worker", exporter=spans)
    assert watched.traces
    _called(watched.meter, status)
    watched.traces.force_flush()

    [span] = spans.get_finished_spans()
    assert ("stripe post invoices pay", SpanKind.CLIENT, is_ok) == (span.name, span.kind, span.status.is_ok)
    assert span.attributes
    assert outcome == span.attributes["dunning.outcome"]


@pytest.mark.parametrize("file", HISTORIES[:3], ids=lambda file: file.stem)
async def test_a_traced_case_replays_in_the_sdks_sandbox_as_well(file: Path) -> None:
    """Should cases run in it again one day: OpenTelemetry has to pass through, and nothing else more."""
    spans = InMemorySpanExporter()
    watched = telemetry(Settings(), "dunning-worker", exporter=spans)
    assert watched.traces
    packages = ("domain", "workflows", "activities", "gateways", "pydantic", "opentelemetry")
    runner = SandboxedWorkflowRunner(SandboxRestrictions.default.with_passthrough_modules(*packages))
    replayer = Replayer(
        workflows=[DunningWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=runner,
        interceptors=watched.interceptors,  # type: ignore[arg-type]  # a client's and a worker's at once
    )

    await replayer.replay_workflow(WorkflowHistory.from_json(file.stem, json.loads(file.read_text())))
    watched.traces.force_flush()

    assert () == spans.get_finished_spans()
