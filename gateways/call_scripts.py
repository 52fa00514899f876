"""What people say on the telephone: words (`policies/messages/<language>/calls.yaml`), and those of all messages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from babel import Locale
from pydantic import field_validator

from domain.base import Frozen
from domain.calls import Offer
from domain.known import Known
from domain.names import plausible_name
from domain.sentences import Loc
from domain.truth import MessageFacts
from gateways.formats import format_day, format_money
from gateways.invoice_words import bought
from gateways.messages import TemplateMessages
from gateways.phrases import Phrases
from gateways.ports.calls import CallScript
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot
from gateways.word_files import FALLBACK, WordFiles

FILE = "calls.yaml"
_ALWAYS = frozenset({"merchant"})
_BEFORE = {"ask": _ALWAYS | {"name"}, "machine": _ALWAYS | {"call_back"}}
"""What may be named before it is certain who is there: nothing of a debt."""
_AFTER = {
    "about": _ALWAYS | {"number", "amount"},
    "bought": _ALWAYS | {"bought"},
    "restricts": _ALWAYS | {"restricts_on"},
}


class BeforeWords(Frozen):
    """To whoever answers, or to a machine."""

    ask: str
    ask_neutral: str
    check: str
    stranger: str
    machine: str


class CallWords(Frozen):
    """One language's words."""

    before: BeforeWords
    about: str
    bought: str
    restricts: str
    ask: str
    offers: dict[Offer, str]
    card: str
    objects: str
    closing: str

    @field_validator("offers")
    @classmethod
    def _all_of_them(cls, value: dict[Offer, str]) -> dict[Offer, str]:
        if lacking := [offer.value for offer in Offer if offer not in value]:
            raise ValueError(f"lacks {', '.join(lacking)}")
        return value


class TemplateCalls:
    """`ports.CallScripts`. Forms of dates and amounts, and the words of causes, are those of all other messages.

    Raises PhrasesError for a language whose words are wrong, or when there is no English.
    """

    def __init__(
        self, messages: TemplateMessages, directories: Sequence[Path], call_back: str, *, language: str = FALLBACK
    ) -> None:
        """A later directory takes the place of the earlier ones, text by text. `call_back`: the number at which the
        merchant answers; `language` is the merchant's."""
        self._messages = messages
        self._call_back = call_back
        self._files = WordFiles(FILE, CallWords, _may, directories, language=language, languages=messages.languages)

    def script(
        self,
        facts: MessageFacts,
        offers: Sequence[Offer],
        address: Address,
        invoice: InvoiceSnapshot,
        others: Sequence[InvoiceSnapshot] = (),
    ) -> CallScript:
        tag, words = self._files.of(address.language)
        phrases, locale = self._messages.language_of(tag)
        person = plausible_name(address.name, address.language or phrases.locale)
        judge = self._messages.known(facts, address, invoice, tag)
        known = {
            "merchant": self._messages.brand.name,
            "name": person,
            "call_back": self._call_back,
            "number": invoice.number or invoice.id,
            "amount": format_money(invoice.remaining, locale),
            "bought": bought(invoice) or "",
            "restricts_on": format_day(facts.restricts_on, locale, phrases.calendar) if facts.restricts_on else "",
        }
        before = words.before
        lines = [
            words.about,
            words.bought if known["bought"] else "",
            phrases.came_back if judge.came_back() else self._cause(judge, phrases),
            self._next(judge, phrases, locale),
            words.restricts if judge.will_be_restricted() else "",
            phrases.tightens.one if judge.will_be_tightened() else "",
        ]
        then = [words.ask, *(words.offers[offer] for offer in offers), words.card, words.objects, words.closing]

        brand = self._messages.brand
        unknown = known | {"merchant": brand.neutral_name or brand.name}

        def said(text: str) -> str:
            return self._files.said(text, known)

        def first(text: str) -> str:
            return self._files.said(text, unknown)

        return CallScript(
            language=phrases.locale,
            ask=first(before.ask if person else before.ask_neutral),
            check=first(before.check),
            stranger=first(before.stranger),
            machine=first(before.machine),
            lines=(
                *(said(line) for line in lines if line),
                *_listed(others, phrases, locale),
                *(said(line) for line in then if line),
            ),
        )

    def _cause(self, judge: Known, phrases: Phrases) -> str:
        reason = judge.reason()
        return phrases.reasons[reason] if reason and judge.knows_why() else ""

    def _next(self, judge: Known, phrases: Phrases, locale: Locale) -> str:
        """What will be tried without the customer, unless they do what the call asks for."""
        if judge.facts.next_charge_on is None or not judge.charge_is_planned():
            return ""
        day = format_day(judge.facts.next_charge_on, locale, phrases.calendar)
        text = phrases.unless_paid.tried if judge.tried() else phrases.unless_paid.due
        return self._files.said(text, {"next_charge_on": day, "merchant": self._messages.brand.name})


def _listed(others: Sequence[InvoiceSnapshot], phrases: Phrases, locale: Locale) -> Iterator[str]:
    """The customer's other invoices, by the words of all messages."""
    if others:
        yield phrases.others
    for other in others:
        yield f"{other.number or other.id}{phrases.colon}{format_money(other.remaining, locale)}"


def _may(loc: Loc) -> frozenset[str]:
    """What the words at a place of the file may name."""
    if loc[0] == "before":
        return _BEFORE.get(str(loc[-1]), _ALWAYS)
    return _AFTER.get(str(loc[0]), _ALWAYS)
