"""The one way into Temporal: data converter, runner and workflows for client, worker and replayer alike."""

from collections.abc import Sequence

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, Interceptor
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode, TLSConfig
from temporalio.worker import UnsandboxedWorkflowRunner

from runtime.converter import data_converter
from runtime.settings import Settings, SettingsError
from workflows.closing import ClosingWorkflow
from workflows.dunning import DunningWorkflow
from workflows.renewal import RenewalWorkflow
from workflows.showing import ShowsCases
from workflows.sweep import SweepWorkflow


def dunning_plugin() -> SimplePlugin:
    """What client, worker and replayer must agree on.

    Without the SDK's sandbox: our own packages passed through it anyway, so that it guarded little, and it took half of
    the CPU of a cold wake. What it guards a linter guards instead (workflows/ruff.toml, domain/ruff.toml), and a test
    replays every recorded history within it.
    """
    return SimplePlugin(
        "dunning",
        data_converter=data_converter,
        interceptors=[ShowsCases()],
        workflows=[DunningWorkflow, SweepWorkflow, RenewalWorkflow, ClosingWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )


async def connect(
    settings: Settings, runtime: Runtime | None = None, interceptors: Sequence[Interceptor] = ()
) -> Client:
    """Connects to Temporal. Raises SettingsError without a server or the namespace, RPCError for other refusals.

    runtime, interceptors: those of `telemetry`, for a process that is watched.
    """
    try:
        client = await Client.connect(
            settings.temporal_address,
            namespace=settings.temporal_namespace,
            api_key=settings.temporal_api_key.get_secret_value() if settings.temporal_api_key else None,
            tls=TLSConfig() if settings.uses_tls else False,
            plugins=[dunning_plugin()],
            interceptors=interceptors,
            runtime=runtime,
        )
    except (RuntimeError, RPCError):
        raise SettingsError(
            f"No Temporal server answers at {settings.temporal_address}: start one (make up) or set TEMPORAL_ADDRESS."
        ) from None
    try:
        # An unknown namespace answers every question about a case with "not found".
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise SettingsError("The Temporal server does not know the namespace: check TEMPORAL_NAMESPACE.") from None
    return client
