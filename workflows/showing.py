"""What the Temporal UI shows of a case, made when it asks."""

from typing import Any

from temporalio import workflow
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.worker import HandleQueryInput, Interceptor, WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from workflows.dunning import DunningWorkflow


class ShowsCases(Interceptor):
    """Gives the UI a case's details with the answer to the query by which it asks for them.

    The SDK's own way is to set them ahead of time. A case would make them with each decision, and all of them again
    when it is replayed: by rules and time zones of today, in a task that must not fail, for nobody to see.
    """

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type["_Answers"]:  # noqa: A002, ARG002 - the SDK's signature
        return _Answers


class _Answers(WorkflowInboundInterceptor):
    async def handle_query(self, input: HandleQueryInput) -> Any:  # noqa: A002 - as above
        answer = await super().handle_query(input)
        case = workflow.instance()
        if isinstance(answer, WorkflowMetadata) and isinstance(case, DunningWorkflow):
            answer.current_details = case.details()
        return answer
