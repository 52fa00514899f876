"""What the automatic service says on the telephone: words (`policies/messages/<language>/voice.yaml`)."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from domain.base import Frozen
from domain.languages import chosen, wanted
from domain.names import plausible_name
from gateways.formats import format_money
from gateways.messages import FALLBACK, TemplateMessages
from gateways.phrases import PhrasesError
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.voice import VoiceScript
from gateways.yaml_files import FileError, layered

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
        self._environment = SandboxedEnvironment(undefined=StrictUndefined)
        self._environment.globals.clear()
        self._template = lru_cache(maxsize=None)(self._environment.from_string)
        files: dict[str, list[Path]] = {}
        for file in (file for directory in directories for file in sorted(directory.glob(f"*/{FILE}"))):
            files.setdefault(file.parent.name.lower(), []).append(file)
        self._words = {name: self._read(paths) for name, paths in files.items() if name in messages.languages}
        if FALLBACK not in self._words:
            raise PhrasesError(f"{directories[-1]} has no {FALLBACK}/{FILE}: other languages fall back to it.")
        self._default = chosen(language, self._words) or FALLBACK

    def script(self, address: Address, invoice: InvoiceSnapshot) -> VoiceScript:
        tag = next((tag for tag in wanted(address.language) if chosen(tag, self._words)), self._default)
        words = self._words[chosen(tag, self._words) or FALLBACK]
        phrases, locale = self._messages.language_of(tag)
        person = plausible_name(address.name, address.language or phrases.locale)
        brand, before = self._messages.brand, words.before
        known = {
            "merchant": brand.name,
            "name": person,
            "call_back": " ".join(self._call_back),
            "number": invoice.number or invoice.id,
            "amount": format_money(invoice.remaining, locale),
        }

        unknown = known | {"merchant": brand.neutral_name or brand.name}

        def said(text: str) -> str:
            return self._template(text).render(known)

        def first(text: str) -> str:
            return self._template(text).render(unknown)

        return VoiceScript(
            voice=words.voice,
            locale=words.locale,
            ask=first(before.ask if person else before.ask_neutral),
            who=first(before.who),
            stranger=first(before.stranger),
            goodbye=first(before.goodbye),
            no_more=first(before.no_more),
            about=said(words.about),
            pay_link=said(words.pay_link),
            call_back=said(words.call_back),
            opt_out=said(words.opt_out),
            link_comes=said(words.link_comes),
            will_call=said(words.will_call),
        )

    def _read(self, paths: Sequence[Path]) -> VoiceWords:
        try:
            file = layered(paths)
            words = file.as_model(VoiceWords)
        except FileError as error:
            raise PhrasesError(str(error)) from None
        before, after = words.before.model_dump(), words.model_dump(exclude={"before"})
        texts: dict[tuple[str, ...], str] = {("before", name): text for name, text in before.items()}
        texts |= {(name,): text for name, text in after.items()}
        wrong = [file.told(loc, problem) for loc, text in texts.items() if (problem := self._wrong(loc[-1], text))]
        if wrong:
            raise PhrasesError("\n".join(wrong))
        return words

    def _wrong(self, name: str, text: str) -> str | None:
        may = _MAY.get(name, _BEFORE)
        try:
            used = meta.find_undeclared_variables(self._environment.parse(text))
        except TemplateSyntaxError as error:
            return error.message
        unknown = sorted(used - may)
        return f"{', '.join(unknown)} is not known there; known are {', '.join(sorted(may))}" if unknown else None
