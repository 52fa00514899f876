"""What the law of a place wants a message to name, found in its text or added to it, in the customer's language."""

from collections.abc import Collection, Sequence
from pathlib import Path

from domain.base import Frozen
from domain.brand import Brand
from domain.languages import chosen, wanted
from domain.money import Money
from domain.steps import Channel
from gateways.ports.messages import Rendered
from gateways.word_files import FALLBACK
from gateways.yaml_files import layered


class _Words(Frozen):
    """Of one language."""

    opt_out: str  # of a text message: the word that stops them
    contact: str  # before the place where the merchant answers


class _Required(Frozen):
    languages: dict[str, _Words]


class RequiredSentences:
    """The sentences of `required.yaml` in the folders of the messages. Raises FileError when it is wrong."""

    def __init__(self, directories: Sequence[Path], brand: Brand, *, language: str = FALLBACK) -> None:
        """A later directory takes the place of the earlier ones, word by word. `language` is the merchant's, for
        customers whose own is not there."""
        self._merchant = brand.name
        self._ways = [way.shown for way in brand.ways]
        files = [file for directory in directories if (file := directory / "required.yaml").is_file()]
        self._languages = layered(files or [directories[-1] / "required.yaml"]).as_model(_Required).languages
        self._default = chosen(language, self._languages) or FALLBACK

    def complete(
        self, channel: Channel, message: Rendered, language: str, due: Money, names: Collection[str]
    ) -> tuple[Rendered, frozenset[str]]:
        """The message with what can be added of the names that it lacks, and the names that it has then."""
        if channel is Channel.SMS:
            words = self._of(language)
            if "contact" in names and not self._says_where(message.text):
                message = _with(message, f"{words.contact} {self._ways[0]}")
            if "opt_out" in names and "STOP" not in message.text:
                message = _with(message, words.opt_out)
        return message, self._named(channel, message, due)

    def _named(self, channel: Channel, message: Rendered, due: Money) -> frozenset[str]:
        text = f"{message.subject} {message.text}"
        found = {
            "sender": self._merchant in text,
            "creditor": self._merchant in text,
            "amount": _digits(due) in "".join(sign for sign in text if sign.isdecimal()),
            "contact": self._says_where(text),
            # Who gets an e-mail opts out by its own link or header, or by an answer to the address that it names.
            "opt_out": "STOP" in text if channel is Channel.SMS else self._says_where(text),
        }
        return frozenset(name for name, is_there in found.items() if is_there)

    def _says_where(self, text: str) -> bool:
        return any(way in text for way in self._ways)

    def _of(self, language: str) -> _Words:
        found = (name for tag in wanted(language) if (name := chosen(tag, self._languages)))
        return self._languages[next(found, self._default)]


def _digits(due: Money) -> str:
    """Of whole units some languages write no decimals."""
    return str(due.amount).removesuffix("00") or "0"


def _with(message: Rendered, sentence: str) -> Rendered:
    return message.model_copy(update={"text": f"{message.text} {sentence}"})
