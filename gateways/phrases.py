"""One language's sentences: `policies/messages/<language>/phrases.yaml` in, checked model out."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from babel import Locale, UnknownLocaleError
from jinja2 import TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import field_validator, model_validator

from domain.base import Frozen
from domain.declines import Reason
from domain.sentences import Loc, dotted
from domain.steps import Stage
from domain.truth import Ending
from gateways.formats import Calendar
from gateways.yaml_files import FileError, YamlFile


class PhrasesError(Exception):
    """A language's file is missing, incomplete or wrong. One sentence per problem that names file, line and key."""


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

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        try:
            _locale(value)
        except (UnknownLocaleError, ValueError):
            raise ValueError(f"{value} is not a locale such as en or pt-BR") from None
        return value

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
        return _locale(self.locale)


def _locale(tag: str) -> Locale:
    return Locale.parse(tag.replace("-", "_"))


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


def load_phrases(path: Path, environment: SandboxedEnvironment) -> Phrases:
    """Reads and checks one language. Raises PhrasesError with every problem of the file."""
    try:
        file = YamlFile(path)
        phrases = file.as_model(Phrases)
    except FileError as error:
        raise PhrasesError(str(error)) from None
    leaves = [(loc, _wrong_variables(dotted(loc), text, environment)) for loc, text in _leaves(file.data, ())]
    if wrong := [file.told(loc, problem) for loc, problem in leaves if problem]:
        raise PhrasesError("\n".join(wrong))
    return phrases


def _leaves(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*loc, name))
    elif isinstance(value, str):
        yield loc, value


def _wrong_variables(name: str, text: str, environment: SandboxedEnvironment) -> str | None:
    place = name.removeprefix("sms.")
    allowed = ALWAYS | {variable for beginning, variable in _FURTHER if place.startswith(beginning)}
    if name == "sms.opening.final":
        allowed |= {"ends_on"}
    try:
        used = meta.find_undeclared_variables(environment.parse(text))
    except TemplateSyntaxError as error:
        return error.message
    if unknown := sorted(used - allowed):
        return f"{', '.join(unknown)} is not known there; known are {', '.join(sorted(allowed))}"
    return None
