"""The examples of docs/api.md as requests that can be sent, and whether an answer is what the page says."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.apidoc.page import Json, resolved

_EXAMPLE = re.compile(
    r"(?:<!-- (?P<comment>[^>]+) -->\n)?```sh\n(?P<curl>curl .*?)\n```\n\n```http\n(?P<answer>.*?)\n```", re.DOTALL
)
_WHOLE = "answer"
_SAYS_WHAT = {"result", "detail", "title"}
"""Fields of the whole answer whose value is told, not only their kind."""


class Exchange(NamedTuple):
    """One example: what is sent, and what is answered."""

    said: dict[str, str]  # in the comment before it: `scene`, `scope`
    method: str
    target: str  # path and query
    headers: dict[str, str]
    body: str | None
    status: int
    answer_headers: dict[str, str]
    answer: str  # "": not shown


def exchanges(page: str) -> Iterator[Exchange]:
    for found in _EXAMPLE.finditer(page):
        said = dict(part.split(": ", 1) for part in (found["comment"] or "").split(", ") if part)
        head, _, answer = found["answer"].partition("\n\n")
        status, *headers = head.splitlines()
        named = dict(line.split(": ", 1) for line in headers)
        yield Exchange(said, *_sent(found["curl"]), int(status.split()[1]), named, answer)


def _sent(curl: str) -> tuple[str, str, dict[str, str], str | None]:
    """The method, target, headers and body of a command. Raises ValueError for an option that is not known here."""
    words = iter(shlex.split(curl.replace("\\\n", " "))[1:])
    method, target, headers, body, query = "", "", dict[str, str](), None, list[str]()
    for word in words:
        match word:
            case "--request":
                method = next(words)
            case "--header":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "--json":
                body = next(words)
                headers["Content-Type"] = "application/json"
            case "--data":
                body = next(words)
            case "--data-urlencode":
                name, _, value = next(words).partition("=")
                query.append(f"{name}={quote(value, safe='')}")
            case "--get":
                pass
            case _ if word.startswith("-"):
                raise ValueError(f"{word}: say in tests/apidoc/exchanges.py what it does")
            case _:
                target = word.removeprefix("$DUNNING")
    method = method or ("GET" if body is None else "POST")
    return method, target + (f"?{'&'.join(query)}" if query else ""), headers, body


def differs(description: Json, schema: Json, example: Any, answer: Any, where: str = _WHOLE) -> Iterator[str]:
    """Where an answer does not have the shape of the example: fields, kinds of values, lists that are empty."""
    schema = resolved(description, schema)
    if isinstance(example, dict) and isinstance(answer, dict):
        # A map has other keys in each case; what has fields has all of them, in the example too.
        is_map = isinstance(schema.get("additionalProperties"), Mapping) or not example
        if not is_map and example.keys() != answer.keys():
            yield f"{where}: has {sorted(answer.keys() ^ example.keys())} only on one side"
        for name in example.keys() & answer.keys():
            inner = schema.get("properties", {}).get(name, {})
            if where == _WHOLE and name in _SAYS_WHAT and example[name] != answer[name]:
                yield f"{where}.{name}: is {answer[name]!r}"
            yield from differs(description, inner, example[name], answer[name], f"{where}.{name}")
    elif isinstance(example, list) and isinstance(answer, list):
        if example and not answer:
            yield f"{where}: is empty"
        for one in example[:1]:
            for other in answer[:1]:
                yield from differs(description, schema.get("items", {}), one, other, f"{where}[0]")
    elif type(example) is not type(answer) and None not in (example, answer):
        yield f"{where}: is {json.dumps(answer)}"
