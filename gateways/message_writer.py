"""One message's sentences in a language's words, with its forms of amounts and dates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import compress

from babel import Locale
from jinja2 import Template

from domain.brand import Brand
from domain.known import AtSending, Period
from domain.money import Money
from domain.steps import TEXTS, Channel
from domain.wording import Part, Sentence, Value, Wording
from gateways.formats import format_day, format_day_plain, format_day_short, format_money, format_names
from gateways.phrases import Phrases
from gateways.ports.messages import Letter, Listed
from gateways.sms_length import is_gsm7, segments, usual_segments


@dataclass(frozen=True)
class Listing:
    """Others of the customer's unpaid invoices."""

    intro: str
    rows: tuple[tuple[str, str, str], ...]  # number, amount and payment page of each


@dataclass(frozen=True)
class Content:
    """One message's sentences, in the order in which they are read."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    button: str
    link: str
    link_hint: str
    document: str
    closing: str
    help: str
    colon: str
    answer: str
    regards: str
    merchant: str
    lists: tuple[Listing, ...]
    sender: str
    doubt: str
    agreed: str
    terms_link: str
    preferences: str
    preferences_link: str
    imprint: str


@dataclass(frozen=True)
class Writer:
    """Puts the sentences of one message into words."""

    phrases: Phrases
    template: Callable[[str], Template]
    form: Callable[[Value], str]
    said: Wording
    at: AtSending
    brand: Brand

    def mail(self) -> Content:
        return Content(
            subject=self.one(Part.SUBJECT),
            greeting=self.one(Part.GREETING),
            paragraphs=self.paragraphs(),
            rows=tuple(
                (self._words(label), self.form(label.labels))
                for label in self.said.of(Part.AMOUNTS)
                if label.labels is not None
            ),
            button=self.any(Part.BUTTON),
            link=self.at.link,
            link_hint=self.one(Part.LINK_HINT),
            document=self.any(Part.DOCUMENT),
            closing=self.one(Part.CLOSING),
            help=self.one(Part.HELP),
            colon=self.phrases.colon,
            answer=self.any(Part.ANSWER),
            regards=self.one(Part.REGARDS),
            merchant=self.at.merchant,
            lists=self._lists(),
            sender=self.one(Part.SENDER),
            doubt=self.one(Part.DOUBT),
            agreed=self.any(Part.AGREED),
            terms_link=self.at.terms or "",
            preferences=self.any(Part.PREFERENCES),
            preferences_link=self.at.preferences or "",
            imprint=self.any(Part.IMPRINT),
        )

    def letter(self, recipient: tuple[str, ...], paper: str, on: date, locale: Locale) -> Letter:
        content = self.mail()
        return Letter(
            paper=paper,
            language=str(locale).replace("_", "-"),
            direction=locale.text_direction,
            sender=self.brand.postal_address,
            recipient=recipient,
            date=self.form(on),
            subject=content.subject,
            greeting=content.greeting,
            paragraphs=content.paragraphs,
            rows=content.rows,
            lists=tuple(Listed(intro=each.intro, rows=tuple(row[:2] for row in each.rows)) for each in content.lists),
            code=content.link_hint,
            link=content.link,
            transfer=self.any(Part.TRANSFER),
            bank=self.brand.bank if self.said.of(Part.TRANSFER) else (),
            closing=content.closing,
            help=content.help,
            ways=tuple(way.shown for way in self.brand.ways),
            regards=content.regards,
            merchant=content.merchant,
            foot=(
                content.sender,
                content.doubt,
                *([f"{content.imprint}{content.colon}{self.brand.imprint}"] if content.imprint else ()),
            ),
        )

    def notice(self) -> str:
        """One text with its link, a line for each other invoice, and the last one for where to ask."""
        lines = [f"{self.phrases.between.join(self.paragraphs())} {self.at.link}"]
        colon, ways = self.phrases.colon, ", ".join(way.shown for way in self.brand.ways)
        for each in self._lists():
            lines += [each.intro, *(f"{number}{colon}{amount} {link}" for number, amount, link in each.rows)]
        return "\n".join([*lines, f"{self.one(Part.HELP)} {ways}"])

    def _lists(self) -> tuple[Listing, ...]:
        parts = {Part.FINALS: True, Part.OTHERS: False}
        return tuple(
            Listing(
                self.one(part),
                tuple((o.number, self.form(o.due), o.link) for o in self.at.others if o.final is final),
            )
            for part, final in parts.items()
            if self.said.of(part)
        )

    def any(self, part: Part) -> str:
        """The sentence of a part, or nothing."""
        return self.one(part) if self.said.of(part) else ""

    def one(self, part: Part) -> str:
        return self._words(self.said.one(part))

    def paragraphs(self) -> tuple[str, ...]:
        between = self.phrases.between
        return tuple(between.join(map(self._words, paragraph)) for paragraph in self.said.paragraphs)

    def sms(self) -> str:
        """One text: what must be said, and of the rest as much as fits into the segments that this costs anyway.

        The link of a hosted payment page alone has 150 to 170 signs.
        """
        told = self.said.but(Part.WRITER)
        texts, kept = self._texts(told), [not sentence.may for sentence in told]
        bare = [*texts]
        bare[[sentence.part for sentence in told].index(Part.LINK)] = self.at.link
        needed, least = segments(self._line(texts, kept)), segments(self._line(bare, kept))
        usual = usual_segments(self._line(texts, kept))
        if least < needed > usual:
            texts, needed = bare, least
        for place, taken in enumerate(kept):
            more = [*kept[:place], True, *kept[place + 1 :]]
            kept[place] = taken or segments(self._line(texts, more)) <= max(needed, usual)
        return self._line(texts, kept)

    def _texts(self, told: Sequence[Sentence]) -> list[str]:
        """The words of each. Who writes stands before the first without a blank: its own words have one; a merchant's
        own opening may say it."""
        first, *more = map(self._words, told)
        writer = "" if self.at.merchant in first else self.any(Part.WRITER)
        return [f"{writer}{first}", *more]

    def _line(self, texts: list[str], kept: list[bool]) -> str:
        return self.phrases.sms_between.join(compress(texts, kept))

    def chat(self, room: int = 2000) -> str:
        """As a text message, without its link: what must be said, and as much of the rest as there is `room` (signs)
        for beside the link."""
        room -= len(self.at.link) + len(self.at.merchant)
        told = self.said.but(Part.WRITER, Part.LINK)
        texts, kept = self._texts(told), [not sentence.may for sentence in told]
        for place, taken in enumerate(kept):
            more = [*kept[:place], True, *kept[place + 1 :]]
            kept[place] = taken or len(self._line(texts, more)) <= room
        return self._line(texts, kept)

    def _words(self, sentence: Sentence) -> str:
        values = {name: self.form(value) for name, value in sentence.values.items()}
        return self.template(self.phrases.words(sentence.key, sentence.values)).render(values)


def form(phrases: Phrases, locale: Locale, said: Wording, channel: Channel) -> Callable[[Value], str]:
    """How the amounts and dates of one message are written on its channel."""
    if channel in TEXTS:
        return short_form(locale, phrases.texts[said.of(Part.HAPPENED)[0].key])
    return _long_form(phrases, locale)


def _long_form(phrases: Phrases, locale: Locale) -> Callable[[Value], str]:
    return _form(
        lambda day: format_day(day, locale, phrases.calendar), lambda money: format_money(money, locale), locale
    )


def short_form(locale: Locale, opening: str) -> Callable[[Value], str]:
    """As texts have it; `opening` is the template of its first sentence."""

    def day(date_: date) -> str:
        text = format_day_short(date_, locale)
        # One sign outside the basic alphabet (août, ₹, ฿) would make the whole text twice as dear.
        return format_day_plain(date_, locale) if is_gsm7(opening) and not is_gsm7(text) else text

    def amount(money: Money) -> str:
        text = _one_line(format_money(money, locale))
        if is_gsm7(opening) and not is_gsm7(text):
            text = _one_line(format_money(money, locale, iso_code=True))
        return text

    return _form(day, amount, locale)


def _one_line(text: str) -> str:
    """With blanks that the basic alphabet of text messages has."""
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2019", "'")


def _form(day: Callable[[date], str], amount: Callable[[Money], str], locale: Locale) -> Callable[[Value], str]:
    """Writes each value of one message once: many sentences name the same."""

    @cache
    def written(value: Value) -> str:
        match value:
            case Money():
                return amount(value)
            case date():
                return day(value)
            case str():
                return value
            case Period():
                return f"{day(value.start)} – {day(value.end)}"
            case tuple():
                names = [each for each in value if isinstance(each, str)]
                amounts = [amount(each) for each in value if isinstance(each, Money)]
                return format_names(names, locale) if names else " + ".join(amounts)

    return written
