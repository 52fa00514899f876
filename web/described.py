"""The API as OpenAPI 3.1 describes it. What holds for every route is said here once, for the routes to come as well."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from web.api.call_examples import CALLS
from web.api.examples import ANSWERS, PARAMETERS, SHAPES
from web.api.route import SCOPES
from web.problems import MEANINGS, MEDIA_TYPE, ProblemBody

Json = dict[str, Any]
_SHAPES = SHAPES | CALLS
_KEY = "key"
_IF_MATCH = "if-match"
_COMMON = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_RETRY = {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_VERSIONED = "#/components/schemas/CaseAnswer"
_ETAG = {
    "description": "The version of the case, for `If-Match`. Missing while no worker answers for it.",
    "schema": {"type": "string"},
}
_REQUEST_ID = {
    "description": "By which the log and the audit name the request: the `X-Request-Id` that was sent, else a new one.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"},
}
_RETRY_AFTER = {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A new one for each request. The same request with the same key is done once and answered alike.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def operation_id(route: APIRoute) -> str:
    """Short, and of its own for each route: programs make names of it."""
    return f"{route.tags[0]}_{route.name}".replace(" ", "_") if route.tags else route.name


class DescribedApi(FastAPI):
    """An application whose description has what its routes do not say themselves: keys, headers and problems."""

    def openapi(self) -> Json:
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(described: Json) -> Json:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    parts = described.setdefault("components", {})
    for made_by_the_framework in ("HTTPValidationError", "ValidationError"):
        parts.get("schemas", {}).pop(made_by_the_framework, None)
    for name, shape in parts["schemas"].items():
        if name in _SHAPES:
            shape.setdefault("examples", [_SHAPES[name]])
    parts["schemas"]["Problem"] = ProblemBody.model_json_schema(mode="serialization")
    parts["responses"] = {_name(status): _response(status) for status in MEANINGS}
    parts["headers"] = {"RequestId": _REQUEST_ID, "RetryAfter": _RETRY_AFTER, "Version": _ETAG}
    parts["parameters"] = {"IdempotencyKey": _IDEMPOTENCY_KEY}
    parts["securitySchemes"] = {
        _KEY: {"type": "http", "scheme": "bearer", "description": "A key: `python starter.py keys make` makes one."}
    }
    return described


def _complete(path: str, method: str, operation: Json) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in PARAMETERS:
            parameter.setdefault("example", PARAMETERS[parameter["name"]])
    answers, keyed = operation["responses"], SCOPES in operation
    said = {HTTPStatus(int(status)) for status in answers if status >= "400"}
    for status in said:
        del answers[str(int(status))]
    for answer in answers.values():
        if operation["operationId"] in ANSWERS:
            answer["content"]["application/json"]["example"] = ANSWERS[operation["operationId"]]
        answer.setdefault("headers", {})["X-Request-Id"] = {"$ref": "#/components/headers/RequestId"}
        if _VERSIONED in str(answer):
            answer["headers"]["ETag"] = {"$ref": "#/components/headers/Version"}
    for status in sorted(said | {*_problems(path, method, operation)} if keyed else said):
        answers[str(int(status))] = {"$ref": f"#/components/responses/{_name(status)}"}
    if keyed:
        operation["security"] = [{_KEY: []}]
    if keyed and method != "get":
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})


def _problems(path: str, method: str, operation: Json) -> Iterator[HTTPStatus]:
    """How a route with a key may refuse, by what it takes."""
    yield from _COMMON
    if "{" in path:
        yield from (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    if method != "get":
        yield from (HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if "requestBody" in operation:
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if any(one.get("name") == _IF_MATCH for one in operation.get("parameters", ())):
        yield HTTPStatus.PRECONDITION_FAILED


def _response(status: HTTPStatus) -> Json:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status in _RETRY:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    return {
        "description": MEANINGS[status],
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _name(status: HTTPStatus) -> str:
    return status.name.title().replace("_", "")
