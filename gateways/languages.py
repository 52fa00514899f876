"""Which of the languages that are there a customer reads. Messages and the page behind their link choose alike."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def chosen(tag: str, there: Mapping[str, T]) -> str | None:
    """The name of the language for a BCP 47 tag; None where none is near. `there` has its tags in lower case.

    `de-AT` reads `de`, and `pt` or `pt-PT` reads `pt-br`: another region's words are still one's own language.
    """
    wanted = plain(tag)
    while wanted:
        if wanted in there:
            return wanted
        wanted = wanted.rpartition("-")[0]
    language = plain(tag).partition("-")[0]
    return next((name for name in sorted(there) if name.partition("-")[0] == language), None)


def plain(tag: str) -> str:
    """A tag as it is compared: `pt_BR` is `pt-br`."""
    return tag.strip().replace("_", "-").lower()
