"""One language's sentences: `policies/messages/<language>/phrases.yaml` in, checked model out."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Self

from babel import Locale, UnknownLocaleError
from pydantic import field_validator, model_validator

from domain.base import Frozen
from domain.declines import Reason
from domain.known import Todo, Tone
from domain.sentences import Loc, dotted
from domain.steps import Stage
from domain.truth import Ending
from domain.wording import KEYS
from gateways.formats import Calendar
from gateways.word_files import PhrasesError, leaves, read_words


class ByTry(Frozen):
    """A sentence for the case that a charge was tried, and one for the case that none was. A plain string is both.

    Of an invoice that was sent: one until its due date, and one after it.
    """

    tried: str
    due: str
    ahead: str | None = None
    passed: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_one(cls, value: Any) -> Any:
        return {"tried": value, "due": value} if isinstance(value, str) else value


class ByCount(Frozen):
    """A sentence with a number: one for each plural of the language (CLDR). A plain string is all of them."""

    zero: str | None = None
    one: str | None = None
    two: str | None = None
    few: str | None = None
    many: str | None = None
    other: str

    @model_validator(mode="before")
    @classmethod
    def _from_one(cls, value: Any) -> Any:
        return {"other": value} if isinstance(value, str) else value


class ByBill(Frozen):
    """A sentence for one unpaid invoice, and one for several of the customer. A plain string is both."""

    one: str
    all: str

    @model_validator(mode="before")
    @classmethod
    def _from_one(cls, value: Any) -> Any:
        return {"one": value, "all": value} if isinstance(value, str) else value


class ByPlan(Frozen):
    """A sentence for the case that a subscription is cancelled besides, and one for the case that none is."""

    with_subscription: ByBill
    without_subscription: ByBill


class Greeting(Frozen):
    named: str
    neutral: str


class Labels(Frozen):
    invoice: str
    due: str
    due_on: str
    total: str
    link_hint: str
    help: str
    answer: str
    bought: str
    period: str
    method: str
    tax: str
    sender: str
    agreed: str
    preferences: str
    imprint: str
    doubt: str
    document: str


class Buttons(Frozen):
    pay: str
    add_method: str
    new_method: str
    fix_data: str
    authenticate: str
    verify_account: str
    send_transfer: str


class AccessPhrases(Frozen):
    read_only: ByBill
    blocked: ByBill


class StagePhrases(Frozen):
    subject: ByTry
    opening: ByTry
    closing: ByTry


class LinkPhrases(Frozen):
    pay: str
    authenticate: str


class Outlook(Frozen):
    """What follows without a payment, before it is announced for good."""

    with_subscription: str
    without_subscription: str


class SmsTodo(Frozen):
    """Paying needs no sentence of its own: the link says it."""

    add_method: str
    new_method: str
    fix_data: str
    authenticate: str
    verify_account: str
    send_transfer: str


class Left(Frozen):
    """What became of a debt that was not paid."""

    closed: str  # beside the end of a subscription: that it is not asked for any more, only `given_up` says
    write_off: str
    agency: str
    agency_named: str


class ClosingWords(Frozen):
    subject: str
    opening: str
    closing: str


class ClosingLabels(Frozen):
    paid: str
    settled: str
    closed: str


class ClosingPhrases(Frozen):
    """How a case ended."""

    paid: ClosingWords
    settled: ClosingWords
    cancelled: ClosingWords
    ended: ClosingWords
    given_up: ClosingWords
    access_back: ClosingWords
    left: Left
    access: str
    also: str
    also_settled: str  # each has a sum of its own
    labels: ClosingLabels
    button: str
    sender: str
    doubt: str


class SmsClosings(Frozen):
    paid: str
    settled: str
    cancelled: str
    ended: str
    given_up: str
    access_back: str
    left: Left
    also_settled: str
    access: str
    link: str


class SmsPhrases(Frozen):
    writer: str  # with the blank behind it, where the language has one
    opening: dict[Stage, ByTry]
    todo: SmsTodo
    finals: str
    came_back: str
    others: ByCount
    next_charge: ByTry
    access: AccessPhrases
    restricts: ByBill
    tightens: str
    ending: dict[Ending, ByPlan]
    help: str
    link: LinkPhrases
    closings: SmsClosings
    stranger: str


class LetterPhrases(Frozen):
    code: str  # beside the code that leads to the payment page
    transfer: str  # before the merchant's account


_NO_WORDS = {"locale", "calendar", "between", "sms_between", "colon"}
_MOST = 200  # no customer has more unpaid invoices


class Phrases(Frozen):
    """A complete language. Every value is the text of a small template."""

    locale: str
    calendar: Calendar
    between: str = " "  # what stands between two sentences
    sms_between: str = " "
    colon: str = ": "  # with the blanks around it
    greeting: Greeting
    regards: str
    labels: Labels
    buttons: Buttons
    reasons: dict[Reason, str]
    todo: dict[Todo, str]
    finals: str
    came_back: str
    others: str
    next_charge: ByTry
    unless_paid: ByTry
    other_day: str
    access: AccessPhrases
    restricts: dict[Tone, ByBill]
    tightens: ByBill
    outlook: dict[Tone, dict[Ending, Outlook]]
    ending: dict[Ending, ByPlan]
    stages: dict[Tone, StagePhrases]
    closings: ClosingPhrases
    sms: SmsPhrases
    letter: LetterPhrases

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
        there = {place for path in self.texts for place in _places(path)}
        lacking = dict.fromkeys(
            f"{above} lacks {place.removeprefix(above).lstrip('.')}"
            for path in KEYS
            for above, place in pairwise(_places(path))
            if above in there and place not in there
        )
        lacking |= dict.fromkeys(
            f"sms.others lacks {form}, a plural of {self.locale}"
            for form in plurals(self.babel)
            if f"sms.others.{form}" not in there
        )
        if lacking:
            raise ValueError("; ".join(lacking))
        return self

    @cached_property
    def texts(self) -> dict[str, str]:
        """The template of each key of `domain/wording.py`."""
        words = self.model_dump(mode="json", exclude=_NO_WORDS, exclude_none=True)
        return {dotted(loc): text for loc, text in leaves(words)}

    def words(self, key: str, values: Mapping[str, object]) -> str:
        """The template of a key; where it says a number, the one for its plural."""
        if (text := self.texts.get(key)) is not None:
            return text
        return self.texts[f"{key}.{self.babel.plural_form(int(str(values['count'])))}"]

    @cached_property
    def babel(self) -> Locale:
        return _locale(self.locale)


def plurals(locale: Locale) -> frozenset[str]:
    """The plurals of the numbers that are said: how many invoices are unpaid, where there are several."""
    return frozenset(locale.plural_form(count) for count in range(2, _MOST))


def _locale(tag: str) -> Locale:
    return Locale.parse(tag.replace("-", "_"))


def _places(path: str) -> Iterator[str]:
    """A path and all that it lies in, from the top: `sms`, `sms.link`, `sms.link.pay`."""
    return accumulate(path.split("."), "{}.{}".format)


def _within() -> dict[str, list[frozenset[str]]]:
    found: dict[str, list[frozenset[str]]] = {}
    for path, may in KEYS.items():
        for place in _places(path):
            found.setdefault(place, []).append(may)
    return found


_WITHIN = _within()
"""Place → what each of the sentences that lie in it may name."""


def phrase_files(directories: Sequence[Path], voice: Mapping[str, str]) -> dict[str, tuple[Path, ...]]:
    """The files of each language, those that take the place of others last. Where a form of address is chosen
    (`voice`), `phrases.<form>.yaml` stands over `phrases.yaml`. Raises PhrasesError for a form that has no words."""
    found: dict[str, tuple[Path, ...]] = {}
    forms = {language.lower(): form for language, form in voice.items()}
    for directory in directories:
        for folder in sorted(directory.iterdir()):
            language = folder.name.lower()
            names = ("phrases.yaml", f"phrases.{forms.get(language, '')}.yaml")
            if files := tuple(file for name in names if (file := folder / name).is_file()):
                found[language] = found.get(language, ()) + files
    for language, form in forms.items():
        name = f"phrases.{form}.yaml"
        if not any(file.name == name for file in found.get(language, ())):
            raise PhrasesError(f"brand.yaml: voice.{language}: {form} has no words: write {language}/{name}.")
    return found


def load_phrases(paths: Sequence[Path]) -> Phrases:
    """Reads and checks one language. Raises PhrasesError with every problem of its files."""
    return read_words(paths, Phrases, _may)


def _may(loc: Loc) -> frozenset[str]:
    """A plain string may stand for several sentences: it names what all of them may. `locale` stands for none."""
    name = dotted(loc)
    sentences = [*_WITHIN.get(name, ()), *(KEYS[path] for path in _places(name) if path in KEYS)]
    return frozenset.intersection(*sentences) if sentences else frozenset()
