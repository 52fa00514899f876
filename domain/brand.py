"""How the merchant looks and sounds to customers: name, colours, and where they answer."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from domain.base import Frozen
from domain.merchant import MerchantContact
from domain.texts import one_line

T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LINK = re.compile(r"https?://[^\s/?#\"<>]+[^\s\"<>]*", re.ASCII)


def _colour(text: str) -> str:
    if not _COLOUR.fullmatch(text):
        raise ValueError(f"{text} is not a colour such as #1d4ed8")
    return text.lower()


def _link(text: str) -> str:
    if not _LINK.fullmatch(text):
        raise ValueError(f"{text} is not an http(s) link")
    return text


def _shown(text: str) -> str:
    if not (line := one_line(text)):
        raise ValueError("it is empty")
    return line


Colour = Annotated[str, AfterValidator(_colour)]
Link = Annotated[str, AfterValidator(_link)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Line = Annotated[str, AfterValidator(_shown), Field(max_length=200)]


class Palette(Frozen):
    """The colours of an e-mail. What can be read on what, `gateways/brand.py` checks."""

    page: Colour  # around the card
    card: Colour
    text: Colour
    quiet: Colour  # what matters less
    line: Colour
    action: Colour  # links, and the button's ground
    on_action: Colour


class Colours(Frozen):
    """`dark` is used by mail programs that show everything light on dark."""

    light: Palette
    dark: Palette


class Brand(Frozen):
    """One merchant, as its customers know it (`policies/brand.yaml`)."""

    name: Line
    contact: Line  # where customers get an answer: see `MerchantContact`
    help_link: Link | None = None
    phone: Line | None = None
    reply_to: Line | None = None  # None: the contact, if it is an e-mail address
    sender_name: Line | None = None  # in front of the sender's address; None: the name
    neutral_name: Line | None = None  # to strangers and machines on the telephone; None: the name
    logo: Link | None = None
    colours: Colours
    postal_address: tuple[Line, ...] = ()
    country: Country | None = None  # where letters are posted: those within it do not name it
    bank: tuple[Line, ...] = ()  # the account for transfers, on letters
    imprint: Link | None = None
    agency: Line | None = None  # the collections agency, as customers know it: closing messages name it
    account: Link | None = None  # where customers see their subscription and change how it is paid
    voice: dict[str, Line] = Field(default_factory=dict)  # language → which of its forms of address, by a file's name

    @model_validator(mode="after")
    def _answers(self) -> Self:
        for field in ("contact", "phone", "reply_to"):
            if text := getattr(self, field):
                try:
                    found = MerchantContact.read(text)
                except ValueError as error:
                    raise ValueError(f"{field}: {error}") from None
                if field == "phone" and not found.link.startswith("tel:"):
                    raise ValueError("phone: it has to be a number with + and country code")
                if field == "reply_to" and not found.email:
                    raise ValueError("reply_to: it has to be an e-mail address")
        return self

    @cached_property
    def first_way(self) -> MerchantContact:
        """Where customers get an answer."""
        return MerchantContact.read(self.contact)

    @cached_property
    def ways(self) -> tuple[MerchantContact, ...]:
        """All ways to be helped, the first one first, none of them twice."""
        given = (self.contact, self.help_link, self.phone)
        ways = [MerchantContact.read(place) for place in given if place]
        links = [way.link for way in ways]
        return tuple(way for place, way in enumerate(ways) if way.link not in links[:place])

    @property
    def answers_to(self) -> str | None:
        """The address that an answer to an e-mail goes to; None: to its sender."""
        return MerchantContact.read(self.reply_to).email if self.reply_to else self.first_way.email


class BySegment(Generic[T_co]):
    """Something of the merchant's (a brand, or what is made of one), and what takes its place for some segments."""

    def __init__(self, own: T_co, segments: Mapping[str, T_co]) -> None:
        self._own = own
        self._segments = dict(segments)

    @property
    def own(self) -> T_co:
        """Also for whom no segment is known."""
        return self._own

    def of(self, segment: str) -> T_co:
        """Of the cases of a segment."""
        return self._segments.get(segment, self._own)

    def made(self, make: Callable[[T_co], S]) -> "BySegment[S]":
        """What is made of each."""
        return BySegment(make(self._own), {segment: make(each) for segment, each in self._segments.items()})

    @property
    def segments(self) -> Mapping[str, T_co]:
        """What takes the place of its own, by segment."""
        return self._segments
