"""What an operator may be shown in one line."""

import unicodedata

_OBEYED = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, ends of lines and paragraphs
_TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_a_line(text: str, longest: int) -> bool:
    """Whether the text is one line of bearable length, in which nothing commands a terminal."""
    obeyed = any(unicodedata.category(character) in _OBEYED or character in _TURNS for character in text)
    return bool(text) and len(text) <= longest and not obeyed
