"""The domain of an e-mail address as DNS has it (IDNA 2008, RFC 5891)."""

import unicodedata

import idna


def with_ascii_domain(text: str | None) -> str | None:
    """The text with what stands after its last sign @ in ASCII; as it is, where that is no domain of any script.

    Nothing but case is mapped: a domain that is only like another one is that of somebody else.
    """
    local, at, domain = (text or "").strip().rpartition("@")
    if not at or domain.isascii():
        return text
    try:
        return f"{local}@{idna.encode(unicodedata.normalize('NFC', domain).lower()).decode()}"
    except UnicodeError:
        return text
