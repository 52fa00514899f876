"""The page behind the link: what a customer gets, and what they can do without. In the languages of the messages."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from domain.base import Frozen
from domain.brand import Brand
from domain.languages import chosen, wanted
from domain.steps import Channel
from gateways.word_files import PhrasesError
from gateways.yaml_files import FileError, layered

FALLBACK = "en"


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

    def __init__(self, directories: Sequence[Path], brand: Brand, *, language: str = FALLBACK) -> None:
        self._values = {"merchant": brand.name, "contact": brand.first_way, "ways": brand.ways}
        environment = SandboxedEnvironment(
            loader=FileSystemLoader([*reversed(directories)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._layout = environment.get_template("preferences.html.j2")
        files: dict[str, list[Path]] = {}
        for file in (file for directory in directories for file in sorted(directory.glob("*/preferences.yaml"))):
            files.setdefault(file.parent.name.lower(), []).append(file)
        try:
            self._words = {name: layered(layers).as_model(PreferenceWords) for name, layers in files.items()}
        except FileError as error:
            raise PhrasesError(str(error)) from None
        if FALLBACK not in self._words:
            raise PhrasesError(
                f"{directories[-1]} has no {FALLBACK}/preferences.yaml: other languages fall back to it."
            )
        self._default = chosen(language, self._words) or FALLBACK

    def render(self, wishes: Wishes) -> str:
        language, words = self._language(wishes.language)
        offered = _rows(words, wishes.offered)
        return self._layout.render(
            **self._values, words=words, language=language, offered=offered, stopped=wishes.stopped, problem=""
        )

    def render_trouble(self, trouble: Trouble, accepted: str) -> str:
        """`accepted`: the languages that the browser asks for (`Accept-Language`); nobody knows who the customer is."""
        language, words = self._language(accepted)
        problem = words.model_dump()[trouble]
        return self._layout.render(**self._values, words=words, language=language, problem=problem)

    def _language(self, languages: str) -> tuple[str, PreferenceWords]:
        """The first that is wanted and has words, or the merchant's."""
        name = next((name for tag in wanted(languages) if (name := chosen(tag, self._words))), self._default)
        return name, self._words[name]


def _rows(words: PreferenceWords, channels: Sequence[Channel]) -> list[tuple[Channel, str]]:
    return [(channel, getattr(words, channel.value)) for channel in channels]
