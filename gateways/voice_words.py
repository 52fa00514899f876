"""What the automatic service says on the telephone: words (`policies/messages/<language>/voice.yaml`)."""

from collections.abc import Sequence
from pathlib import Path

from domain.base import Frozen
from domain.names import plausible_name
from domain.sentences import Loc
from gateways.formats import format_money
from gateways.messages import TemplateMessages
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.voice import VoiceScript
from gateways.word_files import FALLBACK, WordFiles

FILE = "voice.yaml"
_BEFORE = frozenset({"merchant", "call_back"})
_MAY = {"ask": _BEFORE | {"name"}, "about": _BEFORE | {"number", "amount"}}
"""What each text may name; all others no more than merchant and call-back number."""


class BeforeWords(Frozen):
    """To whoever answers: nothing of a debt."""

    ask: str
    ask_neutral: str
    who: str
    stranger: str
    goodbye: str
    no_more: str


class VoiceWords(Frozen):
    """One language's words. `voice` and `locale`: by which they are read aloud (Twilio, Text-to-speech)."""

    voice: str
    locale: str
    before: BeforeWords
    about: str
    pay_link: str
    call_back: str
    opt_out: str
    link_comes: str
    will_call: str


class TemplateVoice:
    """`ports.voice.VoiceScripts`. Raises PhrasesError for a language whose words are wrong, or without English."""

    def __init__(
        self, messages: TemplateMessages, directories: Sequence[Path], call_back: str, *, language: str = FALLBACK
    ) -> None:
        """As `TemplateCalls`."""
        self._messages = messages
        self._call_back = call_back
        self._files = WordFiles(FILE, VoiceWords, _may, directories, language=language, languages=messages.languages)

    def script(self, address: Address) -> VoiceScript:
        tag, words = self._files.of(address.language)
        phrases, _ = self._messages.language_of(tag)
        person = plausible_name(address.name, address.language or phrases.locale)
        brand, before = self._messages.brand, words.before
        known = {"merchant": brand.name, "name": person, "call_back": " ".join(self._call_back)}
        unknown = known | {"merchant": brand.neutral_name or brand.name}

        def said(text: str) -> str:
            return self._files.said(text, known)

        def first(text: str) -> str:
            return self._files.said(text, unknown)

        return VoiceScript(
            voice=words.voice,
            locale=words.locale,
            ask=first(before.ask if person else before.ask_neutral),
            who=first(before.who),
            stranger=first(before.stranger),
            goodbye=first(before.goodbye),
            no_more=first(before.no_more),
            pay_link=said(words.pay_link),
            call_back=said(words.call_back),
            opt_out=said(words.opt_out),
            link_comes=said(words.link_comes),
            will_call=said(words.will_call),
        )

    def about(self, address: Address, invoice: InvoiceSnapshot) -> str:
        tag, words = self._files.of(address.language)
        _, locale = self._messages.language_of(tag)
        values = {
            "merchant": self._messages.brand.name,
            "call_back": " ".join(self._call_back),
            "number": invoice.number or invoice.id,
            "amount": format_money(invoice.remaining, locale),
        }
        return self._files.said(words.about, values)


def _may(loc: Loc) -> frozenset[str]:
    return _MAY.get(str(loc[-1]), _BEFORE)
