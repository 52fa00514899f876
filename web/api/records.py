"""The inbox and the audit."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from service.audit import Register
from service.keys import Scope
from service.office import Office
from service.threads import Threads
from web.api import shapes
from web.api.route import ApiRoute, takes


def records(office: Office, register: Register, threads: Threads) -> APIRouter:
    router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["records"])
    auditors = takes(Scope.AUDITOR)

    @router.get(
        "/inbox",
        summary="What came in by webhook, oldest first",
        openapi_extra=takes(Scope.OPERATOR, Scope.AUDITOR),
    )
    async def inbox(
        state: Literal["waiting", "done", "refused"] | None = None,
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> shapes.InboxAnswer:
        shown, more = await threads.run(office.inbox.page, state, after, limit)
        return shapes.InboxAnswer(events=[shapes.shown_as(shapes.InboxEvent, one) for one in shown], after=more)

    @router.post(
        "/inbox/{event}/again",
        summary="Try an event again now",
        openapi_extra=takes(Scope.OPERATOR),
        responses={HTTPStatus.OK: {"content": {"application/json": {"example": {"result": "waits"}}}}},
    )
    async def again(event: str) -> shapes.HeardAnswer:
        await threads.run(office.inbox.try_again, event)
        return shapes.HeardAnswer(result="waits")

    @router.get("/audit", summary="Who ordered or reported what", openapi_extra=auditors)
    async def audit(
        after: Annotated[int, Query(ge=0, le=2**62)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> shapes.AuditAnswer:
        found = await threads.run(register.page, after, limit + 1)
        entries = [shapes.AuditEntry(number=number, **asked.model_dump()) for number, asked in found[:limit]]
        return shapes.AuditAnswer(entries=entries, after=entries[-1].number if len(found) > limit else None)

    return router
