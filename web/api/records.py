"""Customers, the inbox, exports and the audit."""

import csv
import io
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from service.audit import Register
from service.cases import CasePage, Listed
from service.keys import Scope
from service.office import Office
from service.threads import Threads
from web.api import shapes
from web.api.examples import SHAPES
from web.api.route import ApiRoute, takes

_COLUMNS = [name for name in Listed.model_fields if name != "holds"]


def records(office: Office, register: Register, threads: Threads) -> APIRouter:
    router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["records"])
    auditors = takes(Scope.AUDITOR)

    @router.get(
        "/customers/{customer}",
        summary="How a customer may be reached, and what they answered",
        openapi_extra=takes(Scope.OPERATOR, Scope.AUDITOR),
    )
    async def customer(customer: str) -> shapes.CustomerAnswer:
        found = await office.customer(customer)
        replies = [shapes.shown_as(shapes.ReplyAnswer, one) for one in found.replies]
        return shapes.CustomerAnswer(
            customer_id=found.customer_id,
            open_cases=found.open_cases,
            closed_channels=found.closed_channels,
            replies=replies,
        )

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

    @router.get(
        "/exports/cases.{format}",
        summary="Every case, streamed",
        openapi_extra=auditors,
        response_class=StreamingResponse,
        responses={HTTPStatus.OK: {"content": {"text/csv": {"example": _example()}, "application/jsonl": {}}}},
    )
    async def exported(
        format: Literal["csv", "jsonl"],  # noqa: A002
        status: Annotated[shapes.Status | None, Query(description="Only these.")] = None,
    ) -> StreamingResponse:
        kind = "text/csv; charset=utf-8" if format == "csv" else "application/jsonl"
        pages = office.every_case(status)
        first = await anext(pages)  # what stands in its way is said before anything is sent
        return StreamingResponse(_lines(first, pages, format), media_type=kind)

    @router.get("/audit", summary="Who ordered or reported what", openapi_extra=auditors)
    async def audit(
        after: Annotated[int, Query(ge=0, le=2**62)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> shapes.AuditAnswer:
        found = await threads.run(register.page, after, limit + 1)
        entries = [shapes.AuditEntry(number=number, **asked.model_dump()) for number, asked in found[:limit]]
        return shapes.AuditAnswer(entries=entries, after=entries[-1].number if len(found) > limit else None)

    return router


async def _lines(first: CasePage, more: AsyncIterator[CasePage], kind: str) -> AsyncIterator[str]:
    if kind == "csv":
        yield _row(_COLUMNS)
    yield _block(first, kind)
    async for page in more:
        yield _block(page, kind)


def _block(page: CasePage, kind: str) -> str:
    if kind == "csv":
        return "".join(_row([_cell(getattr(case, name)) for name in _COLUMNS]) for case in page.cases)
    return "".join(map(_json, page.cases))


def _example() -> str:
    case = SHAPES["CasePage"]["cases"][0]
    return _row(_COLUMNS) + _row([_cell(case[name]) for name in _COLUMNS])


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
