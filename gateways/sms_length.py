"""How long a text message is (3GPP TS 23.038: the basic alphabet and its extension, else UCS-2)."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # two septets each

ONE_SEGMENT_GSM7 = 160
TWO_SEGMENTS_UCS2 = 134


def is_gsm7(text: str) -> bool:
    """Whether the text can be sent in the basic alphabet. No-break spaces cannot."""
    return all(sign in _BASIC or sign in _EXTENDED for sign in text)


def length(text: str) -> int:
    """Septets in the basic alphabet; else UTF-16 units."""
    if is_gsm7(text):
        return sum(2 if sign in _EXTENDED else 1 for sign in text)
    return len(text.encode("utf-16-be")) // 2


def fits(text: str) -> bool:
    """Whether it costs no more than one segment in the basic alphabet, or two outside it."""
    return length(text) <= (ONE_SEGMENT_GSM7 if is_gsm7(text) else TWO_SEGMENTS_UCS2)
