"""How long a text message is (3GPP TS 23.038: the basic alphabet and its extension, else UCS-2)."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # two septets each

_GSM7, _UCS2 = (160, 153), (70, 67)  # room in a single segment, and in each of several


def is_gsm7(text: str) -> bool:
    """Whether the text can be sent in the basic alphabet. No-break spaces cannot."""
    return all(sign in _BASIC or sign in _EXTENDED for sign in text)


def length(text: str) -> int:
    """Septets in the basic alphabet; else UTF-16 units."""
    if is_gsm7(text):
        return sum(2 if sign in _EXTENDED else 1 for sign in text)
    return len(text.encode("utf-16-be")) // 2


def segments(text: str) -> int:
    """How many segments it costs; of several, each has less room than a single one."""
    alone, each = _GSM7 if is_gsm7(text) else _UCS2
    return 1 if (size := length(text)) <= alone else -(-size // each)


def usual_segments(text: str) -> int:
    """What a text in this alphabet may cost in any case: one segment in the basic alphabet, two outside it."""
    return 1 if is_gsm7(text) else 2
