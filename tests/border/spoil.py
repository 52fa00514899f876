"""Real shapes with something wrong in them: a part is gone, of another type, nested, overflowing, in another script.

What is spoiled, and how, follows from a `Random` alone, which hypothesis seeds: drawing each choice from hypothesis
costs ten times what reading the result does.
"""

import json
from copy import deepcopy
from random import Random
from typing import Any

_OVERFLOW, _DIGITS, _NAN = "@overflow@", "@digits@", "@nan@"
_AS_WRITTEN = {json.dumps(_OVERFLOW): "1e999999", json.dumps(_DIGITS): "9" * 5000, json.dumps(_NAN): "NaN"}

NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 1.5, -0.0, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30, 1e308, 253_402_300_800),
    *(4_102_444_799, 1_790_000_000, 1_790_000_000_000, 2000, _OVERFLOW, _DIGITS, _NAN),
)
TEXTS: tuple[str, ...] = (
    *("", " ", ".", "..", "../events", "null", "true", "0", "-0", "1790000000", "1e999999", "NaN", "x" * 300),
    *("ж" * 5000, "قيمة", "請求", "🙂", "a\u2028b", "\u202etxt.exe", "a\nb\r\tc", "e\u0301", "ﬁ", "ⅷ", "१२३", "٤٢"),
    *("\x00", "in_\x00", "\x1b[31m", "\x7f\x85", "\ufeff", "\ufffe", "\ud800", "\udfff1", "\ud83d\ude00", "a\udc00b"),
    *("usd", "USDC", "ＵＳＤ", "UЅD", "฿฿฿", "19.99 USD", "1e5 USD", "-1 USD", "99999999999999999999 USD", "1 usd usd"),
    *("%2e%2e", "in_1?x=1#y", "in_1", "іn_1", "evt_1", "https://evil.example/", "<b>x</b>", "{{ 7 * 7 }}", "'; --"),
    *("2026-04-07", "2026-04-07T12:00:00", "2026-04-07T12:00:00Z", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59-14:00", "2099-02-30T00:00:00Z", "P1D", "23:59", "Asia/Bangkok", "../../etc/passwd"),
)
OTHERS: tuple[Any, ...] = (
    *(None, True, False, [], {}, [[]], [None], {"id": 5}, {"id": None}, {"id": "in_1"}, {"": ""}, {"\ud800": 1}),
    *({"object": "list", "data": [None, 3, "x"]}, {"data": {"data": []}}, {"amount": 1, "currency": "USD"}),
)
_KEYS = ("", "id", "event_id", "amount", "\x00", "\ud800", "іd", "x" * 300, "__class__", "Amount", "a\nb")


def odd(rng: Random) -> Any:
    """A value that nobody expects in most places."""
    return deepcopy(rng.choice(rng.choice((NUMBERS, TEXTS, TEXTS, OTHERS))))


def spoiled(rng: Random, shape: Any, most: int = 3) -> Any:
    """A copy of the shape with up to `most` things wrong in it."""
    shape = json.loads(json.dumps(shape))
    for _ in range(rng.randint(1, most)):
        if not isinstance(shape, dict | list) or not shape or rng.random() < 0.01:
            return rng.choice((*NUMBERS, *TEXTS, None, True))
        _spoil(rng, shape)
    return shape


def _spoil(rng: Random, holder: Any) -> None:
    """Walks down to some place and spoils it."""
    while True:
        place = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
        below = holder[place]
        if not below or not isinstance(below, dict | list) or rng.random() < 0.25:
            break
        holder = below
    match rng.randrange(8):
        case 0:
            del holder[place]
        case 1:
            holder[place] = rng.choice(([below], {"id": below}, {"data": [below]}, [[below, below]], {"object": below}))
        case 2:
            depth = rng.randint(1, 60)
            holder[place] = json.loads("[" * depth + "]" * depth)
        case 3 if isinstance(holder, dict):
            holder[rng.choice(_KEYS)] = holder.pop(place) if rng.random() < 0.5 else odd(rng)
        case 4 if isinstance(below, str):
            holder[place] = _look_alike(rng, below)
        case 5 if isinstance(below, int | float):
            holder[place] = rng.choice((-below, below + 0.5, str(below), below * 10**20, float(below)))
        case _:
            holder[place] = odd(rng)


_LIKE = str.maketrans("aeiopcyxEHKMTABC_-", "аеіорсухЕНКМТАВС＿‐")


def _look_alike(rng: Random, text: str) -> str:
    """The same text to the eye, or nearly: with letters of another script, marks, halves of characters."""
    cut = rng.randint(0, len(text))
    middle = rng.choice(("\u200b", "\u202e", "\x00", "\ud83d", "\udc4d", "\u0301", " ", "\u2028", "\n"))
    return rng.choice(
        (
            text.translate(_LIKE),
            text[:cut] + middle + text[cut:],
            text[:cut],
            text.upper(),
            text + text,
            text.swapcase(),
        )
    )


def written(rng: Random, value: Any, **form: Any) -> str:
    """As JSON, with the numbers that only a text can hold."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, **form)
    for placeholder, number in _AS_WRITTEN.items():
        text = text.replace(placeholder, number)
    return text


def as_bytes(text: str) -> bytes:
    """What is in the file: half a character as its three bytes, which are no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def torn(rng: Random, text: str) -> str:
    """A record's JSON with a slip in its text: as an editor, a broken disk or a hand-made exporter leaves it."""
    at = rng.randrange(len(text) + 1)
    match rng.randrange(4):
        case 0:
            return text[:at] + text[at + rng.randint(1, 20) :]
        case 1:
            return text[:at]
        case 2:
            return (
                text[:at]
                + rng.choice(('"', "{", "}", "[", "]", ",", ":", "\\", "'", "\x00", "nul", "//", "\ufeff"))
                + text[at:]
            )
        case _:
            marks = [i for i, character in enumerate(text) if character in '{}[]",:\\']
            at = rng.choice(marks or [0])
            return text[:at] + rng.choice(("", "", "'", "}", "]")) + text[at + 1 :]
