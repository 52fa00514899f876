"""The inbox, exports and the audit."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from service.audit import Register
from service.cases import Listed
from service.keys import Scope
from service.office import Office
from service.threads import Threads
from web.api import shapes
from web.api.route import ApiRoute, takes

_COLUMNS = [name for name in Listed.model_fields if name != "holds"]


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
        return shapes.InboxAnswer(events=[shapes.InboxEvent(**one.model_dump()) for one in shown], after=more)

    @router.post("/inbox/{event}/again", summary="Try an event again now", openapi_extra=takes(Scope.OPERATOR))
    async def again(event: str) -> shapes.HeardAnswer:
        await threads.run(office.inbox.try_again, event)
        return shapes.HeardAnswer(result="waits")

    @router.get(
        "/exports/cases.{format}",
        summary="Every case, streamed",
        openapi_extra=auditors,
        response_class=StreamingResponse,
    )
    async def exported(format: Literal["csv", "jsonl"], status: str | None = None) -> StreamingResponse:  # noqa: A002
        kind = "text/csv; charset=utf-8" if format == "csv" else "application/jsonl"
        return StreamingResponse(_lines(office, format, status), media_type=kind)

    @router.get("/audit", summary="Who ordered or reported what", openapi_extra=auditors)
    async def audit(
        after: Annotated[int, Query(ge=0, le=2**62)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> shapes.AuditAnswer:
        found = await threads.run(register.page, after, limit + 1)
        entries = [shapes.AuditEntry(number=number, **asked.model_dump()) for number, asked in found[:limit]]
        return shapes.AuditAnswer(entries=entries, after=entries[-1].number if len(found) > limit else None)

    return router


async def _lines(office: Office, kind: str, status: str | None) -> AsyncIterator[str]:
    if kind == "csv":
        yield _row(_COLUMNS)
    async for page in office.every_case(status):
        for case in page.cases:
            yield _row([_cell(getattr(case, name)) for name in _COLUMNS]) if kind == "csv" else _json(case)


def _json(case: Listed) -> str:
    return case.model_dump_json() + "\n"


def _cell(value: object) -> str:
    """A spreadsheet takes what begins with one of these signs for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _row(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
