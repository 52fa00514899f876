"""What a message provider's refusal is about, by its own published codes."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from domain.base import Frozen
from domain.rules.origin import Origin


class About(StrEnum):
    """What a refusal is about."""

    ADDRESS = "address"  # the customer cannot be reached there: the message goes another way
    WISH = "wish"  # the customer wants no messages there: it holds for the person, and for whoever has the address
    COUNTRY = "country"  # the same, and so it is with everybody there: the record counts it by its rule
    ACCOUNT = "account"  # the merchant's account or a setting: an operator has to change something
    NOW = "now"  # the same request will be taken later


class Refusal(Frozen):
    """One refusal, classified. `rule` names the provider's code and the table's edition."""

    about: About
    why: str  # one sentence; it never repeats the address
    rule: str


class RefusalGroup(Frozen):
    """Codes that mean the same and come from one source."""

    origin: Origin
    about: About
    codes: dict[str, str] = Field(min_length=1)  # the provider's code → one sentence


class RefusalTable(Frozen):
    """A file such as `twilio-errors.yaml`. A code without a row is about the address: a provider invents new ones every
    year, and one customer's odd number must hold nobody else up."""

    provider: str = Field(pattern="^[a-z]+$")
    edition: date
    unknown: str = Field(min_length=1)  # the sentence for a code without a row
    unknown_about: About = About.ADDRESS
    groups: tuple[RefusalGroup, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _every_code_once(self) -> Self:
        seen: set[str] = set()
        for group in self.groups:
            if twice := sorted(seen & group.codes.keys()):
                raise ValueError(f"groups: {', '.join(twice)} stands in two groups; keep one of them")
            seen |= group.codes.keys()
        return self

    def of(self, codes: Iterable[str]) -> Refusal:
        """The refusal with these codes, the most telling one first."""
        first = ""
        for code in codes:
            first = first or code
            for group in self.groups:
                if why := group.codes.get(code):
                    return Refusal(about=group.about, why=why, rule=self._rule(code))
        return Refusal(about=self.unknown_about, why=self.unknown, rule=self._rule(first or "unknown"))

    def _rule(self, code: str) -> str:
        return f"{self.provider}-{code}@{self.edition.isoformat()}"
