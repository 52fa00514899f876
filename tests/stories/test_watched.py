"""A whole case of somebody with a name that no other text has: what watches it learns nothing of that person."""

import asyncio
import io
import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from pydantic import SecretStr
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.worker import Replayer

from runtime.logs import QUIET, log_as_json
from runtime.settings import Settings
from runtime.telemetry import Telemetry, telemetry
from runtime.temporal import dunning_plugin
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import Scene, StagedCase, staged
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import Decline
from service.keys import KeyRing, Scope
from tests.deploy.test_watched import used
from tests.web.conftest import serving, until

NAME = "Zephyrine Quackenbush"
PHONE = "+15005557399"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the programs write, at the level of somebody in a hurry."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    log_as_json("DEBUG", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)


async def test_logs_traces_and_metrics_name_nobody(
    temporal: TemporalServer, client: Client, tmp_path: Path, log: io.StringIO
) -> None:
    """Failures on every channel, a webhook, an order and odd requests; and what is shown is what deploy/ asks for."""
    assert client.namespace == temporal.namespace
    spans, port = InMemorySpanExporter(), _free_port()
    watched = telemetry(Settings(), "dunning-test", temporal_port=port, exporter=spans)
    async with staged(temporal.address, tmp_path, watched=watched) as stage:
        case = await stage.open(Decline("generic_decline"), amount=20_000, name=NAME, phone=PHONE)
        secrets = _canaries(str(stage.world.stripe.get(case.customer)["email"]))
        stage.world.faults.add("sendgrid", "POST /v3/mail/send", Mode.ERROR)
        stage.world.twilio.landline(PHONE)
        await case.until("2030-04-12 12:00")
        await _through_the_web(stage, watched, case, secrets)
        history = await case.handle.fetch_history()
    of_temporal = await asyncio.to_thread(_scraped, port)
    assert watched.traces
    watched.traces.force_flush()
    traced = "\n".join(span.to_json() for span in spans.get_finished_spans())
    shown = generate_latest(watched.registry).decode() + of_temporal

    for secret in secrets:
        assert secret not in log.getvalue()
        assert secret not in traced
        assert secret not in shown
        assert secret not in str(history.to_json())
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert f"dunning-{case.invoice}" in {line.get("case") for line in lines}
    assert "canary-1" in {line.get("request") for line in lines}
    names = {span.name for span in spans.get_finished_spans()}
    assert names >= {"StartWorkflow:DunningWorkflow", "RunActivity:charge", "stripe post invoices pay"}
    assert names >= {"twilio post messages", "POST /webhooks/{provider}"}
    assert case.invoice not in shown
    assert case.customer not in shown
    for counted in ('dunning_charges_total{decline_class="', 'dunning_contacts_total{channel="email",result="'):
        assert counted in shown
    missing = {name for name in used("temporal_") if name.removesuffix("_bucket") not in of_temporal}
    assert set() == missing
    await _replays_alike(history, watched, spans)


def _canaries(email: str) -> list[str]:
    return [*NAME.split(), email, email.partition("@")[0], PHONE.lstrip("+")]


async def _through_the_web(stage: Scene, watched: Telemetry, case: StagedCase, secrets: list[str]) -> None:
    world = stage.world
    settings = stage.settings.model_copy(update={"stripe_webhook_secrets": SecretStr(world.stripe.webhooks.secret)})
    key = KeyRing(stage.ledger, lambda: datetime.now(UTC)).make("ada", Scope.ADMIN)
    async with serving(settings, watched) as web:
        event = {**world.stripe.last_event("invoice.payment_failed", case.invoice), "id": "evt_again"}
        body = json.dumps(event).encode()
        answer = await web.http.post("/webhooks/stripe", content=body, headers=world.stripe.webhooks.sign(body))
        assert 204 == answer.status_code
        await until(lambda: {row.state for row in stage.ledger.inbox()} == {"done"})
        for hidden in secrets:
            headers = {"X-Request-Id": "canary-1", "baggage": f"who={hidden}", "User-Agent": hidden}
            path = f"/v1/cases/{hidden}"
            assert 401 == (await web.http.get(path, params={"q": hidden}, headers=headers)).status_code
            signed_in = {**headers, "Authorization": f"Bearer {key}"}
            assert 404 == (await web.http.get(path, params={"q": hidden}, headers=signed_in)).status_code
            assert 404 == (await web.http.get(f"/{hidden}", headers=headers)).status_code


async def _replays_alike(history: WorkflowHistory, watched: Telemetry, spans: InMemorySpanExporter) -> None:
    """Traced and not, and what was traced once is not traced again."""
    assert watched.traces
    before = len(spans.get_finished_spans())
    for given in ([], [each for each in watched.interceptors if isinstance(each, TracingInterceptor)]):
        await Replayer(workflows=[], plugins=[dunning_plugin()], interceptors=given).replay_workflow(history)
    watched.traces.force_flush()
    assert before == len(spans.get_finished_spans())


def _free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def _scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())
