"""What went wrong with a request, as RFC 9457 describes it (`application/problem+json`)."""

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse


class Problem(Exception):
    """A request that cannot be answered as asked. `detail`: one sentence that says what to do."""

    def __init__(self, status: HTTPStatus, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after  # seconds


def problem_response(problem: Problem) -> JSONResponse:
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    if problem.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    body = {"type": "about:blank", "title": problem.status.phrase, "status": problem.status, "detail": problem.detail}
    return JSONResponse(body, problem.status, headers, media_type="application/problem+json")


async def answer(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)  # noqa: S101 - registered for this exception alone
    return problem_response(problem)
