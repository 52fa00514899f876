"""The texts that WhatsApp has approved for the merchant: by language and stage, the id and the words of each.

They frame what a message has to say. Its sentences come from the phrases, as in a text message, so that no template
can say what is not true of a case.
"""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, RootModel, ValidationError, field_validator

from domain.base import Frozen
from domain.steps import DEMANDS, Stage
from gateways.ports.messages import FilledTemplate, Rendered
from gateways.word_files import FALLBACK
from gateways.yaml_files import FileError, YamlFile

MERCHANT, SAID, LINK = "1", "2", "3"
"""The places of a template: who writes, what is said (it does not say who writes), and where to pay or confirm."""
RENEWAL: Literal["renewal"] = "renewal"
"""Beside the stages: what is said before a subscription renews."""
LONGEST = 1024
"""Signs of a whole message (WhatsApp's limit for the body of a template)."""

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_SPACE = re.compile(r"\s+")


class Template(Frozen):
    """One approved text."""

    sid: str = Field(pattern=r"^HX[0-9a-fA-F]{32}$")  # Twilio's ContentSid
    body: str

    @field_validator("body")
    @classmethod
    def _has_its_places(cls, value: str) -> str:
        if sorted(_PLACE.findall(value)) != [MERCHANT, SAID, LINK]:
            raise ValueError("has to name each of {{1}} (the merchant), {{2}} (what is said) and {{3}} (the link) once")
        if value != value.strip() or value.startswith("{{") or value.endswith("}}"):
            raise ValueError("must neither begin nor end with a place or a space: WhatsApp approves no such template")
        return value

    @property
    def room(self) -> int:
        """How many signs are left to what stands in its places."""
        return LONGEST - len(_PLACE.sub("", self.body))

    def filled(self, merchant: str, said: str, link: str) -> Rendered:
        """The message. WhatsApp takes no line breaks and no rows of spaces in a place; a sentence begins there."""
        begun = f"{said[:1].upper()}{said[1:]}"
        values = {MERCHANT: _SPACE.sub(" ", merchant), SAID: _SPACE.sub(" ", begun), LINK: link}
        text = _PLACE.sub(lambda place: values[place[1]], self.body)
        return Rendered(text=text, template=FilledTemplate(id=self.sid, values=values))


Templates = dict[Stage | Literal["renewal"], Template]


class _Languages(RootModel[dict[str, Templates]]):
    """The file: language → stage → template."""


class WhatsAppTemplates:
    """Every stage in every language that the file has; English takes the place of a language that it has not."""

    def __init__(self, languages: dict[str, Templates]) -> None:
        self._languages = {tag.lower(): stages for tag, stages in languages.items()}

    def language(self, tag: str) -> str:
        """In which language somebody is written to who wants this one (BCP 47)."""
        wanted = tag.strip().replace("_", "-").lower()
        return next((name for name in (wanted, wanted.split("-")[0]) if name in self._languages), FALLBACK)

    def of(self, language: str, stage: Stage) -> Template | None:
        """None: of closing messages, where none was approved."""
        return self._languages[language].get(stage)

    def without(self, stage: Stage) -> tuple[str, ...]:
        """The languages in which nothing of a stage was approved."""
        return tuple(tag for tag, stages in self._languages.items() if stage not in stages)

    @property
    def has_renewals(self) -> bool:
        """Whether something can be said before a renewal: every language has a template for it, or none has."""
        return any(RENEWAL in stages for stages in self._languages.values())

    def renewal(self, language: str) -> Template | None:
        return self._languages[language].get(RENEWAL)

    @property
    def every(self) -> dict[str, Template]:
        """Each by what operators call it: `th final`."""
        return {f"{tag} {stage}": one for tag, stages in self._languages.items() for stage, one in stages.items()}


def load_templates(path: Path) -> WhatsAppTemplates:
    """Raises FileError for a file that cannot be read, a template that is none, and a stage that has none;
    closing messages need none where no policy sends them by WhatsApp."""
    file = YamlFile(path)
    try:
        languages = _Languages.model_validate(file.data).root
    except ValidationError as error:
        raise FileError("\n".join(file.told(each["loc"], each["msg"]) for each in error.errors())) from None
    if FALLBACK not in {tag.lower() for tag in languages}:
        raise FileError(file.told((), f"{FALLBACK} is missing: it takes the place of languages without templates"))
    needed = [*DEMANDS, *([RENEWAL] if any(RENEWAL in stages for stages in languages.values()) else [])]
    for tag, stages in languages.items():
        if missing := [str(each) for each in needed if each not in stages]:
            raise FileError(file.told((tag,), f"no template for {', '.join(missing)}"))
    return WhatsAppTemplates(languages)
