"""Logs as lines of JSON, each with the request and the case that it is about, and without personal data.

What a library raises may quote what it was given: of its exceptions only the kind is told, and where it happened.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from temporalio import activity, workflow
from temporalio.service import RPCError

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"""Of the request that is being answered."""

_OURS = frozenset({"activities", "cli", "domain", "gateways", "runtime", "service", "web", "workflows"})
"""Whose exceptions say nothing of a customer: the house has that rule, and a test."""
QUIET = ("alembic", "httpx")  # a table each, a request each
_LONGEST = 2_000


class JsonLines(logging.Formatter):
    """One object for each record: `at`, `level`, `logger`, `message`; `request`, `case`, `error`, `trace` if any."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str | list[str] | None] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "request": REQUEST_ID.get(),
            "case": _case(record),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error:
            line |= {"error": " from ".join(_said(one) for one in _chain(error)), "trace": _frames(error)}
        return json.dumps({name: value for name, value in line.items() if value is not None}, ensure_ascii=False)


def log_as_json(level: str, to: TextIO | None = None) -> None:
    """For a process that nobody watches. `to`: stderr, if it is not said otherwise."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _message(record: logging.LogRecord) -> str:
    # Below its first line a library's message shows what was raised: asyncio's of a task, uvicorn's of its start.
    said = record.getMessage().strip()
    return (said if record.name.partition(".")[0] in _OURS else said.partition("\n")[0])[:_LONGEST]


def _case(record: logging.LogRecord) -> str | None:
    """The workflow id, as the line says it or from where it is written."""
    if named := getattr(record, "case", None):
        return str(named)
    for known in ("temporal_activity", "temporal_workflow"):
        if found := getattr(record, known, None):
            return str(found["workflow_id"])
    if activity.in_activity():
        return activity.info().workflow_id
    return workflow.info().workflow_id if workflow.in_workflow() else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        seen.append(found)
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _said(error: BaseException) -> str:
    kind = type(error)
    if isinstance(error, RPCError) or kind.__module__.partition(".")[0] in _OURS:
        return f"{kind.__name__}: {str(error)[:_LONGEST]}"
    return kind.__name__


def _frames(error: BaseException) -> list[str]:
    """Outermost first; without the lines of code."""
    stack = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in stack]
