"""Words of one kind in every language: a file of that name in each language's folder, read over each other and checked
text by text."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel

from domain.languages import chosen, wanted
from domain.sentences import Loc
from gateways.yaml_files import FileError, layered

W = TypeVar("W", bound=BaseModel)
May = Callable[[Loc], frozenset[str]]
"""What the text at a place of the file may name."""

FALLBACK = "en"
_PLAIN = SandboxedEnvironment()


class PhrasesError(Exception):
    """A language's file is missing, incomplete or wrong. One sentence per problem that names file, line and key."""


class WordFiles(Generic[W]):
    """`name` in the folder of each language, as a `model`, and the templates that are its texts.

    A later directory takes the place of the earlier ones, text by text. `language` is the merchant's; only `languages`
    count, by their tags in lower case: None: all. Raises PhrasesError for a language whose words are wrong, or without
    English.
    """

    def __init__(
        self,
        name: str,
        model: type[W],
        may: May,
        directories: Sequence[Path],
        *,
        language: str = FALLBACK,
        languages: Collection[str] | None = None,
    ) -> None:
        environment = SandboxedEnvironment(undefined=StrictUndefined)
        environment.globals.clear()
        self._template = lru_cache(maxsize=None)(environment.from_string)
        files: dict[str, list[Path]] = {}
        for file in (file for directory in directories for file in sorted(directory.glob(f"*/{name}"))):
            files.setdefault(file.parent.name, []).append(file)
        self.tags = [tag for tag in files if languages is None or tag.lower() in languages]
        self.words = {tag.lower(): read_words(files[tag], model, may) for tag in self.tags}
        if FALLBACK not in self.words:
            raise PhrasesError(f"{directories[-1]} has no {FALLBACK}/{name}: other languages fall back to it.")
        self.default = chosen(language, self.words) or FALLBACK

    def of(self, language: str) -> tuple[str, W]:
        """The words for who wants this language, and the tag by which they were found: `pt-BR`, though they are those
        of `pt`."""
        tag = next((tag for tag in wanted(language) if chosen(tag, self.words)), self.default)
        return tag, self.words[chosen(tag, self.words) or FALLBACK]

    def said(self, text: str, values: Mapping[str, object]) -> str:
        """A text with what it names."""
        return self._template(text).render(values)


def read_words(layers: Sequence[Path], model: type[W], may: May) -> W:
    """Files of one language over each other, the highest last. Raises PhrasesError with every problem found."""
    try:
        file = layered(layers)
        words = file.as_model(model)
    except FileError as error:
        raise PhrasesError(str(error)) from None
    found = [(loc, _wrong(text, may(loc))) for loc, text in leaves(file.data)]
    if wrong := [file.told(loc, why) for loc, why in found if why]:
        raise PhrasesError("\n".join(wrong))
    return words


@lru_cache(maxsize=8192)
def named(text: str) -> frozenset[str]:
    """What a text names. Raises TemplateSyntaxError for one that is no template."""
    return frozenset(meta.find_undeclared_variables(_PLAIN.parse(text)))


def leaves(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Every text of a file's values, and where it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*loc, name))
    elif isinstance(value, str):
        yield loc, value


def _wrong(text: str, may: frozenset[str]) -> str | None:
    try:
        unknown = sorted(named(text) - may)
    except TemplateSyntaxError as error:
        return error.message
    return f"{', '.join(unknown)} is not known there; known: {', '.join(sorted(may)) or 'nothing'}" if unknown else None
