"""Texts from outside: what nothing can keep, and how they stand in a line. Pure."""

import json
import re

from pydantic import AfterValidator

UNKEPT = "a text in it holds a NUL or half a character (\\ud800 to \\udfff), which no table keeps"

# As JSON writes it: behind no backslash that is not itself escaped.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# White space, control characters, halves of characters, and what turns the direction of the text behind it.
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]+")


def is_unkept(data: object) -> bool:
    """Whether JSON data holds what `UNKEPT` says, in a value or in a key. RecursionError: it is nested too deeply."""
    text = json.dumps(data, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\\u0000" in text and _NUL.search(text) is not None


def one_line(text: str) -> str:
    """The text in one line, whatever it holds: a terminal obeys control characters."""
    return _BREAKS.sub(" ", text).strip()


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds characters that cannot be printed")
    return text


Printable = AfterValidator(_printable)
"""Of an id: it becomes part of keys, of lines and of addresses."""
