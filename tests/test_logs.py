"""Log lines are JSON, say which request and case they are about, and repeat nothing of what a library was given."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from gateways.ports.trouble import ProviderTrouble
from runtime.logs import REQUEST_ID, JsonLines

SECRET = "Zephyrine Quackenbush"


class Strict(BaseModel):
    number: int


def written(say: Callable[[logging.Logger], object], name: str = "service.inbox") -> dict[str, Any]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log = logging.Logger(name)
    log.addHandler(handler)
    say(log)
    [line] = stream.getvalue().splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_a_line_says_when_who_and_what() -> None:
    line = written(lambda log: log.warning("waits %.0f s", 2.0))

    assert {"at", "level", "logger", "message"} == set(line)
    assert ("WARNING", "service.inbox", "waits 2 s") == (line["level"], line["logger"], line["message"])


def test_a_line_names_its_request_and_its_case() -> None:
    token = REQUEST_ID.set("r-1")
    line = written(lambda log: log.error("it failed", extra={"case": "dunning-in_1"}))
    REQUEST_ID.reset(token)

    assert ("r-1", "dunning-in_1") == (line["request"], line["case"])


@pytest.mark.parametrize("known", ["temporal_activity", "temporal_workflow"])
def test_a_line_of_temporals_names_its_case(known: str) -> None:
    line = written(lambda log: log.info("done", extra={known: {"workflow_id": "dunning-in_1"}}), "temporalio.activity")

    assert "dunning-in_1" == line["case"]


def _fails(log: logging.Logger) -> None:
    try:
        try:
            Strict.model_validate({"number": SECRET})
        except ValueError as error:
            raise ProviderTrouble("Stripe cannot be reached.") from error
    except ProviderTrouble:
        log.exception("it failed")


def test_an_exception_of_ours_is_told_and_one_of_a_library_is_named() -> None:
    """pydantic quotes what it was given."""
    line = written(_fails)

    assert "ProviderTrouble: Stripe cannot be reached. from ValidationError" == line["error"]
    assert any("_fails" in frame for frame in line["trace"])
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize("library", ["asyncio", "uvicorn.error"])
def test_a_library_shows_what_was_raised_below_its_first_line(library: str) -> None:
    line = written(lambda log: log.error("Task failed\nfuture: <Task exception=ValueError('%s')>", SECRET), library)

    assert "Task failed" == line["message"]


def test_a_line_break_in_a_message_makes_no_second_line() -> None:
    assert "one\ntwo" == written(lambda log: log.info("one\ntwo"))["message"]
