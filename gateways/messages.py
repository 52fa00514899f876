"""What the customer reads: the words of a language, its forms of amounts and dates, and the layouts of the channels.

Which sentences a message has is decided in `domain/wording.py`; here only what of them fits into a text message.
E-mail's text and HTML part are two layouts of one content, so they cannot disagree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import compress
from pathlib import Path

from babel import Locale, UnknownLocaleError
from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from domain.brand import Brand
from domain.known import AtSending, Other, Period
from domain.languages import chosen, wanted
from domain.money import Money
from domain.names import plausible_name
from domain.steps import TEXTS, Channel
from domain.terms import Agreed
from domain.truth import MessageFacts
from domain.wording import Part, Sentence, Untrue, Value, Wording, wording
from gateways.formats import format_day, format_day_plain, format_day_short, format_money, format_names
from gateways.invoice_words import bought, method_on_file, pay_link, period
from gateways.phrases import Phrases, PhrasesError, load_phrases, phrase_files
from gateways.ports.messages import Address, Rendered
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.trouble import ProviderMisuse
from gateways.sms_length import is_gsm7, segments, usual_segments
from gateways.whatsapp_templates import WhatsAppTemplates

FALLBACK = "en"


@dataclass(frozen=True)
class _List:
    """Others of the customer's unpaid invoices."""

    intro: str
    rows: tuple[tuple[str, str, str], ...]  # number, amount and payment page of each


@dataclass(frozen=True)
class _Content:
    """One message's sentences, in the order in which they are read."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    button: str
    link: str
    link_hint: str
    closing: str
    help: str
    colon: str
    answer: str
    regards: str
    merchant: str
    lists: tuple[_List, ...]
    sender: str
    agreed: str
    terms_link: str
    preferences: str
    preferences_link: str
    imprint: str


class TemplateMessages:
    """Messages from the phrases of directories: one folder per language, and the layouts that all of them share."""

    def __init__(
        self,
        directories: Sequence[Path],
        brand: Brand,
        preferences: Callable[[str], str] | None = None,
        terms: Callable[[str], str] | None = None,
        *,
        language: str = FALLBACK,
        whatsapp: WhatsAppTemplates | None = None,
    ) -> None:
        """A later directory takes the place of the earlier ones, text by text and layout by layout. `preferences` makes
        the link to what the customer gets, of a contact's key, and `terms` to a version of the terms; None: there is no
        such page. `language` is of customers whose own is not known or there. `whatsapp`: without them nothing is sent.

        Raises PhrasesError when a language is wrong, or the merchant's or English is missing.
        """
        self._brand = brand
        self._preferences = preferences
        self._terms = terms
        self._whatsapp = whatsapp
        # Phrases make plain text; only the HTML layout puts it into markup, and escapes all of it.
        self._plain = _environment(directories, autoescape=False)
        self._html = _environment(directories, autoescape=True)
        self._template = lru_cache(maxsize=None)(self._plain.from_string)
        files = phrase_files(directories, brand.voice)
        self._languages = {language: load_phrases(layers, self._plain) for language, layers in files.items()}
        if FALLBACK not in self._languages:
            raise PhrasesError(
                f"{directories[-1]} has no {FALLBACK}/phrases.yaml: every other language falls back to it."
            )
        default = chosen(language, self._languages)
        if default is None:
            raise PhrasesError(
                f"{directories[-1]} has no {language}/phrases.yaml, and MERCHANT_LANGUAGE is {language}."
            )
        self._default = self._languages[default]

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that there are words for, by their tags in lower case."""
        return tuple(self._languages)

    def render(
        self,
        channel: Channel,
        facts: MessageFacts,
        address: Address,
        invoice: InvoiceSnapshot,
        language: str,
        others: Sequence[InvoiceSnapshot] = (),
        key: str = "",
        link: str | None = None,
        agreed: Agreed | None = None,
    ) -> Rendered:
        """Renders one message in the first wanted language that has phrases, or in the merchant's.

        `others` are the customer's other unpaid invoices: they are named with amount and link; in a text message only
        how many there are, and what is due in all.

        Raises ProviderMisuse when the message could not be true or useful: no pay link, or a final notice without
        its date and consequence.
        """
        if channel is Channel.WHATSAPP and self._whatsapp:
            language = self._whatsapp.language(language)
        at = self._at_sending(address, invoice, language, others, facts.also_final, key, link, agreed)
        try:
            said = wording(facts, at, channel)
        except Untrue as error:
            raise ProviderMisuse(f"The {facts.stage.value} notice for invoice {invoice.id} {error}.") from None
        phrases, locale = self._language(language)
        form = _short_form(phrases, locale, said) if channel in TEXTS else _long_form(phrases, locale)
        writer = _Writer(phrases, self._template, form, said, at, self._brand)
        match channel:
            case Channel.WHATSAPP if self._whatsapp:
                template = self._whatsapp.of(language, facts.stage)
                return template.filled(self._brand.name, writer.chat(template.room), at.link)
            case Channel.WHATSAPP | Channel.LINE:
                return Rendered(text=f"{writer.chat()}\n{at.link}")
            case Channel.SMS:
                return Rendered(text=writer.sms())
            case Channel.NOTICE:
                return Rendered(subject=writer.one(Part.SUBJECT), text=writer.notice())
            case Channel.EMAIL:
                content = writer.mail()
                values = {
                    "content": content,
                    "brand": self._brand,
                    "language": str(locale).replace("_", "-"),
                    "direction": locale.text_direction,
                }
                return Rendered(
                    subject=content.subject,
                    text=self._plain.get_template("email.txt.j2").render(values),
                    html=self._html.get_template("email.html.j2").render(values),
                )

    def _at_sending(
        self,
        address: Address,
        invoice: InvoiceSnapshot,
        language: str,
        others: Sequence[InvoiceSnapshot],
        finals: Sequence[str],
        key: str,
        link: str | None,
        agreed: Agreed | None,
    ) -> AtSending:
        page = pay_link(invoice)
        return AtSending(
            merchant=self._brand.name,
            contact=self._brand.first_way.shown,
            name=plausible_name(address.name, language or self._default.locale),
            number=invoice.number or invoice.id,
            due=invoice.remaining,
            total=invoice.total or invoice.amount,
            subscription=invoice.subscription_id is not None,
            verifying=invoice.verifying is True,
            transfers=invoice.transfer is True,
            has_method=invoice.payment_method is not None and not invoice.without_method,
            link=link or page,
            bought=bought(invoice),
            period=period(invoice),
            tax=invoice.tax,
            method=method_on_file(invoice.payment_method),
            preferences=self._preferences(key) if self._preferences and key else None,
            agreed_on=agreed.on if agreed else None,
            terms=self._terms(agreed.version) if self._terms and agreed else None,
            imprint=self._brand.imprint,
            answers=self._brand.answers_to is not None,
            others=tuple(
                Other(
                    number=other.number or other.id,
                    due=other.remaining,
                    link=pay_link(other),
                    final=other.id in finals,
                )
                for other in others
            ),
        )

    def _language(self, language: str) -> tuple[Phrases, Locale]:
        """The phrases for a language, and the locale that writes its dates and amounts (`en-GB`: British dates)."""
        for tag in wanted(language):
            if name := chosen(tag, self._languages):
                return self._languages[name], _regional(tag, self._languages[name])
        return self._default, self._default.babel


def _environment(directories: Sequence[Path], *, autoescape: bool) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader([*reversed(directories)]),
        undefined=StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # what was checked at the start is what is sent
    )
    # Jinja's own functions, which no text needs: they would be copied for each sentence.
    environment.globals.clear()
    return environment


def _regional(tag: str, phrases: Phrases) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return phrases.babel


@dataclass(frozen=True)
class _Writer:
    """Puts the sentences of one message into words."""

    phrases: Phrases
    template: Callable[[str], Template]
    form: Callable[[Value], str]
    said: Wording
    at: AtSending
    brand: Brand

    def mail(self) -> _Content:
        return _Content(
            subject=self.one(Part.SUBJECT),
            greeting=self.one(Part.GREETING),
            paragraphs=self.paragraphs(),
            rows=tuple(
                (self._words(label), self.form(label.labels))
                for label in self.said.of(Part.AMOUNTS)
                if label.labels is not None
            ),
            button=self.one(Part.BUTTON),
            link=self.at.link,
            link_hint=self.one(Part.LINK_HINT),
            closing=self.one(Part.CLOSING),
            help=self.one(Part.HELP),
            colon=self.phrases.colon,
            answer=self.any(Part.ANSWER),
            regards=self.one(Part.REGARDS),
            merchant=self.at.merchant,
            lists=self._lists(),
            sender=self.one(Part.SENDER),
            agreed=self.any(Part.AGREED),
            terms_link=self.at.terms or "",
            preferences=self.any(Part.PREFERENCES),
            preferences_link=self.at.preferences or "",
            imprint=self.any(Part.IMPRINT),
        )

    def notice(self) -> str:
        """One text with its link, a line for each other invoice, and the last one for where to ask."""
        lines = [f"{self.phrases.between.join(self.paragraphs())} {self.at.link}"]
        colon = self.phrases.colon
        for each in self._lists():
            lines += [each.intro, *(f"{number}{colon}{amount} {link}" for number, amount, link in each.rows)]
        return "\n".join([*lines, f"{self.one(Part.HELP)} {self.brand.first_way.shown}"])

    def _lists(self) -> tuple[_List, ...]:
        parts = {Part.FINALS: True, Part.OTHERS: False}
        return tuple(
            _List(
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
        texts = [self._words(sentence) for sentence in self.said.sentences]
        kept = [not sentence.may for sentence in self.said.sentences]
        bare = [*texts]
        bare[[sentence.part for sentence in self.said.sentences].index(Part.LINK)] = self.at.link
        needed, least = segments(self._line(texts, kept)), segments(self._line(bare, kept))
        usual = usual_segments(self._line(texts, kept))
        if least < needed > usual:
            texts, needed = bare, least
        for place, taken in enumerate(kept):
            more = [*kept[:place], True, *kept[place + 1 :]]
            kept[place] = taken or segments(self._line(texts, more)) <= max(needed, usual)
        return self._line(texts, kept)

    def _line(self, texts: list[str], kept: list[bool]) -> str:
        return self.phrases.sms_between.join(compress(texts, kept))

    def chat(self, room: int = 2000) -> str:
        """As a text message, without its link: what must be said, and as much of the rest as there is `room` (signs)
        for beside the link."""
        room -= len(self.at.link) + len(self.at.merchant)
        told = [sentence for sentence in self.said.sentences if sentence.part is not Part.LINK]
        texts = [self._words(sentence) for sentence in told]
        kept = [not sentence.may for sentence in told]
        for place, taken in enumerate(kept):
            more = [*kept[:place], True, *kept[place + 1 :]]
            kept[place] = taken or len(self._line(texts, more)) <= room
        return self._line(texts, kept)

    def _words(self, sentence: Sentence) -> str:
        values = {name: self.form(value) for name, value in sentence.values.items()}
        return self.template(self.phrases.words(sentence.key, sentence.values)).render(values)


def _long_form(phrases: Phrases, locale: Locale) -> Callable[[Value], str]:
    return _form(
        lambda day: format_day(day, locale, phrases.calendar), lambda money: format_money(money, locale), locale
    )


def _short_form(phrases: Phrases, locale: Locale, said: Wording) -> Callable[[Value], str]:
    opening = phrases.texts[said.of(Part.HAPPENED)[0].key]

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
