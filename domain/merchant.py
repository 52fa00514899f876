"""Where the merchant answers: what every message to a customer names."""

import re
from typing import Self

from domain.addresses import dialled_number, email_address
from domain.base import Frozen

_WITHIN_NUMBERS = re.compile(r"[\s().-]")
_LINK = re.compile(r"https?://[^\s/?#]+\S*", re.ASCII)


class MerchantContact(Frozen):
    """A place at which customers get an answer."""

    shown: str  # as a message names it
    link: str  # as it is opened: mailto:, tel: or http(s)
    email: str | None = None  # None: it is no e-mail address

    @classmethod
    def read(cls, text: str) -> Self:
        """From an e-mail address, an http(s) link or a phone number in E.164. Raises ValueError, a predicate."""
        text = text.strip()
        if email := email_address(text):
            return cls(shown=email, link=f"mailto:{email}", email=email)
        if number := dialled_number(_WITHIN_NUMBERS.sub("", text)):
            return cls(shown=text, link=f"tel:{number}")
        if _LINK.fullmatch(text) and text.isascii():
            return cls(shown=text, link=text)
        raise ValueError(
            "is neither an e-mail address, nor an http(s) link, nor a phone number with + and country code: "
            "customers have to get an answer there"
        )
