"""What the customer reads: the words of a language, its forms of amounts and dates, and the layouts of the channels.

Which sentences a message has is decided in `domain/wording.py`; here only what of them fits into a text message.
E-mail's text and HTML part are two layouts of one content, so they cannot disagree.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from domain.brand import Brand
from domain.known import AtSending, Known, Other
from domain.languages import chosen, wanted
from domain.money import Money
from domain.names import addressee, plausible_name
from domain.postal import PostalAddress
from domain.steps import Channel, Stage
from domain.terms import Agreed
from domain.truth import MessageFacts
from domain.wording import Part, Untrue, wording
from gateways.invoice_words import bought, method_on_file, pay_link, period
from gateways.message_writer import Content, Writer, form
from gateways.phrases import Phrases, load_phrases, phrase_files
from gateways.ports.messages import Address, Rendered
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.trouble import ProviderMisuse
from gateways.postal import address_lines
from gateways.sms_length import segments
from gateways.whatsapp_templates import WhatsAppTemplates
from gateways.word_files import FALLBACK, PhrasesError

_MOST_SEGMENTS = 2  # of a text message about the end


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
        self.brand = brand
        self.preferences = preferences
        self._terms = terms
        self._whatsapp = whatsapp
        # Phrases make plain text; only the HTML layout puts it into markup, and escapes all of it.
        self._plain = _environment(directories, autoescape=False)
        self._html = _environment(directories, autoescape=True)
        self._template = lru_cache(maxsize=None)(self._plain.from_string)
        files = phrase_files(directories, brand.voice)
        self._languages = {language: load_phrases(layers) for language, layers in files.items()}
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
        on: date | None = None,
    ) -> Rendered:
        """Renders one message in the first wanted language that has phrases, or in the merchant's.

        `others` are the customer's other unpaid invoices: they are named with amount and link; in a text message only
        how many there are, and what is due in all.

        Raises ProviderMisuse when the message could not be true or useful: no pay link, a final notice without its
        date and consequence, or a letter without its day or to nowhere.
        """
        approved = self.approved(channel)
        if approved:
            language = approved.language(language)
        page = pay_link(invoice)
        at = self._at_sending(address, invoice, language, others, facts, key, link or page, agreed)
        at = at.model_copy(update={"framed": approved is not None})
        phrases, locale = self.language_of(language)

        def writes(at: AtSending) -> Writer:
            said = wording(facts, at, channel)
            return Writer(phrases, self._template, form(phrases, locale, said, channel), said, at, self.brand)

        try:
            writer = writes(at)
        except Untrue as error:
            raise ProviderMisuse(f"The {facts.stage.value} notice for invoice {invoice.id} {error}.") from None
        match channel:
            case Channel.WHATSAPP if approved:
                template = approved.of(language, facts.stage)
                if template is None:
                    raise ProviderMisuse(
                        f"No {facts.stage.value} template is approved for {language}: add it to "
                        "TWILIO_WHATSAPP_TEMPLATES, or name another channel under closing in the policy."
                    )
                return template.filled(self.brand.name, writer.chat(template.room), at.link)
            case Channel.WHATSAPP | Channel.LINE:
                return Rendered(text=f"{writer.chat()}\n{writer.one(Part.LINK)}")
            case Channel.SMS:
                text = writer.sms()
                if facts.closed and at.agency and segments(text) > _MOST_SEGMENTS:
                    # That it is an agency is said in any case; its name, where there is room.
                    text = writes(at.model_copy(update={"agency": None})).sms()
                return Rendered(text=text)
            case Channel.NOTICE:
                return Rendered(subject=writer.one(Part.SUBJECT), text=writer.notice())
            case Channel.LETTER:
                return self._letter(writer, address, on, locale)
            case Channel.EMAIL:
                return self.email(writer.mail(), locale)
            case Channel.PHONE:
                raise ProviderMisuse(f"Nothing is written by phone about invoice {invoice.id}: a person calls.")

    def known(self, facts: MessageFacts, address: Address, invoice: InvoiceSnapshot, language: str) -> Known:
        """What is known of one invoice, by which a call says the same as messages."""
        link = invoice.pay_url or ""
        return Known(facts=facts, at=self._at_sending(address, invoice, language, (), facts, "", link, None))

    def approved(self, channel: Channel) -> WhatsAppTemplates | None:
        """The texts that a message on this channel has to be sent by; None: it is free in its words."""
        return self._whatsapp if channel is Channel.WHATSAPP else None

    def unapproved(self, stage: Stage, language: str) -> dict[Channel, str]:
        approved = self._whatsapp
        lacks = approved is not None and approved.of(approved.language(language), stage) is None
        return {Channel.WHATSAPP: f"WhatsApp has approved no template for it ({stage})"} if lacks else {}

    def email(self, content: Content, locale: Locale) -> Rendered:
        """Both parts of an e-mail by the layouts of all languages."""
        values = {
            "content": content,
            "brand": self.brand,
            "language": str(locale).replace("_", "-"),
            "direction": locale.text_direction,
        }
        return Rendered(
            subject=content.subject,
            text=self._plain.get_template("email.txt.j2").render(values),
            html=self._html.get_template("email.html.j2").render(values),
            sender_name=self.brand.sender_name or self.brand.name,
            reply_to=self.brand.answers_to,
        )

    def _letter(self, writer: Writer, address: Address, on: date | None, locale: Locale) -> Rendered:
        where = PostalAddress.read(address.place(Channel.LETTER))
        name = addressee(address.name)
        if where is None or on is None or name is None:
            raise ProviderMisuse("A letter needs a day, a name and a complete postal address; one of them is missing.")
        recipient = address_lines(name, where, self.brand.country or "")
        letter = writer.letter(recipient, where.paper, on, locale)
        return Rendered(subject=letter.subject, text=letter.text, letter=letter)

    def _at_sending(
        self,
        address: Address,
        invoice: InvoiceSnapshot,
        language: str,
        others: Sequence[InvoiceSnapshot],
        facts: MessageFacts,
        key: str,
        link: str,
        agreed: Agreed | None,
    ) -> AtSending:
        settled = dict(zip(facts.also_final, facts.also_settled, strict=False))
        return AtSending(
            merchant=self.brand.name,
            contact=self.brand.first_way.shown,
            name=plausible_name(address.name, language or self._default.locale),
            number=invoice.number or invoice.id,
            due=_closed_amount(invoice) if facts.closed else invoice.remaining,
            total=invoice.total or invoice.amount,
            subscription=invoice.subscription_id is not None,
            verifying=invoice.verifying is True,
            transfers=invoice.transfer is True,
            voucher=invoice.voucher is True,
            has_method=invoice.payment_method is not None and not invoice.without_method,
            link=link,
            bought=bought(invoice),
            period=period(invoice),
            tax=invoice.tax,
            method=method_on_file(invoice.payment_method),
            preferences=self.preferences(key) if self.preferences and key else None,
            agreed_on=agreed.on if agreed else None,
            terms=self._terms(agreed.version) if self._terms and agreed else None,
            imprint=self.brand.imprint,
            answers=self.brand.answers_to is not None,
            bank=bool(self.brand.bank),
            agency=self.brand.agency,
            others=tuple(
                Other(
                    number=other.number or other.id,
                    due=settled.get(other.id, _closed_amount(other)) if facts.closed else other.remaining,
                    link=pay_link(other),
                    final=other.id in facts.also_final,
                )
                for other in others
            ),
        )

    def language_of(self, language: str) -> tuple[Phrases, Locale]:
        """The phrases for a language, and the locale that writes its dates and amounts (`en-GB`: British dates)."""
        for tag in wanted(language):
            if name := chosen(tag, self._languages):
                return self._languages[name], _regional(tag, self._languages[name])
        return self._default, self._default.babel


def _closed_amount(invoice: InvoiceSnapshot) -> Money:
    """What a closing message is about: what stays unpaid, or else what came in, or what was asked for."""
    if invoice.remaining.amount > 0:
        return invoice.remaining
    return invoice.paid if invoice.paid and invoice.paid.amount > 0 else invoice.amount


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
