"""What the customer reads. The phrases are data (policies/messages); which of them are true is decided here.

A sentence is used only when the facts carry it: "could not collect" needs a try, "we will try again" a date, the final
notice a date and a consequence. E-mail's text and HTML part are two layouts of one content, so they cannot disagree.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from domain.declines import DeclineClass, Reason
from domain.steps import Access, Channel, Stage
from domain.truth import MessageFacts
from gateways.formats import format_day, format_day_short, format_money
from gateways.phrases import AccessPhrases, Phrases, PhrasesError, Todo, load_phrases
from gateways.ports.messages import Address, Rendered
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.trouble import ProviderMisuse
from gateways.sms_length import fits, is_gsm7

FALLBACK = "en"

# Without a try, only these are known to be the cause.
_KNOWN_WITHOUT_TRY = frozenset({Reason.NO_PAYMENT_METHOD, Reason.EXPIRED_CARD})
_WARNS_OF_THE_END = frozenset({Stage.FIRM, Stage.FINAL})
_INSISTS = frozenset({Stage.FIRM, Stage.FINAL})
# What no name contains: markup, template code, addresses. Sign-up forms are abused to send such "names" around.
# A bare `evil.com` is an address, too: mail programs make a link of it. `Dr.Lee`, `J.R.` and `ดร.สมชาย` are names.
_NOT_A_NAME = re.compile(
    r"[<>{}\[\]|\\=@/#%$^*~`\"\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]"
    r"|(?i:www\.)|[A-Za-z0-9]\.(?:[a-z]{2,}|[A-Z]{2,})"
)
_LONGEST_NAME = 80


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
    regards: str
    merchant: str


class TemplateMessages:
    """Messages from the phrases of a directory: one folder per language, and the layouts that all of them share."""

    def __init__(self, directory: Path, merchant_name: str) -> None:
        """Reads and checks every language. Raises PhrasesError when one is wrong or English is missing."""
        self._merchant = " ".join(merchant_name.split())
        # Phrases make plain text; only the HTML layout puts it into markup, and escapes all of it.
        self._plain = _environment(directory, autoescape=False)
        self._html = _environment(directory, autoescape=True)
        self._template = lru_cache(maxsize=None)(self._plain.from_string)
        files = sorted(directory.glob("*/phrases.yaml"))
        self._languages = {file.parent.name.lower(): load_phrases(file, self._plain) for file in files}
        if FALLBACK not in self._languages:
            raise PhrasesError(f"{directory} has no {FALLBACK}/phrases.yaml: every other language falls back to it.")

    def render(
        self, channel: Channel, facts: MessageFacts, address: Address, invoice: InvoiceSnapshot, language: str
    ) -> Rendered:
        """Renders one message in the language of a BCP 47 tag; an unknown one falls back to English.

        Raises ProviderMisuse when the message could not be true or useful: no pay link, or a final notice without
        its date and consequence.
        """
        link = _pay_link(invoice)
        if facts.stage is Stage.FINAL and (facts.ends_on is None or facts.ending is None):
            raise ProviderMisuse(
                f"The final notice for invoice {invoice.id} names no date or no consequence: "
                "give it both before it is sent."
            )
        phrases, locale = self._language(language)
        name = _plausible_name(address.name)
        writer = _Writer(phrases, locale, self._template, facts, invoice, name, self._merchant, link)
        match channel:
            case Channel.SMS:
                return Rendered(text=writer.sms())
            case Channel.NOTICE:
                content = writer.content()
                return Rendered(subject=content.subject, text=f"{' '.join(content.paragraphs)} {link}")
            case Channel.EMAIL:
                content = writer.content()
                values = {"content": content, "language": locale.language, "direction": locale.text_direction}
                return Rendered(
                    subject=content.subject,
                    text=self._plain.get_template("email.txt.j2").render(values),
                    html=self._html.get_template("email.html.j2").render(values),
                )

    def _language(self, tag: str) -> tuple[Phrases, Locale]:
        """The phrases for a tag, and the locale that writes its dates and amounts (`en-GB`: English, British dates)."""
        wanted = tag.strip().replace("_", "-").lower()
        for name in (wanted, wanted.split("-")[0]):
            if phrases := self._languages.get(name):
                return phrases, _regional(wanted, phrases)
        phrases = self._languages[FALLBACK]
        return phrases, phrases.babel


def _environment(directory: Path, *, autoescape: bool) -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(directory),
        undefined=StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _regional(tag: str, phrases: Phrases) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return phrases.babel


def _pay_link(invoice: InvoiceSnapshot) -> str:
    link = invoice.pay_url or ""
    if not link.startswith(("https://", "http://")) or len(link.split()) != 1:
        raise ProviderMisuse(
            f"Invoice {invoice.id} has no pay link, so nothing can be sent about it: "
            "finalize the invoice, or give it a hosted payment page."
        )
    return link


@dataclass(frozen=True)
class _Writer:
    """Chooses and fills the sentences of one message."""

    phrases: Phrases
    locale: Locale
    template: Callable[[str], Template]
    facts: MessageFacts
    invoice: InvoiceSnapshot
    name: str | None
    merchant: str
    link: str

    @property
    def _method_came(self) -> bool:
        """The invoice, read right before sending, has the payment method that the case still misses."""
        return self.facts.reason is Reason.NO_PAYMENT_METHOD and self.invoice.payment_method is not None

    @property
    def _todo(self) -> Todo:
        asked_in_vain = {"reason": Reason.DECLINED, "action": None} if self._method_came else {}
        return _todo(self.facts.model_copy(update=asked_in_vain))

    def content(self) -> _Content:
        """E-mail and notice: the whole message."""
        facts, phrases = self.facts, self.phrases
        asks_in_vain = self._method_came and facts.stage is Stage.ACTION
        stage = phrases.stages[Stage.FRIENDLY if asks_in_vain else facts.stage]
        knows_why = not self._method_came and (facts.tried or facts.reason in _KNOWN_WITHOUT_TRY)
        warns = facts.stage in _WARNS_OF_THE_END and facts.ends_on
        what_happened = [stage.opening.of(facts.tried), phrases.reasons[facts.reason] if knows_why else None]
        access = [self._access(phrases.access, phrases.restricts)]
        the_end = [phrases.ending[facts.ending] if warns and facts.ending else None]
        what_to_do = [phrases.next_charge.of(facts.tried) if facts.next_charge_on else None, phrases.todo[self._todo]]
        rest = (access, the_end, what_to_do) if facts.stage in _INSISTS else (what_to_do, access, the_end)
        values = self._values(self._day, format_money(self.invoice.remaining, self.locale))
        fill = self._filler(values)
        rows = [(phrases.labels.invoice, str(values["number"])), (phrases.labels.due, str(values["amount"]))]
        if self.invoice.amount != self.invoice.remaining:
            rows.append((phrases.labels.total, format_money(self.invoice.amount, self.locale)))
        return _Content(
            subject=fill(stage.subject.of(facts.tried)),
            greeting=fill(phrases.greeting.named if self.name else phrases.greeting.neutral),
            paragraphs=tuple(
                " ".join(fill(sentence) for sentence in sentences if sentence)
                for sentences in (what_happened, *rest)
                if any(sentences)
            ),
            rows=tuple(rows),
            button=fill(phrases.buttons.of(self._todo)),
            link=self.link,
            link_hint=phrases.labels.link_hint,
            closing=fill(stage.closing.of(facts.tried)),
            regards=phrases.regards,
            merchant=self.merchant,
        )

    def sms(self) -> str:
        """One text: what must be said, and of the rest as much as fits without another segment."""
        facts, phrases = self.facts, self.phrases.sms
        fill = self._filler(self._values(self._short_day, self._short_amount()))
        opening = fill(phrases.opening[facts.stage].of(facts.tried))
        ending = []
        if facts.stage is Stage.FINAL and facts.ending:
            ending.append(fill(phrases.ending[facts.ending]))
        label = phrases.link.authenticate if self._todo is Todo.AUTHENTICATE else phrases.link.pay
        last = [*ending, fill(label)]
        if not fits(" ".join([opening, *last])):
            last = [*ending, self.link]
        chosen = [opening]
        for phrase in (
            phrases.next_charge.of(facts.tried) if facts.next_charge_on else None,
            phrases.todo.of(self._todo),
            self._access(phrases.access, phrases.restricts),
        ):
            if phrase and fits(" ".join([*chosen, sentence := fill(phrase), *last])):
                chosen.append(sentence)
        return " ".join([*chosen, *last])

    def _access(self, now: AccessPhrases, later: str) -> str | None:
        """What is restricted, or what will be. A restriction that stands is never announced again."""
        facts = self.facts
        if facts.access is Access.READ_ONLY:
            return now.read_only
        if facts.access is Access.BLOCKED:
            return now.blocked
        before_the_end = facts.restricts_on and (facts.ends_on is None or facts.restricts_on < facts.ends_on)
        return later if before_the_end else None

    def _values(self, day: Callable[[date], str], amount: str) -> dict[str, object]:
        facts, invoice = self.facts, self.invoice
        values: dict[str, object | None] = {
            "merchant": self.merchant,
            "name": self.name,
            "amount": amount,
            "number": invoice.number or invoice.id,
            "subscription": facts.cancels and invoice.subscription_id is not None,
            "link": self.link,
            "next_charge_on": facts.next_charge_on and day(facts.next_charge_on),
            "restricts_on": facts.restricts_on and day(facts.restricts_on),
            "ends_on": facts.ends_on and day(facts.ends_on),
        }
        # What is not known stays undefined, so that a phrase that names it fails in place of saying "None".
        return {name: value for name, value in values.items() if value is not None}

    def _filler(self, values: dict[str, object]) -> Callable[[str], str]:
        def fill(phrase: str) -> str:
            return self.template(phrase).render(values)

        return fill

    def _day(self, day: date) -> str:
        return format_day(day, self.locale, self.phrases.calendar)

    def _short_day(self, day: date) -> str:
        return format_day_short(day, self.locale)

    def _short_amount(self) -> str:
        amount = format_money(self.invoice.remaining, self.locale)
        sentence = self.phrases.sms.opening[self.facts.stage].of(self.facts.tried)
        if is_gsm7(sentence) and not is_gsm7(amount):
            # One sign outside the basic alphabet (₹, ฿) would make the whole text twice as dear.
            amount = format_money(self.invoice.remaining, self.locale, iso_code=True)
        return amount.replace("\u00a0", " ").replace("\u202f", " ")


def _todo(facts: MessageFacts) -> Todo:
    """What to ask for. A payment that no retry can win is asked for in another way."""
    if facts.action is DeclineClass.AUTHENTICATE:
        return Todo.AUTHENTICATE
    if facts.reason is Reason.NO_PAYMENT_METHOD:
        return Todo.ADD_METHOD
    if facts.action is DeclineClass.FIX_DATA:
        return Todo.FIX_DATA
    if facts.action in (DeclineClass.NEW_METHOD, DeclineClass.NEVER):
        return Todo.NEW_METHOD
    return Todo.PAY_EARLY if facts.next_charge_on and facts.stage not in _INSISTS else Todo.PAY


def _plausible_name(name: str | None) -> str | None:
    """The name in one line, or None when it is none: markup, code and addresses are not repeated to anybody."""
    line = " ".join((name or "").split())
    if not line or len(line) > _LONGEST_NAME or _NOT_A_NAME.search(line):
        return None
    return line
