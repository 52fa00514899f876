"""What went wrong with a request, as RFC 9457 describes it (`application/problem+json`)."""

from http import HTTPStatus
from typing import Literal

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from domain.base import Frozen

MEDIA_TYPE = "application/problem+json"
MEANINGS = {
    HTTPStatus.BAD_REQUEST: "A webhook that its provider has not signed, or has signed too long ago.",
    HTTPStatus.UNAUTHORIZED: "There is no key, or one that is over, was revoked or never was.",
    HTTPStatus.FORBIDDEN: "The key's scope may not ask this. `detail` says which may.",
    HTTPStatus.NOT_FOUND: "Nothing has that name here, or there is no such path.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The path takes other methods: those of the header `Allow`.",
    HTTPStatus.CONFLICT: (
        "As things stand it cannot be done, and `detail` says why. With `Retry-After`: a request with the same "
        "`Idempotency-Key` is being worked on."
    ),
    HTTPStatus.PRECONDITION_FAILED: "The case has changed since it had the `ETag` of `If-Match`: read it again.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is longer than 1 MiB.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body does not say that it is JSON: send `Content-Type: application/json`.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request makes no sense, however the cases stand: `detail` says where.",
    HTTPStatus.TOO_MANY_REQUESTS: "The key has asked too often: come again after `Retry-After` seconds.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A mistake of ours. The log has it under the request's id.",
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Something that this needs does not answer, or a setting is wrong. Give the same request again after "
        "`Retry-After` seconds: nothing is done twice."
    ),
}
"""Every status that a problem may have. The status is its type: `type` is `about:blank`."""


class Problem(Exception):
    """A request that cannot be answered as asked. `detail`: one sentence that says what to do."""

    def __init__(self, status: HTTPStatus, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after  # seconds


class ProblemBody(Frozen):
    """RFC 9457. `detail` is one sentence for people: it may change, the status does not."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str


def problem_response(problem: Problem) -> JSONResponse:
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    if problem.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    body = ProblemBody(title=problem.status.phrase, status=problem.status, detail=problem.detail)
    return JSONResponse(body.model_dump(), problem.status, headers, media_type=MEDIA_TYPE)


async def answer(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)  # noqa: S101 - registered for this exception alone
    return problem_response(problem)


async def no_route(_request: Request, error: Exception) -> JSONResponse:
    """A path that is not there, or one that takes other methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this exception alone
    status = HTTPStatus(error.status_code)
    response = problem_response(Problem(status, MEANINGS[status]))
    response.headers.update(error.headers or {})
    return response


async def mistake(request: Request, _error: Exception) -> JSONResponse:
    """The exception itself goes on to the log, not to whoever asked."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    response = problem_response(Problem(status, MEANINGS[status]))
    # Answered outside of all middleware.
    response.headers["X-Request-Id"] = getattr(request.state, "request_id", "")
    return response
