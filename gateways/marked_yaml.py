"""YAML files into models, with errors that name the file, the line, the key and what is allowed."""

import difflib
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)
Loc = tuple[int | str, ...]


class FileError(Exception):
    """A data file is wrong. One sentence per problem, each on a line of its own."""


class _Loader(yaml.SafeLoader):
    """Plain values by YAML 1.2's core schema.

    By PyYAML's own, the older 1.1, `10:00` is the number 600, `010` is eight and the country code NO is false.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute, emptied for this class only


_TYPES: tuple[tuple[str, str, str], ...] = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
)
for _name, _pattern, _first in _TYPES:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), [c.replace("\0", "") for c in _first]
    )


def read_model(path: Path, model: type[M]) -> M:
    """Reads one YAML file into `model`. Raises FileError with every problem found."""
    root = _compose(path)
    problems: list[str] = []
    data = _plain(root, f"{path}", problems, "", ())
    if not problems and not isinstance(data, dict):
        problems.append(f"{path}:1: the file has to consist of keys and values; use {', '.join(model.model_fields)}")
    if problems:
        raise FileError("\n".join(problems))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = [_sentence(path, root, model, detail) for detail in details if not _follows(detail, details)]
        raise FileError("\n".join(dict.fromkeys(found))) from None


def _compose(path: Path) -> yaml.Node:
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=_Loader)
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({error.strerror}): check its name and its rights") from None
    except UnicodeDecodeError:
        raise FileError(f"{path}: the file is not UTF-8 text: save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise FileError(f"{path}{line}: the YAML cannot be read: {error.problem}") from None
    except yaml.YAMLError:
        raise FileError(f"{path}: the YAML cannot be read: it contains control characters") from None
    if node is None:
        raise FileError(f"{path}:1: the file is empty")
    return node


def _plain(node: yaml.Node, file: str, problems: list[str], at: str, above: tuple[yaml.Node, ...]) -> Any:
    """The node as plain Python values; numbers with a point are decimals, keys are text as it is written."""
    line = node.start_mark.line + 1
    if node in above:
        problems.append(f"{file}:{line}: {at}: the value contains itself; write it out in place of the alias")
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, file, problems, f"{at}[{i}]", (*above, node)) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            here = key.start_mark.line + 1
            if name in lines:
                problems.append(
                    f"{file}:{here}: {_join(at, name)}: the key stands in line {lines[name]} already; keep one of them"
                )
            lines[name] = here
            values[name] = _plain(value, file, problems, _join(at, name), (*above, node))
        return values
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "null":
            return None
        case "bool":
            return node.value.lower() == "true"
        case "int":
            return int(node.value)
        case "float":
            return Decimal(node.value)
        case "str":
            return node.value
        case _:
            problems.append(f"{file}:{line}: {at}: the tag {node.tag} is not allowed; write a plain value")
            return None


def _follows(detail: ErrorDetails, others: list[ErrorDetails]) -> bool:
    """Whether a list is only too short because its wrong entries were left out."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(o["loc"][: len(loc)] == loc for o in others if o["loc"] != loc)


def _sentence(path: Path, root: yaml.Node, model: type[BaseModel], detail: ErrorDetails) -> str:
    loc = detail["loc"]
    message = detail["msg"].removeprefix("Value error, ")
    if not loc and (match := re.match(r"(\w+): (.+)", message)) and match[1] in model.model_fields:
        loc, message = (match[1],), match[2]
    line, at, rest = _locate(root, loc, short_form=detail["type"] != "missing")
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "missing":
        text = "the key is missing"
        at = _join(at, str(rest[0])) if rest else at
    elif kind == "extra_forbidden":
        text = _unknown_key(str(loc[-1]), _keys_at(model, loc[:-1]))
    elif kind == "too_short":
        text = f"the list needs at least {context['min_length']} entry"
    elif kind == "value_error":
        text = message
    elif allowed := _alternatives(kind, context):
        text = f"{_shown(value)} is not allowed; use {allowed}"
    else:
        text = f"{_shown(value)} is not allowed: {message.replace('Input should', 'it should')}"
    return f"{path}:{line}: {at}: {text}" if at else f"{path}:{line}: {text}"


def _locate(root: yaml.Node, loc: Loc, *, short_form: bool) -> tuple[int, str, Loc]:
    """Line and path of the place in the file, and what of `loc` the file does not contain."""
    node, at, line = root, "", root.start_mark.line + 1
    for depth, part in enumerate(loc):
        child = _child(node, part)
        if child is None and short_form and isinstance(node, yaml.MappingNode) and len(node.value) == 1:
            # A step's short form, `remind: {…}`, has one key more than the model that it is read into.
            [(key, node)] = node.value
            at, line = _join(at, key.value), key.start_mark.line + 1
            child = _child(node, part)
        if child is None:
            return line, at, loc[depth:]
        key, node = child
        at = f"{at}[{part}]" if isinstance(part, int) else _join(at, part)
        line = key.start_mark.line + 1
    return line, at, ()


def _child(node: yaml.Node, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    return None


def _keys_at(annotation: Any, loc: Loc) -> tuple[str, ...]:
    """The keys of the model that stands at `loc` below `annotation`."""
    for found in _models(annotation):
        if not loc:
            return tuple(found.model_fields)
        if isinstance(loc[0], str) and (field := found.model_fields.get(loc[0])):
            return _keys_at(field.annotation, loc[1:])
    # Items of a list and values of a mapping: one annotation for all of them.
    arguments = [each for each in get_args(annotation) if each is not Ellipsis]
    return _keys_at(arguments[-1], loc[1:]) if arguments and loc else ()


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The model that an annotation means, also inside `Annotated` and `… | None`, but not inside a container."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif hasattr(annotation, "__metadata__"):
        yield from _models(get_args(annotation)[0])
    elif type(None) in get_args(annotation):
        for each in get_args(annotation):
            yield from _models(each)


def _unknown_key(key: str, allowed: tuple[str, ...]) -> str:
    if close := difflib.get_close_matches(key, allowed, n=1):
        return f"unknown key; did you mean {close[0]}?"
    return f"unknown key; use {_list(allowed)}"


def _alternatives(kind: str, context: dict[str, Any]) -> str | None:
    if kind in ("enum", "literal_error"):
        return str(context["expected"]).replace("'", "")
    if kind == "string_pattern_mismatch" and (match := re.fullmatch(r"\^\(([\w|]+)\)\$", str(context["pattern"]))):
        return _list(tuple(match[1].split("|")))
    return None


def _list(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "the value"
    return "an empty value" if value is None else f"'{str(value)[:60]}'"


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key
