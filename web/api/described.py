"""What the description of the API says of problems."""

from http import HTTPStatus
from typing import Any

from pydantic import ConfigDict

from domain.base import Frozen


class ProblemAnswer(Frozen):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "The ledger has no case of customer cus_0.",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str


def problems(*more: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that are problems: those of every route, and these."""
    every = (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    schema = ProblemAnswer.model_json_schema()
    return {
        status.value: {"description": status.phrase, "content": {"application/problem+json": {"schema": schema}}}
        for status in sorted({*every, *more})
    }
