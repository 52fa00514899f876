"""The languages that somebody wants, and which of those that are there comes nearest."""

from collections.abc import Container, Iterable
from typing import Protocol


class Languages(Container[str], Iterable[str], Protocol):
    """Tags in lower case."""


def wanted(stated: str) -> list[str]:
    """The tags (BCP 47) of a list as in `Accept-Language`, the most wanted first: `fr-CA, th` is fr-ca, then th.

    In lower case, with hyphens; what a browser says of their weight is left out.
    """
    tags = (plain(tag.partition(";")[0]) for tag in stated.split(","))
    return [tag for tag in tags if tag]


def chosen(tag: str, there: Languages) -> str | None:
    """The name of the language for a tag; None where none is near. All that a customer reads chooses by it.

    `de-AT` reads `de`, and `pt` or `pt-PT` reads `pt-br`: another region's words are still one's own language.
    """
    name = plain(tag)
    while name:
        if name in there:
            return name
        name = name.rpartition("-")[0]
    own = primary(tag)
    return next((name for name in sorted(there) if primary(name) == own), None)


def primary(tag: str) -> str:
    """A tag's language alone: `de` of `de-AT`."""
    return plain(tag).partition("-")[0]


def plain(tag: str) -> str:
    """A tag as it is compared: `pt_BR` is `pt-br`."""
    return tag.strip().replace("_", "-").lower()
