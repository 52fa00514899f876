"""Bulk orders: made, looked at, run, followed and cancelled."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from service.bulk import BulkDesk, BulkLine, Chosen, LineState, Progress
from service.keys import Scope
from service.requests import WrongRequest
from service.threads import Threads
from web.api.bulk_shapes import BulkAnswer, BulkCase, BulkCasesAnswer, BulkRequest, BulksAnswer
from web.api.examples import SHAPES
from web.api.route import ApiRoute, caller_of, takes

_PAGE = 500
_JSON_LINES = "application/jsonl"
States = Annotated[list[LineState] | None, Query(alias="state", description="Only cases in these states.")]


def bulk_orders(desk: BulkDesk, threads: Threads) -> APIRouter:
    router = APIRouter(prefix="/v1/orders", route_class=ApiRoute, tags=["bulk orders"])
    operators, readers = takes(Scope.OPERATOR), takes(Scope.OPERATOR, Scope.AUDITOR)

    @router.post(
        "",
        summary="Give one order to many cases: first as a dry run",
        status_code=HTTPStatus.ACCEPTED,
        openapi_extra=operators,
    )
    async def made(asked: BulkRequest, request: Request, response: Response) -> BulkAnswer:
        if (asked.invoices is None) == (asked.filter is None):
            raise WrongRequest("Give either invoices, or a filter: {} is every case.")
        of = asked.filter
        chosen = Chosen(status=of.status, customer_id=of.customer, owed_again=of.owed_again) if of else None
        token = request.headers.get("idempotency-key")
        given = asked.order.model_dump(exclude={"name"})
        cases = chosen or asked.invoices or []
        now = await threads.run(
            desk.make, caller_of(request), asked.order.name, given, cases, dry_run=asked.dry_run, token=token
        )
        response.headers["Location"] = f"/v1/orders/{now.bulk.bulk_id}"
        return _answer(now)

    @router.get("", summary="A page of bulk orders, newest first", openapi_extra=readers)
    async def listed(
        before: Annotated[str | None, Query(max_length=255, description="The `before` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> BulksAnswer:
        found, more = await threads.run(desk.page, before, limit)
        return BulksAnswer(orders=[_answer(now) for now in found], before=more)

    @router.get("/{bulk}", summary="How far a bulk order is", openapi_extra=readers)
    async def one(bulk: str) -> BulkAnswer:
        return _answer(await threads.run(desk.progress, bulk))

    @router.get("/{bulk}/cases", summary="Its cases: what would become of each, or has", openapi_extra=readers)
    async def cases(
        bulk: str,
        states: States = None,
        after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=_PAGE)] = 50,
    ) -> BulkCasesAnswer:
        found, more = await threads.run(desk.lines, bulk, states or (), after, limit)
        return BulkCasesAnswer(cases=[_case(line) for line in found], after=more)

    @router.get(
        "/{bulk}/cases.jsonl",
        summary="All of its cases, streamed",
        openapi_extra=readers,
        response_class=StreamingResponse,
        responses={HTTPStatus.OK: {"content": {_JSON_LINES: {"schema": {"type": "string"}, "example": _example()}}}},
    )
    async def streamed(bulk: str, states: States = None) -> StreamingResponse:
        await threads.run(desk.progress, bulk)
        return StreamingResponse(_lines(desk, threads, bulk, states or []), media_type=_JSON_LINES)

    @router.post(
        "/{bulk}/run",
        summary="Order what the dry run has shown",
        status_code=HTTPStatus.ACCEPTED,
        openapi_extra=operators,
    )
    async def run(bulk: str) -> BulkAnswer:
        return _answer(await threads.run(desk.run, bulk))

    @router.post(
        "/{bulk}/cancel",
        summary="Order none of the cases that are left",
        openapi_extra=operators,
    )
    async def cancel(bulk: str, request: Request) -> BulkAnswer:
        return _answer(await threads.run(desk.cancel, bulk, caller_of(request).name))

    return router


async def _lines(desk: BulkDesk, threads: Threads, bulk: str, states: list[LineState]) -> AsyncIterator[str]:
    after: int | None = 0
    while after is not None:
        found, after = await threads.run(desk.lines, bulk, states, after, _PAGE)
        yield "".join(_case(line).model_dump_json() + "\n" for line in found)


def _example() -> str:
    return BulkCase.model_validate(SHAPES["BulkCasesAnswer"]["cases"][0]).model_dump_json()


def _answer(now: Progress) -> BulkAnswer:
    bulk = now.bulk
    return BulkAnswer(
        id=bulk.bulk_id,
        order={"name": bulk.name, **bulk.body},
        dry_run=bulk.dry_run,
        state=bulk.state,
        total=now.total,
        cases=now.cases,
        by=bulk.by,
        made_at=bulk.made_at,
        ended_at=bulk.ended_at,
        note=bulk.note,
    )


def _case(line: BulkLine) -> BulkCase:
    return BulkCase(**line.model_dump(include=set(BulkCase.model_fields)))
