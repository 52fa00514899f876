"""What pydantic found wrong, in plain sentences: with a file, a record, a signal, a setting or an option."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import to_jsonable_python

from domain.texts import one_line

Loc = tuple[int | str, ...]


class Problem(NamedTuple):
    """One thing that is wrong. `loc` is where, as pydantic counts it; the last part of it may be what is missing."""

    loc: Loc
    text: str
    missing: bool = False


class ByWord(NamedTuple):
    """In an annotation: which model is read depends on the one key of what is given. Its word is part of a place."""

    models: Mapping[str, type[BaseModel]]


def dotted(loc: Loc) -> str:
    """`amount.currency`; empty for the whole."""
    return ".".join(map(str, loc))


def sentence(
    error: ValidationError,
    model: type[BaseModel] | None = None,
    *,
    unknown_keys: bool = True,
    place: Callable[[Loc], str] = dotted,
    longest: int = 500,
) -> str:
    """All problems in one bounded line that repeats no value: it may be a secret or a person's. See `problems`."""
    found = [(place(each.loc), each.text) for each in problems(error, model, values=False, unknown_keys=unknown_keys)]
    line = "; ".join(dict.fromkeys(f"{at}: {text}" if at else text for at, text in found))
    return one_line(f"{line.removesuffix('.')}{'' if line.endswith('?') else '.'}")[:longest]


def problems(
    error: ValidationError, model: type[BaseModel] | None = None, *, values: bool, unknown_keys: bool = True
) -> list[Problem]:
    """Every problem, in pydantic's order.

    `model` is what was to be read; with it a wrong key gets the right ones. `values` says whether wrong values are
    repeated, `unknown_keys` whether the names of keys are that nobody knows: somebody's data may stand in either.
    """
    details = error.errors(include_url=False)
    places = [each["loc"] for each in details]
    found = []
    for each in details:
        kind, loc, value = each["type"], each["loc"], each["input"]
        if kind == "too_short" and any(other[: len(loc)] == loc != other for other in places):
            continue  # only because its wrong entries were left out
        message = each["msg"].removeprefix("Value error, ")
        if not values:
            message = _without(message, value)
        if loc and loc[-1] == "[key]":
            loc = loc[:-1]  # the key itself is wrong; its name is the part before
        # A rule over several fields names the one that it is about: `timeline: days must rise …`.
        about = re.match(r"(\w+): (?=.)", message)
        if not loc and model and about and about[1] in model.model_fields:
            loc, message = (about[1],), message[about.end() :]
        if kind == "extra_forbidden":
            keys = _keys(model, loc[:-1]) if model else ()
            found.append(_unknown(loc, keys) if unknown_keys else Problem(loc[:-1], f"a key is unknown{_use(keys)}"))
        elif kind == "missing":
            found.append(Problem(loc, "the key is missing", missing=True))
        else:
            context = each.get("ctx", {})
            shown = _shown(context.get("tag", value)) if values else "the value"
            found.append(Problem(loc, _text(kind, message, context, shown)))
    return found


_WANTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list: [a, b], or one entry to a line with - before it",
    "list_type": "a list: [a, b], or one entry to a line with - before it",
    "time_delta_type": "a duration such as PT10M, PT48H or P7D",
    "time_delta_parsing": "a duration such as PT10M, PT48H or P7D",
    "time_type": 'a time of day such as "10:00"',
    "time_parsing": 'a time of day such as "10:00"',
    "datetime_type": "a date, or a moment such as 2026-11-20T08:00:00Z",
    "datetime_parsing": "a date, or a moment such as 2026-11-20T08:00:00Z",
    "datetime_from_date_parsing": "a date, or a moment such as 2026-11-20T08:00:00Z",
    "timezone_aware": "a moment with its time zone, such as 2026-11-20T08:00:00Z or 2026-11-20T15:00:00+07:00",
}
"""What pydantic says in its own words, by its kinds of errors, in words of the people who write the files."""


def _text(kind: str, message: str, context: dict[str, Any], shown: str) -> str:
    match kind:
        case "enum" | "literal_error":
            return f"{shown} is not allowed; use {_plain_list(context['expected'])}"
        case "union_tag_invalid":
            return f"{shown} is not allowed; use {_plain_list(context['expected_tags'])}"
        case "too_short":
            needed = context["min_length"]
            return f"the list needs at least {needed} {'entry' if needed == 1 else 'entries'}"
        case "model_type" | "dict_type":
            return f"{shown} is not allowed: it should consist of keys and values"
    if wanted := _WANTED.get(kind):
        return f"{shown} is not allowed: it should be {wanted}"
    plain = re.sub(r"^[A-Z][A-Za-z]*( input)? should\b", "it should", message)
    # What does not begin so is the sentence of one of our own validators.
    return f"{shown} is not allowed: {plain}" if plain.startswith("it should") else plain


def _unknown(loc: Loc, keys: tuple[str, ...]) -> Problem:
    if close := difflib.get_close_matches(str(loc[-1]), keys, n=1):
        return Problem(loc, f"unknown key; did you mean {close[0]}?")
    return Problem(loc, f"unknown key{_use(keys)}")


def _use(words: tuple[str, ...]) -> str:
    return f"; use {_list(words)}" if words else ""


def _list(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def _plain_list(words: str) -> str:
    """`a, b or c` of pydantic's `'a', 'b' or 'c'` and `'a', 'b', 'c'`."""
    return _list(tuple(re.findall(r"'([^']*)'", words)) or (words,))


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "the value"
    if isinstance(value, timedelta):
        value = to_jsonable_python(value)  # as it is written: PT30M
    return "an empty value" if value is None else f"'{str(value)[:60]}'"


def _without(message: str, value: Any) -> str:
    """The message without the texts that it quotes from the input."""
    for text in _texts(value):
        message = message.replace(repr(text), "it")
    return message


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (*_texts(key), *_texts(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _keys(annotation: Any, loc: Loc) -> tuple[str, ...]:
    """The keys that may stand at `loc` below a model or another annotation; none when no model is there."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not loc:
            return tuple(annotation.model_fields)
        field = annotation.model_fields.get(str(loc[0]))
        return _keys(field.annotation, loc[1:]) if field else ()
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for each in arguments[1:]:
            if isinstance(each, ByWord):
                return _keys(each.models.get(str(loc[0])), loc[1:]) if loc else tuple(each.models)
        tags = [each.tag for each in arguments[1:] if isinstance(each, Tag)]
        return _keys(arguments[0], loc[1:] if loc and loc[0] in tags else loc)
    if origin in (Union, UnionType):
        return next((keys for each in arguments if (keys := _tagged(each, loc) or _keys(each, loc))), ())
    # Items of a list and values of a mapping: one annotation for all of them.
    items = [each for each in arguments if each is not Ellipsis]
    return _keys(items[-1], loc[1:]) if items and loc else ()


def _tagged(member: Any, loc: Loc) -> tuple[str, ...]:
    """The keys below a union's member that is chosen by a field of its own, whose value is a part of `loc` then."""
    fields = member.model_fields if loc and isinstance(member, type) and issubclass(member, BaseModel) else {}
    for name, field in fields.items():
        if get_origin(field.annotation) is Literal and loc[0] in get_args(field.annotation):
            return tuple(key for key in _keys(member, loc[1:]) if len(loc) > 1 or key != name)
    return ()
