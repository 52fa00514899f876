"""The page behind the link: what a customer gets, and what they can do without. In the languages of the messages."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from domain.base import Frozen
from domain.merchant import MerchantContact
from domain.steps import Channel
from gateways.phrases import PhrasesError
from gateways.yaml_files import FileError, YamlFile

FALLBACK = "en"


class PreferenceWords(Frozen):
    """A language's words (`policies/messages/<language>/preferences.yaml`)."""

    title: str
    intro: str
    email: str
    sms: str
    # Names, the same in every language.
    whatsapp: str = "WhatsApp"
    line: str = "LINE"
    stop: str
    stopped: str
    unchanged: str
    back: str
    none: str
    broken: str
    nothing: str
    later: str
    reach: str


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


class PreferencePage:
    """Raises PhrasesError for a language whose words are wrong, or when there is no English."""

    def __init__(self, directory: Path, merchant: str, contact: MerchantContact) -> None:
        self._values = {"merchant": " ".join(merchant.split()), "contact": contact}
        environment = SandboxedEnvironment(
            loader=FileSystemLoader(directory), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._layout = environment.get_template("preferences.html.j2")
        files = sorted(directory.glob("*/preferences.yaml"))
        try:
            self._words = {file.parent.name.lower(): YamlFile(file).as_model(PreferenceWords) for file in files}
        except FileError as error:
            raise PhrasesError(str(error)) from None
        if FALLBACK not in self._words:
            raise PhrasesError(f"{directory} has no {FALLBACK}/preferences.yaml: other languages fall back to it.")

    def render(self, wishes: Wishes) -> str:
        language, words = self._language(wishes.language)
        offered = _rows(words, wishes.offered)
        return self._layout.render(
            **self._values, words=words, language=language, offered=offered, stopped=wishes.stopped, problem=""
        )

    def render_trouble(self, trouble: Trouble, accepted: str) -> str:
        """`accepted`: the languages that the browser asks for (`Accept-Language`); nobody knows who the customer is."""
        tags = [tag.partition(";")[0].strip() for tag in accepted.split(",")]
        known = next((tag for tag in tags if self._language(tag)[0] != FALLBACK or _is_fallback(tag)), FALLBACK)
        language, words = self._language(known)
        problem = words.model_dump()[trouble]
        return self._layout.render(**self._values, words=words, language=language, problem=problem)

    def _language(self, tag: str) -> tuple[str, PreferenceWords]:
        """By the whole tag, by its language, or English."""
        for name in (tag.lower(), tag.lower().partition("-")[0]):
            if name in self._words:
                return name, self._words[name]
        return FALLBACK, self._words[FALLBACK]


def _is_fallback(tag: str) -> bool:
    return tag.lower().partition("-")[0] == FALLBACK


def _rows(words: PreferenceWords, channels: Sequence[Channel]) -> list[tuple[Channel, str]]:
    return [(channel, getattr(words, channel.value)) for channel in channels]
