"""One language's sentences: `policies/messages/<language>/phrases.yaml` in, checked model out."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml
from babel import Locale, UnknownLocaleError
from jinja2 import TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import ValidationError, model_validator

from domain.base import Frozen
from domain.declines import Reason
from domain.effects import Ending
from domain.steps import Stage
from gateways.formats import Calendar


class PhrasesError(Exception):
    """A language's file is missing, incomplete or wrong. One sentence that names the file and the key."""


class Todo(StrEnum):
    """What the customer can do."""

    PAY = "pay"
    PAY_EARLY = "pay_early"  # a further try is planned: paying now is an offer
    ADD_METHOD = "add_method"
    NEW_METHOD = "new_method"
    FIX_DATA = "fix_data"
    AUTHENTICATE = "authenticate"


class Wording(Frozen):
    """A sentence for the case that a charge was tried, and one for the case that none was. A plain string is both."""

    tried: str
    due: str

    @model_validator(mode="before")
    @classmethod
    def _from_one(cls, value: Any) -> Any:
        return {"tried": value, "due": value} if isinstance(value, str) else value

    def of(self, tried: bool) -> str:
        return self.tried if tried else self.due


class Greeting(Frozen):
    named: str
    neutral: str


class Labels(Frozen):
    invoice: str
    due: str
    total: str
    link_hint: str


class Buttons(Frozen):
    pay: str
    add_method: str
    new_method: str
    fix_data: str
    authenticate: str

    def of(self, todo: Todo) -> str:
        return str(getattr(self, "pay" if todo is Todo.PAY_EARLY else todo.value))


class AccessPhrases(Frozen):
    read_only: str
    blocked: str


class StagePhrases(Frozen):
    subject: Wording
    opening: Wording
    closing: Wording


class LinkPhrases(Frozen):
    pay: str
    authenticate: str


class SmsTodo(Frozen):
    """Paying needs no sentence of its own: the link says it."""

    add_method: str
    new_method: str
    fix_data: str
    authenticate: str

    def of(self, todo: Todo) -> str | None:
        return getattr(self, todo.value, None)


class SmsPhrases(Frozen):
    opening: dict[Stage, Wording]
    todo: SmsTodo
    next_charge: Wording
    access: AccessPhrases
    restricts: str
    ending: dict[Ending, str]
    link: LinkPhrases


class Phrases(Frozen):
    """A complete language. Every value is the text of a small template."""

    locale: str
    calendar: Calendar
    greeting: Greeting
    regards: str
    labels: Labels
    buttons: Buttons
    reasons: dict[Reason, str]
    todo: dict[Todo, str]
    next_charge: Wording
    access: AccessPhrases
    restricts: str
    ending: dict[Ending, str]
    stages: dict[Stage, StagePhrases]
    sms: SmsPhrases

    @model_validator(mode="after")
    def _complete(self) -> Self:
        tables: tuple[tuple[str, type[StrEnum], dict[Any, Any]], ...] = (
            ("reasons", Reason, self.reasons),
            ("todo", Todo, self.todo),
            ("ending", Ending, self.ending),
            ("stages", Stage, self.stages),
            ("sms.opening", Stage, self.sms.opening),
            ("sms.ending", Ending, self.sms.ending),
        )
        for name, keys, table in tables:
            if missing := [key.value for key in keys if key not in table]:
                raise ValueError(f"{name} lacks {', '.join(missing)}")
        return self

    @cached_property
    def babel(self) -> Locale:
        return Locale.parse(self.locale.replace("-", "_"))


ALWAYS = frozenset({"merchant", "amount", "number", "subscription"})
"""The variables that every phrase may use."""

# Further variables, by the beginning of the phrase's key: a value that is not always known may only be named where
# the sentence is used because it is known.
_FURTHER = (
    ("greeting.named", "name"),
    ("next_charge", "next_charge_on"),
    ("restricts", "restricts_on"),
    ("ending", "ends_on"),
    ("stages.final", "ends_on"),
    ("link", "link"),
)


def load_phrases(file: Path, environment: SandboxedEnvironment) -> Phrases:
    """Reads and checks one language. Raises PhrasesError."""
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError:
        raise PhrasesError(f"{file} cannot be read: every language folder needs a phrases.yaml.") from None
    except yaml.YAMLError as error:
        raise PhrasesError(f"{file} is not YAML: {' '.join(str(error).split())}.") from None
    try:
        phrases = Phrases.model_validate(raw)
        _ = phrases.babel
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise PhrasesError(
            f"{file}: {key + ': ' if key else ''}{first['msg'].removeprefix('Value error, ')}."
        ) from None
    except (UnknownLocaleError, ValueError):
        raise PhrasesError(f"{file}: locale: {phrases.locale} is not a locale such as en or pt-BR.") from None
    for key, text in _leaves(raw, ""):
        _check_variables(file, key, text, environment)
    return phrases


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, str):
        yield key, value


def _check_variables(file: Path, name: str, text: str, environment: SandboxedEnvironment) -> None:
    place = name.removeprefix("sms.")
    allowed = ALWAYS | {variable for beginning, variable in _FURTHER if place.startswith(beginning)}
    if name == "sms.opening.final":
        allowed |= {"ends_on"}
    try:
        used = meta.find_undeclared_variables(environment.parse(text))
    except TemplateSyntaxError as error:
        raise PhrasesError(f"{file}: {name}: {error.message}") from None
    if unknown := sorted(used - allowed):
        raise PhrasesError(
            f"{file}: {name}: {', '.join(unknown)} is not known there; known are {', '.join(sorted(allowed))}."
        )
