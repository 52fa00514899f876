"""Runs the case workflow and its activities until SIGTERM or Ctrl-C, then drains: work in hand is finished first."""

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import uvloop
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError
from temporalio.worker import Worker, WorkerDeploymentConfig

from gateways.ledger.database import upgrade_schema
from gateways.policy_files import PolicyError
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from runtime.leaving import leave
from runtime.logs import log_as_json
from runtime.settings import Settings, SettingsError, load_settings
from runtime.sweep import sweep_activities
from runtime.telemetry import telemetry
from runtime.temporal import connect
from runtime.wiring import activities

# An activity in hand may need as long as one try of it (workflows/options.py).
DRAIN = timedelta(seconds=50)


def build_worker(client: Client, settings: Settings, *more: Callable[..., Any], meter: Meter = NO_METER) -> Worker:
    """A worker for the task queue of the settings; workflows and converter come with the client's plugin.

    `more`: activities of kinds of step that are registered from elsewhere.
    """
    effects, decisions = settings.dunning_activity_threads, settings.dunning_workflow_tasks
    return Worker(
        client,
        task_queue=settings.dunning_task_queue,
        activities=[*activities(settings, meter=meter), *sweep_activities(settings, client, meter), *more],
        # Every workflow task in hand may have a decision to take: none waits behind the effects of slow providers.
        activity_executor=ThreadPoolExecutor(effects + decisions, thread_name_prefix="activity"),
        max_concurrent_activities=effects,
        max_concurrent_local_activities=decisions,
        max_concurrent_workflow_tasks=decisions,
        sticky_queue_schedule_to_start_timeout=settings.dunning_sticky_timeout,
        graceful_shutdown_timeout=DRAIN,
        deployment_config=_deployment(settings),
    )


def _deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    """Cases live for months, so they follow new releases: auto-upgrade, guarded by patches and replay tests."""
    if settings.dunning_build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name="dunning", build_id=settings.dunning_build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def _collect_seldom() -> None:
    """Leaves the garbage collector less to do, which takes a twentieth of a busy worker's CPU.

    What is loaded now stays for good and is not looked through again. What a step leaves behind is almost all freed
    without the collector: it may look for the rest (circles) after 50,000 new objects, some ten megabytes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    upgrade_schema(settings.dunning_database_url)
    watched = telemetry(settings, "dunning-worker", temporal_port=settings.temporal_metrics_port)
    client = await connect(settings, watched.runtime, watched.interceptors)
    async with build_worker(client, settings, meter=watched.meter):
        watched.serve(settings.metrics_host, settings.worker_metrics_port)
        _collect_seldom()
        print(f"worker: {settings.temporal_address}, task queue {settings.dunning_task_queue}", flush=True)
        await stop.wait()
        print("worker: draining", flush=True)
    watched.close()
    print("worker: stopped", flush=True)


def main() -> int:
    argparse.ArgumentParser(
        prog="worker.py", description=__doc__, epilog="Settings come from the environment: README.md, Settings."
    ).parse_args()
    try:
        settings = load_settings()
        log_as_json(settings.dunning_log_level)
        uvloop.run(run(settings))  # a fifth less CPU per effect than asyncio's own loop (bench/effects.py)
    except (SettingsError, PolicyError, ProviderMisuse, ProviderTrouble) as error:
        print(f"worker: {error}", file=sys.stderr)
        return 1
    except RPCError as error:
        print(
            f"worker: Temporal refuses ({error.status.name}): check TEMPORAL_API_KEY and the namespace.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
