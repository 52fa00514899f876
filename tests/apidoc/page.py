"""docs/api.md: the words of docs/api.template.md, and every route with its example, from the description."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from runtime.settings import ROOT
from web.api.examples import VERSION
from web.api.route import SCOPES
from web.app import Doors, application
from web.bodies import LONGEST
from web.limits import BURST, PER_SECOND
from web.problems import MEANINGS

Json = dict[str, Any]
DESCRIPTION, PAGE, TEMPLATE = (ROOT / "docs" / name for name in ("openapi.json", "api.md", "api.template.md"))
_TITLES = {
    "webhooks": "Webhooks in",
    "cases": "Cases",
    "orders": "Orders",
    "records": "Inbox and audit",
}
"""Of tags; another tag is its own title."""


_STANDS_ON = [name for name in vars(Doors) if not name.startswith("_")]


class NoExample(Exception):
    """A route without an example. One sentence that says where to give it."""


def described() -> Json:
    """The description of the application, whatever it would stand on."""
    nothing = dict.fromkeys(_STANDS_ON)
    return application(SimpleNamespace(**nothing)).openapi()


def as_file(description: Json) -> str:
    return json.dumps(description, indent=2, ensure_ascii=False) + "\n"


def page(description: Json) -> str:
    """The whole page. Raises NoExample."""
    parts = {
        "problems": "\n".join(_problem_rows()),
        "routes": "\n".join(_sections(description)),
        "burst": f"{BURST:.0f}",
        "rate": f"{PER_SECOND:.0f}",
        "longest": f"{LONGEST // 1024**2} MiB",
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        assert f"{{{{{name}}}}}" in text, name
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def _problem_rows() -> Iterator[str]:
    yield "| status | title | when |"
    yield "|---|---|---|"
    for status, meaning in MEANINGS.items():
        yield f"| `{status}` | {status.phrase} | {meaning} |"


def _sections(description: Json) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            route = _Route(description, path, method, operation)
            by_tag.setdefault(operation["tags"][0], []).append(route.section(shown))
    for tag, routes in by_tag.items():
        yield f"## {_TITLES.get(tag, tag.capitalize())}\n"
        yield from routes


@dataclass
class _Route:
    description: Json
    path: str
    method: str
    operation: Json

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def section(self, shown: dict[str, str]) -> str:
        """shown: under which title an answer has been shown already, by its text."""
        title, keyed = self.operation["summary"], SCOPES in self.operation
        parts = [f"### {title}", f"`{self.name}`{_keys(self.operation)}", self.operation.get("description", "")]
        parts += [self._parameters(), self._fields()]
        if keyed:
            head, body = self._answer()
            known = shown.setdefault(body, title)
            whole = f"{head}\n\n{body}" if body and known == title else head
            parts += [self._curl(), f"```http\n{whole}\n```"]
            parts += [f"The body is as under *{known}*."] if body and known != title else []
        others = ", ".join(f"`{status}`" for status in self.operation["responses"] if status >= "400")
        parts += [f"Problems: {others}."]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _parameters(self) -> str:
        rows = [
            f"| `{one['name']}` | {one['in']} | {_values(self.description, one['schema'])} "
            f"| {one.get('description', '')} |"
            for one in self.operation.get("parameters", ())
            if one.get("in") in ("query", "header")
        ]
        return "\n".join(["| parameter | in | values | |", "|---|---|---|---|", *rows]) if rows else ""

    def _fields(self) -> str:
        """What the body may have."""
        body = _json_of(self.operation.get("requestBody", {}).get("content", {}))
        if body is None:
            return ""
        schema = resolved(self.description, body["schema"])
        schema = resolved(self.description, next(iter(schema.get("anyOf", [schema]))))
        rows = [
            f"| `{name}`{'' if name in schema.get('required', ()) else ' (optional)'} "
            f"| {_values(self.description, one)} | {one.get('description', '')} |"
            for name, one in schema.get("properties", {}).items()
        ]
        return "\n".join(["| field of the body | values | |", "|---|---|---|", *rows]) if rows else ""

    def _curl(self) -> str:
        taken = self.operation.get("parameters", ())
        places = {one["name"]: one.get("example") for one in taken if one.get("in") == "path"}
        for place, example in places.items():
            if example is None:
                raise NoExample(f"{self.name}: say what {{{place}}} is called, in PARAMETERS of web/api/examples.py.")
        words = [f'curl "$DUNNING{self.path.format_map(places)}"', '--header "Authorization: Bearer $DUNNING_KEY"']
        if self.method != "get":
            words.append('--header "Idempotency-Key: $(uuidgen)"')
        body = _json_of(self.operation.get("requestBody", {}).get("content", {}))
        if body is not None:
            example = json.dumps(self._example(body, "body"), ensure_ascii=False)
            words.append(f"--json '{example}'")
        if self.method != ("get" if body is None else "post"):
            words.insert(1, f"--request {self.method.upper()}")
        return "```sh\n" + " \\\n  ".join(words) + "\n```"

    def _answer(self) -> tuple[str, str]:
        """Status line with headers, and the body."""
        status, answer = success(self.operation)
        head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        if "ETag" in answer.get("headers", {}):
            head.append(f"ETag: {VERSION}")
        content = answer.get("content", {})
        if (media := _json_of(content)) is not None:
            body = json.dumps(self._example(media, "answer"), indent=2, ensure_ascii=False)
            return "\n".join([*head, "Content-Type: application/json"]), body
        for kind, media in content.items():
            head.append(f"Content-Type: {kind}" + ("; charset=utf-8" if kind.startswith("text/") else ""))
            return "\n".join(head), "\n".join(str(media.get("example", "")).splitlines())
        return "\n".join(head), ""

    def _example(self, media: Json, of: str) -> Any:
        found = example_of(self.description, media)
        if found is None:
            raise NoExample(f"{self.name}: give the shape of its {of} an example, in SHAPES of web/api/examples.py.")
        return found


def _keys(operation: Json) -> str:
    if SCOPES not in operation:
        return " · no key: the provider signs"
    return f" · keys: {', '.join(f'`{scope}`' for scope in operation[SCOPES])}"


def _values(description: Json, schema: Json) -> str:
    several = schema.get("anyOf") or schema.get("oneOf") or [schema]
    said = [_kind(description, resolved(description, one)) for one in several if one.get("type") != "null"]
    default = schema.get("default")
    return ", ".join(said) + (f"; else `{json.dumps(default)}`" if default not in (None, "") else "")


def _kind(description: Json, schema: Json) -> str:
    if "items" in schema:
        return f"list of: {_values(description, schema['items'])}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("maximum", 2**32) < 2**32:
        return f"{schema['minimum']} to {schema['maximum']}"
    if schema.get("format") == "date-time":
        return "time"
    if "properties" in schema:
        return "`{" + ", ".join(schema["properties"]) + "}`"
    longest = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    return f"{schema.get('type', 'any')}{longest}"


def success(operation: Json) -> tuple[int, Json]:
    """The status and the answer of a request that is done."""
    return next((int(code), answer) for code, answer in operation["responses"].items() if code < "400")


def _json_of(content: Json) -> Json | None:
    found: Json | None = content.get("application/json")
    return found


def example_of(description: Json, media: Json) -> Any:
    """The route's own, else that of the shape; None: there is none."""
    if "example" in media:
        return media["example"]
    return next(iter(resolved(description, media["schema"]).get("examples", ())), None)


def resolved(description: Json, schema: Json) -> Json:
    """The schema itself, where there is a reference to it."""
    while "$ref" in schema:
        found: Any = description
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema
