"""Exports: everything of one kind, streamed as CSV or as JSON Lines."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from domain.base import Frozen
from domain.moments import Moment
from service.cases import Listed
from service.exports import CustomerLine, Exports, MessageLine, Pages, RecordLine
from service.keys import Scope
from web.api import shapes
from web.api.export_examples import LINES
from web.api.route import ApiRoute, takes

_NOT_IN_TABLES = {"holds"}  # lists; what they say stands in another column
_FORMULA = tuple(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
"""A spreadsheet takes what begins with one of these for a formula, and a customer may have written it."""


class Format(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"


_TYPES = {Format.CSV: "text/csv", Format.JSON_LINES: "application/jsonl"}
Since = Annotated[Moment | None, Query(description="Only what happened from then on.")]


def exports(source: Exports) -> APIRouter:
    router = APIRouter(prefix="/v1/exports", route_class=ApiRoute, tags=["exports"])

    @router.get("/cases.{format}", summary="Every case, streamed", **_described(Listed))
    async def cases(
        format: Format,  # noqa: A002 - what its callers see
        status: Annotated[shapes.Status | None, Query(description="Only these.")] = None,
    ) -> StreamingResponse:
        return await _streamed("cases", format, Listed, source.cases(status))

    @router.get("/records.{format}", summary="The records of all cases, streamed", **_described(RecordLine))
    async def records(format: Format, since: Since = None) -> StreamingResponse:  # noqa: A002
        return await _streamed("records", format, RecordLine, source.records(since))

    @router.get(
        "/messages.{format}",
        summary="Every message as the customer saw it (personal data)",
        **_described(MessageLine),
    )
    async def messages(format: Format, since: Since = None) -> StreamingResponse:  # noqa: A002
        return await _streamed("messages", format, MessageLine, source.messages(since))

    @router.get("/customers.{format}", summary="Every customer, without name and addresses", **_described(CustomerLine))
    async def customers(format: Format) -> StreamingResponse:  # noqa: A002
        return await _streamed("customers", format, CustomerLine, source.customers())

    return router


def _described(line: type[Frozen]) -> dict[str, Any]:
    """Who may ask for such lines, and what they look like."""
    example = line.model_validate(LINES[line])
    shown = {Format.CSV: _rows([_columns(line), _row(example, _columns(line))]), Format.JSON_LINES: _json(example)}
    answer = {
        "description": "A table with its names in the first line, or one JSON object per line.",
        "content": {_TYPES[kind]: {"schema": {"type": "string"}, "example": text} for kind, text in shown.items()},
    }
    return {
        "openapi_extra": takes(Scope.AUDITOR),
        "response_class": StreamingResponse,
        "responses": {HTTPStatus.OK: answer},
    }


async def _streamed(name: str, kind: Format, line: type[Frozen], pages: Pages) -> StreamingResponse:
    # What cannot be read at all is a problem, and no stream that breaks off.
    first = await anext(pages)
    lines = _table(_columns(line), first, pages) if kind is Format.CSV else _json_lines(first, pages)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return StreamingResponse(lines, media_type=_TYPES[kind], headers=headers)


async def _json_lines(first: Sequence[Frozen], rest: Pages) -> AsyncIterator[str]:
    async for page in _from(first, rest):
        yield "".join(map(_json, page))


async def _table(columns: Sequence[str], first: Sequence[Frozen], rest: Pages) -> AsyncIterator[str]:
    yield _rows([columns])
    async for page in _from(first, rest):
        yield _rows([_row(line, columns) for line in page])


async def _from(first: Sequence[Frozen], rest: Pages) -> Pages:
    yield first
    async for page in rest:
        yield page


def _columns(line: type[Frozen]) -> list[str]:
    return [column for column in line.model_fields if column not in _NOT_IN_TABLES]


def _json(line: Frozen) -> str:
    return f"{line.model_dump_json()}\n"


def _row(line: Frozen, columns: Sequence[str]) -> list[str]:
    return [_cell(getattr(line, column)) for column in columns]


def _cell(value: object) -> str:
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case tuple():
            return "; ".join(_text(one) for one in value)
        case bool():
            return "true" if value else "false"
    return str(value)


def _rows(rows: Sequence[Sequence[str]]) -> str:
    table = io.StringIO()
    csv.writer(table, lineterminator="\r\n").writerows(rows)
    return table.getvalue()
