"""The terms in words: the merchant's own file, and every language's sentences (`policies/messages/*/terms.yaml`)."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.lists import format_list

from domain.base import Frozen
from domain.money import Money
from domain.sentences import Loc, dotted
from domain.terms import MerchantTerms, Section, Terms, TermsText
from domain.terms_wording import KEYS, Said, Value, matters
from gateways.formats import Calendar, format_day, format_money
from gateways.phrases import ByCount
from gateways.terms_file import FILE
from gateways.word_files import FALLBACK, PhrasesError, WordFiles, leaves
from gateways.yaml_files import FileError, YamlFile

_PARTS = {"days": frozenset({"count"}), "times": frozenset({"count"}), "page.version": frozenset({"version", "since"})}
"""What else may be named, besides what stands in `KEYS`."""


class MethodWords(Frozen):
    card: str
    bank_debit: str
    sepa_debit: str
    bank_transfer: str
    # Names, the same in most languages.
    apple_pay: str = "Apple Pay"
    google_pay: str = "Google Pay"
    paypal: str = "PayPal"
    promptpay: str = "PromptPay"
    konbini: str = "Konbini"
    pix: str = "Pix"
    boleto: str = "Boleto"
    upi: str = "UPI"


class Headings(Frozen):
    paying: str
    collected: str
    sent: str
    late_fee: str


class ByAccess(Frozen):
    read_only: str
    blocked: str


class Ends(Frozen):
    with_subscription: str
    without_subscription: str


class Counted(Frozen):
    collected: str
    sent: str


class PageWords(Frozen):
    """What the page says beside the terms."""

    version: str
    past: str
    broken: str
    later: str
    reach: str


class TermsWords(Frozen):
    """A language's words."""

    calendar: Calendar = Calendar.GREGORIAN
    title: str
    headings: Headings
    days: ByCount
    times: ByCount
    methods: MethodWords
    methods_taken: str
    collected: str
    due: str
    due_at_once: str
    tries: str
    tries_of_provider: str
    tries_faults: str
    tries_new_method: str
    no_tries: str
    reminds_before: str
    writes: str
    grace: str
    limits: ByAccess
    limits_at_once: ByAccess
    notice: str
    ends: Ends
    collections: str
    no_collections: str
    counted: Counted
    page: PageWords


class TermsTexts:
    """Writes terms in every language in which they can be offered whole."""

    def __init__(
        self, directories: Sequence[Path], stated: YamlFile, merchant: str, *, language: str = FALLBACK
    ) -> None:
        """A later directory takes the place of the earlier ones, text by text. `language` is the merchant's: whose own
        is not offered reads the terms in it.

        Raises FileError for a file of the merchant's that is wrong, PhrasesError for a language's words.
        """
        self._merchant = merchant
        self._files = WordFiles(FILE, TermsWords, _may, directories, language=language)
        self._words, self.language = self._files.words, self._files.default
        self._by_key = {
            name: {dotted(loc): text for loc, text in leaves(words.model_dump())} for name, words in self._words.items()
        }
        self._locales = {tag.lower(): _locale(tag) for tag in self._files.tags}
        self.stated = stated.as_model(MerchantTerms)
        self._file = stated
        if wrong := [stated.told(loc, why) for loc, why in self._unsaid()]:
            raise FileError("\n".join(wrong))

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that there are words for, by their tags in lower case."""
        return tuple(self._words)

    def told(self, segment: str, language: str, why: str) -> str:
        """What is wrong with a late fee's words: with file, line and key."""
        return self._file.told(("segments", segment, "late_fee", language), why)

    def page(self, language: str) -> PageWords:
        return self._words[language].page

    def name_of(self, language: str) -> str:
        """The language in its own words: `Deutsch`."""
        locale = self._locales[language]
        return locale.get_display_name(locale) or language

    def version_line(self, language: str, version: str, since: date) -> str:
        """Which version it is, as the page says it."""
        day = format_day(since, self._locales[language], self._words[language].calendar)
        return self._files.said(self.page(language).version, {"version": version, "since": day})

    def write(self, terms: Terms) -> dict[str, TermsText]:
        """The terms in words, by language. Where the merchant states a late fee they are offered in the languages in
        which it is stated: half of the terms are no terms."""
        offered = [name for name in self._words if name in terms.late_fee or not terms.late_fee]
        return {name: self._text(name, terms) for name in offered}

    def _text(self, language: str, terms: Terms) -> TermsText:
        said = [
            Section(
                heading=self._sentence(language, Said(key=matter.heading)),
                sentences=tuple(self._sentence(language, one) for one in matter.sentences),
            )
            for matter in matters(terms)
        ]
        if fee := terms.late_fee.get(language):
            heading = self._sentence(language, Said(key="headings.late_fee"))
            said.append(Section(heading=heading, sentences=(fee,)))
        return TermsText(title=self._sentence(language, Said(key="title")), sections=tuple(said))

    def _sentence(self, language: str, said: Said) -> str:
        values = {name: self._form(language, name, value) for name, value in said.values.items()}
        return self._files.said(self._by_key[language][said.key], {"merchant": self._merchant, **values})

    def _form(self, language: str, name: str, value: Value) -> str:
        words, locale = self._words[language], self._locales[language]
        if isinstance(value, int):
            by_count: ByCount = getattr(words, name)
            text = getattr(by_count, locale.plural_form(value)) or by_count.other
            return self._files.said(text, {"count": value})
        texts = [
            format_money(one, locale) if isinstance(one, Money) else str(getattr(words.methods, one)) for one in value
        ]
        return format_list(texts, style="or", locale=locale)

    def _unsaid(self) -> Iterator[tuple[Loc, str]]:
        """Late fees that cannot be read by those who would have to."""
        for segment, stated in self.stated.segments.items():
            loc: Loc = ("segments", segment, "late_fee")
            for language in stated.late_fee:
                if language not in self._words:
                    yield loc, f"{language} has no words; use {', '.join(self._words)}"
            if stated.late_fee and self.language not in stated.late_fee:
                yield loc, f"it lacks {self.language}, the merchant's language, which all others fall back to"


def _may(loc: Loc) -> frozenset[str]:
    """What one text may name."""
    name = dotted(loc)
    part = name.rpartition(".")[0] if name.startswith(("days.", "times.")) else name
    return _PARTS.get(part, KEYS.get(name, frozenset()) | ({"merchant"} if name in KEYS else frozenset()))


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise PhrasesError(f"{tag}/{FILE}: {tag} is not a language such as en or pt-BR.") from None
