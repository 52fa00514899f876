"""Notices before a renewal: words (`policies/messages/<language>/renewals.yaml`) in the layouts of all messages."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from babel import Locale
from pydantic import field_validator

from domain.base import Frozen
from domain.names import plausible_name
from domain.renewal import Notice, RenewalNow
from domain.sentences import Loc
from domain.steps import TEXTS, Channel
from gateways.formats import format_day, format_money
from gateways.invoice_words import method_on_file
from gateways.message_writer import Content, short_form
from gateways.messages import TemplateMessages
from gateways.phrases import Phrases
from gateways.ports.messages import Address, Rendered
from gateways.ports.renewals import RenewalSnapshot
from gateways.sms_length import segments, usual_segments
from gateways.whatsapp_templates import Template
from gateways.word_files import FALLBACK, WordFiles, named

FILE = "renewals.yaml"
_ALWAYS = frozenset({"merchant", "charged_on", "amount"})
"""What all sentences may name."""
_MAY = {Notice.CARD_EXPIRES: _ALWAYS | {"expires"}, Notice.PRICE_CHANGES: _ALWAYS | {"before"}}


class Labels(Frozen):
    charged_on: str
    amount: str
    before: str
    method: str
    expires: str


class NoticeWords(Frozen):
    subject: str
    opening: str
    todo: str
    button: str
    closing: str
    text: str  # all of it in a text or a chat, behind who writes
    link: str  # and where it leads

    @field_validator("link")
    @classmethod
    def _leads_there(cls, value: str) -> str:
        if "{{" not in value or named(value) != {"link"}:
            raise ValueError("has to name link, and nothing else")
        return value


class RenewalWords(Frozen):
    """One language's words."""

    labels: Labels
    sender: str
    doubt: str
    notices: dict[Notice, NoticeWords]

    @field_validator("notices")
    @classmethod
    def _all_of_them(cls, value: dict[Notice, NoticeWords]) -> dict[Notice, NoticeWords]:
        if lacking := [notice.value for notice in Notice if notice not in value]:
            raise ValueError(f"lacks {', '.join(lacking)}")
        return value


class TemplateRenewals:
    """`ports.RenewalMessages`. Greeting, foot and forms of dates and amounts are those of all other messages.

    Raises PhrasesError for a language whose words are wrong, or when there is no English.
    """

    def __init__(self, messages: TemplateMessages, directories: Sequence[Path], *, language: str = FALLBACK) -> None:
        """A later directory takes the place of the earlier ones, text by text. `language` is the merchant's."""
        self._messages = messages
        self._files = WordFiles(FILE, RenewalWords, _may, directories, language=language, languages=messages.languages)

    @property
    def closed(self) -> dict[Channel, str]:
        """Channel → why nothing of the kind can be written there."""
        approved = self._messages.approved(Channel.WHATSAPP)
        lacks = approved is not None and not approved.has_renewals
        return {Channel.WHATSAPP: "WhatsApp has approved no template for it (renewal)"} if lacks else {}

    def render(
        self,
        channel: Channel,
        notice: Notice,
        renewal: RenewalSnapshot,
        address: Address,
        charged_on: date,
        key: str = "",
    ) -> Rendered | None:
        base, brand = self._messages, self._messages.brand
        link = brand.account
        if link is None:
            return None
        approved = base.approved(channel)
        language = approved.language(address.language) if approved else address.language
        name, words = self._files.of(language)
        phrases, locale = base.language_of(name)
        now = renewal.now
        if channel in TEXTS:
            template = approved.renewal(language) if approved else None
            return self._text(channel, words.notices[notice], phrases, locale, now, charged_on, link, template)
        day, amount = format_day(charged_on, locale, phrases.calendar), format_money(now.amount, locale)
        method, expires = method_on_file(renewal.method), _expires(now.expiry)
        before = format_money(now.before, locale) if now.before else ""
        values = {"merchant": brand.name, "charged_on": day, "amount": amount, "expires": expires, "before": before}
        rows = ("method", "expires") if notice is Notice.CARD_EXPIRES else ("before", "method")
        known = values | {"method": method or "", "expires": expires if method else ""}
        shown = {each: known[each] for each in (*rows, "charged_on", "amount")}
        labels, long = words.labels.model_dump(), words.notices[notice].model_dump(exclude={"text", "link"})
        said = {part: self._files.said(text, values) for part, text in long.items()}
        if channel is Channel.NOTICE:
            told = phrases.between.join((said["opening"], said["todo"]))
            ask = f"{self._shared(phrases.labels.help, brand.name)} {', '.join(way.shown for way in brand.ways)}"
            return Rendered(subject=said["subject"], text=f"{told} {link}\n{ask}")
        foot = {part: self._files.said(getattr(words, part), values) for part in ("sender", "doubt")}
        person = plausible_name(address.name, address.language or phrases.locale)
        greeting = phrases.greeting.named if person else phrases.greeting.neutral
        preferences = base.preferences(key) if base.preferences and key else ""
        content = Content(
            subject=said["subject"],
            greeting=self._files.said(greeting, {"name": person, "merchant": brand.name}),
            paragraphs=(said["opening"], said["todo"]),
            rows=tuple((labels[each], value) for each, value in shown.items() if value),
            button=said["button"],
            link=link,
            link_hint=self._shared(phrases.labels.link_hint, brand.name),
            document="",
            closing=said["closing"],
            help=self._shared(phrases.labels.help, brand.name),
            colon=phrases.colon,
            answer=self._shared(phrases.labels.answer, brand.name) if brand.answers_to else "",
            regards=self._shared(phrases.regards, brand.name),
            merchant=brand.name,
            lists=(),
            sender=foot["sender"],
            doubt=foot["doubt"],
            agreed="",
            terms_link="",
            preferences=self._shared(phrases.labels.preferences, brand.name) if preferences else "",
            preferences_link=preferences,
            imprint=self._shared(phrases.labels.imprint, brand.name) if brand.imprint else "",
        )
        return base.email(content, locale)

    def _text(
        self,
        channel: Channel,
        words: NoticeWords,
        phrases: Phrases,
        locale: Locale,
        now: RenewalNow,
        charged_on: date,
        link: str,
        template: Template | None,
    ) -> Rendered:
        """One text or chat; that a stranger may say so is left out where it would cost one more segment."""
        form, merchant = short_form(locale, words.text), self._messages.brand.name
        values = {"charged_on": form(charged_on), "amount": form(now.amount), "expires": _expires(now.expiry)}
        values |= {"before": form(now.before) if now.before else "", "merchant": merchant}
        said = self._files.said(words.text, values)
        writer = "" if merchant in said else self._shared(phrases.sms.writer, merchant)
        stranger = self._shared(phrases.sms.stranger, merchant)
        where = self._files.said(words.link, {"link": link})
        if template:
            return template.filled(merchant, said, link)
        if channel is not Channel.SMS:
            return Rendered(text=f"{writer}{phrases.sms_between.join((said, stranger))}\n{where}")
        short, whole = (phrases.sms_between.join(each) for each in ((said, where), (said, stranger, where)))
        room = max(segments(writer + short), usual_segments(writer + short))
        return Rendered(text=writer + (whole if segments(writer + whole) <= room else short))

    def _shared(self, text: str, merchant: str) -> str:
        """A sentence of all messages: here it can name no invoice."""
        return self._files.said(text, {"merchant": merchant})


def _may(loc: Loc) -> frozenset[str]:
    """What the words at a place of the file may name."""
    if loc[-1] == "link":
        return frozenset({"link"})
    return _MAY[Notice(str(loc[1]))] if loc[0] == "notices" else _ALWAYS


def _expires(expiry: str | None) -> str:
    """As it stands on the card, with the whole year: 03/2031."""
    return expiry.rjust(len("12/2031"), "0") if expiry else ""
