"""Asks a Temporal server whether it is ready for cases."""

import asyncio
from datetime import timedelta

import httpx
import temporalio.api.common.v1
import temporalio.api.workflowservice.v1 as api
from google.protobuf.duration_pb2 import Duration
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode, WorkflowService

from sandbox.machine.ports import HOST, is_open
from sandbox.machine.server_config import NAMESPACE

_TIMEOUT = timedelta(seconds=2)
# How long closed cases stay readable. Generous, because the clocks of cases in the demo run ahead by weeks.
RETENTION = timedelta(days=365)


def server_version(address: str, *, create_namespace: bool = False) -> str | None:
    """The version of the server at `host:port` once its namespace `default` serves workflows, else None.

    A fresh server of our own has no such namespace yet: `create_namespace` adds it. Blocks for a few seconds at most,
    and may be called from any thread that runs no event loop.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit() or not is_open(int(port), host):
        return None
    try:
        return asyncio.run(asyncio.wait_for(_version(address, create_namespace), 8))
    except (RPCError, RuntimeError, TimeoutError):  # RuntimeError: what the SDK raises when it cannot connect
        return None


def ui_serves(port: int) -> bool:
    """Whether the web UI on this port answers for the namespace: it opens its port before it has reached the server."""
    try:
        return httpx.get(f"http://{HOST}:{port}/api/v1/namespaces/{NAMESPACE}", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


async def _version(address: str, create_namespace: bool) -> str:
    client = await Client.connect(address, namespace=NAMESPACE)
    service = client.workflow_service
    info = await service.get_system_info(api.GetSystemInfoRequest(), timeout=_TIMEOUT)
    if create_namespace:
        await _create_namespace(service)
    # The frontend answers before the history service does: a question about a workflow goes through to it.
    execution = temporalio.api.common.v1.WorkflowExecution(workflow_id="is-the-server-ready")
    question = api.DescribeWorkflowExecutionRequest(namespace=NAMESPACE, execution=execution)
    await service.describe_namespace(api.DescribeNamespaceRequest(namespace=NAMESPACE), timeout=_TIMEOUT)
    try:
        await service.describe_workflow_execution(question, timeout=_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    return info.server_version


async def _create_namespace(service: WorkflowService) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    request = api.RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=retention)
    try:
        await service.register_namespace(request, timeout=_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
