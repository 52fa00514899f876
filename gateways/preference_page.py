"""The page behind the link: what a customer gets, and what they can do without. In the languages of the messages."""

from collections.abc import Sequence
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_time, get_day_names
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pydantic import field_validator

from domain.base import Frozen
from domain.brand import Brand
from domain.call_hours import PARTS, WEEK, CallTime, Part
from domain.languages import chosen
from domain.sentences import Loc
from domain.steps import Channel
from gateways.word_files import FALLBACK, WordFiles


class PreferenceWords(Frozen):
    """A language's words (`policies/messages/<language>/preferences.yaml`)."""

    title: str
    intro: str
    email: str
    sms: str
    letter: str
    phone: str
    # Names, the same in every language.
    whatsapp: str = "WhatsApp"
    line: str = "LINE"
    stop: str
    stopped: str
    unchanged: str
    # When they may be called.
    when: str
    when_hint: str
    when_other: str
    morning: str
    midday: str
    afternoon: str
    evening: str
    save: str
    saved: str
    back: str
    none: str
    broken: str
    nothing: str
    later: str
    reach: str

    @field_validator(*Part)
    @classmethod
    def _names_its_hours(cls, text: str) -> str:
        try:
            text.format(start="", end="")
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError("may name {start} and {end}, and nothing else") from None
        return text


class Trouble(StrEnum):
    """Why a customer does not see the page; each has its words."""

    BROKEN = "broken"  # the link is none of ours, or not complete
    NOTHING = "nothing"  # a form that chooses nothing
    LATER = "later"  # we cannot read or keep anything at the moment


class Wishes(Frozen):
    """What the page shows of one customer: no name, no address."""

    language: str
    offered: tuple[Channel, ...]  # on which the customer is reached
    stopped: tuple[Channel, ...]  # of these, the ones they do without
    call_hours: tuple[CallTime, ...] | None = None  # as they said; None: they are not asked
    saved: bool = False  # they said so a moment ago


class PreferencePage:
    """Raises PhrasesError for a language whose words are wrong, or when there is no English."""

    def __init__(self, directories: Sequence[Path], brand: Brand, *, language: str = FALLBACK) -> None:
        self._values = {"merchant": brand.name, "contact": brand.first_way, "ways": brand.ways}
        environment = SandboxedEnvironment(
            loader=FileSystemLoader([*reversed(directories)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._layout = environment.get_template("preferences.html.j2")
        self._files = WordFiles(
            "preferences.yaml", PreferenceWords, lambda _: frozenset(), directories, language=language
        )

    def render(self, wishes: Wishes) -> str:
        language, words = self._language(wishes.language)
        offered = _rows(words, wishes.offered)
        return self._layout.render(
            **self._values,
            words=words,
            language=language,
            offered=offered,
            stopped=wishes.stopped,
            calls=_calls(words, wishes, Locale.parse(language, sep="-")),
            problem="",
        )

    def render_trouble(self, trouble: Trouble, accepted: str) -> str:
        """`accepted`: the languages that the browser asks for (`Accept-Language`); nobody knows who the customer is."""
        language, words = self._language(accepted)
        problem = words.model_dump()[trouble]
        return self._layout.render(**self._values, words=words, language=language, problem=problem)

    def _language(self, languages: str) -> tuple[str, PreferenceWords]:
        """The first that is wanted and has words, or the merchant's."""
        tag, words = self._files.of(languages)
        return chosen(tag, self._files.words) or FALLBACK, words


def _nothing(_: Loc) -> frozenset[str]:
    """Its texts name nothing: the page does."""
    return frozenset()


def _calls(words: PreferenceWords, wishes: Wishes, locale: Locale) -> dict[str, Any] | None:
    """What is asked of the hours for calls; None: nothing."""
    if wishes.call_hours is None:
        return None
    parts = [(part, getattr(words, part).format(**_clocks(hours, locale))) for part, hours in PARTS.items()]
    chosen = {part for part, hours in PARTS.items() if hours in wishes.call_hours}
    other = [] if len(chosen) == len(wishes.call_hours) else [_said(each, locale) for each in wishes.call_hours]
    return {"parts": parts, "chosen": set() if other else chosen, "other": other, "saved": wishes.saved}


def _said(hours: CallTime, locale: Locale) -> str:
    """`Mon–Fri 5:00 PM–7:00 PM`, in the page's language."""
    names = get_day_names("abbreviated", context="stand-alone", locale=locale)
    runs = (dict.fromkeys(names[WEEK.index(day)] for day in run) for run in hours.runs)
    clocks = _clocks(hours, locale)
    return f"{', '.join('–'.join(run) for run in runs)} {clocks['start']}–{clocks['end']}"


def _clocks(hours: CallTime, locale: Locale) -> dict[str, str]:
    clocks = {"start": hours.start, "end": hours.end}
    return {name: format_time(time.fromisoformat(clock), "short", locale=locale) for name, clock in clocks.items()}


def _rows(words: PreferenceWords, channels: Sequence[Channel]) -> list[tuple[Channel, str]]:
    return [(channel, getattr(words, channel.value)) for channel in channels]
