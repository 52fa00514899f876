"""Postal addresses, as a payment provider keeps them: six lines of text, any of which may be empty."""

from typing import Self

from domain.base import Frozen
from domain.texts import one_line

US_LETTER = frozenset({"US", "CA"})
"""Countries whose paper is US Letter; everywhere else it is A4."""

_LINES = ("line1", "line2", "postal_code", "city", "state", "country")


class PostalAddress(Frozen):
    """Where somebody lives, without their name."""

    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    state: str = ""
    country: str = ""  # ISO 3166-1

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """The address that `text` keeps; None for other texts, and for an address without street or country."""
        lines = [one_line(line) for line in (text or "").split("\n")]
        if len(lines) != len(_LINES):
            return None
        found = cls.model_validate(dict(zip(_LINES, lines, strict=True)))
        return found if found.line1 and found.country else None

    @property
    def text(self) -> str:
        """As the ledger keeps it: always six lines."""
        return "\n".join(one_line(getattr(self, name)) for name in _LINES)

    @property
    def paper(self) -> str:
        """By the name that typst has for it."""
        return "us-letter" if self.country in US_LETTER else "a4"
