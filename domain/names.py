"""What of a customer's name may be repeated. Sign-up forms are abused to have links and calls sent around in our name.

Whoever is not greeted by name gets a neutral greeting: a name that is refused costs nothing, one that should have been
refused costs the merchant's good name. So a name is what looks like nothing else.
"""

import re
import unicodedata
from itertools import pairwise

from domain.languages import primary, wanted

_LONGEST = 60
_MOST_WORDS = 8
_MOST_DIGITS = 4  # "Studio 54"; a phone number has more
_LONGEST_ON_PAPER = 80
_MOST_DIGITS_ON_PAPER = 6  # a telephone's have more
_NOT_ON_PAPER = frozenset("@<>{}\u3002\uff0e")
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})  # what follows reads backwards
_CALLING = 2  # so many words that ask somebody to do something: one of them stands in many a firm's name
_MOST_MARKS = 3  # signs over and under one letter, one after another; Thai has two, Vietnamese text three at most

_SIGNS = frozenset(" -'.,&()\u2019\u2010\u00b7\u30fb")
# No letters that only look like others: phonetic signs, small capitals, enclosed and full-width letters.
_LATIN = ((0x0041, 0x005A), (0x0061, 0x007A), (0x00C0, 0x024F), (0x1E00, 0x1EFF))
# Letters that show nothing (Hangul fillers), and Latin ones of no name that look like others: "\u01f7ay\u01f7al".
_NO_LETTERS = frozenset(
    "\u115f\u1160\u3164\uffa0\u01a6\u01a7\u01a8\u01b8\u01b9\u01bb\u01bc\u01bd\u01be\u01bf\u01c0\u01c1\u01c2\u01c3\u01f7\u0222\u0223\u0241\u0242"
)
# The scripts that a language is written in, besides Latin, as Unicode names their letters.
_CYRILLIC, _ARABIC, _DEVANAGARI = ("CYRILLIC",), ("ARABIC",), ("DEVANAGARI",)
_SCRIPTS: dict[str, tuple[str, ...]] = {
    "am": ("ETHIOPIC",),
    "ar": _ARABIC,
    "be": _CYRILLIC,
    "bg": _CYRILLIC,
    "bn": ("BENGALI",),
    "el": ("GREEK",),
    "fa": _ARABIC,
    "gu": ("GUJARATI",),
    "he": ("HEBREW",),
    "hi": _DEVANAGARI,
    "hy": ("ARMENIAN",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC ITERATION"),
    "ka": ("GEORGIAN",),
    "kk": _CYRILLIC,
    "km": ("KHMER",),
    "kn": ("KANNADA",),
    "ko": ("HANGUL", "CJK"),
    "lo": ("LAO",),
    "mk": _CYRILLIC,
    "ml": ("MALAYALAM",),
    "mr": _DEVANAGARI,
    "my": ("MYANMAR",),
    "ne": _DEVANAGARI,
    "pa": ("GURMUKHI",),
    "ru": _CYRILLIC,
    "si": ("SINHALA",),
    "sr": _CYRILLIC,
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "th": ("THAI",),
    "uk": _CYRILLIC,
    "ur": _ARABIC,
    "zh": ("CJK", "BOPOMOFO", "IDEOGRAPHIC ITERATION"),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What programs and people write where a name is missing; a title alone is none either.
_PLACEHOLDERS = _words(
    "admin anonymous client customer default deleted dummy empty example false first firstname guest last lastname me "
    "n/a na name nan nil no noname none not null owner string tba tbd test tester true undefined unknown user username "
    "void x xx xxx your available provided given entered "
    "dr dra frau herr madam madame mademoiselle miss mme monsieur mr mrs ms mx prof señor señora sir"
)
# What asks somebody to do something, in the languages that the messages have.
_CALLS = _words(
    "account bank bitcoin bonus btc call cash casino claim click com confirm congratulations contact coupon credit "
    "crypto dear deposit discount dot download expired expires final free gift http https hurry invoice jackpot "
    "link loan login lottery notice offer open password pay payment paypal prize promo refund reset reward security "
    "sign signin sms subscribe support suspended telegram text update urgent usdt verify visit voucher warning "
    "whatsapp win winner won www you "
    "konto bezahlen zahlung rechnung mahnung gewinn gewinner gutschein gratis klicken kostenlos passwort sofort "
    "compte paiement payer facture cadeau cliquez gagnant gagner gratuit remboursement "
    "cuenta pago pagar factura haga clic premio ganador regalo gratis urgente "
    "conta pagamento fatura clique ganhou ganhador brinde boleto senha"
)
_CALLS_IN_ONE_WORD = (
    "คลิก",
    "ลิงก์",
    "ติดต่อ",
    "รางวัล",
    "โบนัส",
    "ฟรี",
    "โอนเงิน",
    "ชำระ",
    "ยืนยัน",
    "บัญชี",
    "ด่วน",
    "クリック",
    "無料",
    "当選",
    "支払",
    "口座",
    "至急",
    "請求",
)

# A dot inside a word makes a link of it, in mail programs; titles and initials are short: "Dr.Lee", "J.R.", "ดร.สมชาย".
_TITLES = frozenset({"dr", "fr", "hr", "ing", "jr", "mag", "mr", "mrs", "ms", "prof", "rev", "sr", "st"})
_MOST_SHORT = 3


def plausible_name(name: str | None, language: str) -> str | None:
    """The name in one line, or None when it may be something else.

    `language`: what the customer wants (domain/languages.py); a name in the script of one of these is a name, one in a
    foreign script may hide another.
    """
    line = unicodedata.normalize("NFC", " ".join((name or "").split()))
    words = [word for word in re.split(r"[\W_]+", line.casefold()) if word]
    plausible = (
        0 < len(line) <= _LONGEST
        and len(words) <= _MOST_WORDS
        and any(_one_script(line, tag) for tag in wanted(language) or ("",))
        and not _has_a_number(line)
        and not _is_a_link(line)
        and not set(words) <= _PLACEHOLDERS
        and line.casefold() not in _PLACEHOLDERS
        and not _CALLS.intersection(words)
        and not any(call in line for call in _CALLS_IN_ONE_WORD)
    )
    return line if plausible else None


def addressee(name: str | None) -> str | None:
    """The name in one line, as it may stand on an envelope; None when it may be something else.

    What is refused gets no letter, so less is: a firm may be called after what it sells, and somebody's name may be in
    another script than that of their language.
    """
    line = unicodedata.normalize("NFC", " ".join((name or "").split()))
    words = [word for word in re.split(r"[\W_]+", line.casefold()) if word]
    harmless = (
        0 < len(line) <= _LONGEST_ON_PAPER
        and any(sign.isalpha() for sign in line)
        and not any(sign in _NOT_ON_PAPER or unicodedata.bidirectional(sign) in _TURNS for sign in line)
        and sum(sign.isdigit() for sign in line) <= _MOST_DIGITS_ON_PAPER
        and not _is_a_link(line)
        and not set(words) <= _PLACEHOLDERS
        and line.casefold() not in _PLACEHOLDERS
        and len(_CALLS.intersection(words)) < _CALLING
        and not any(call in line for call in _CALLS_IN_ONE_WORD)
    )
    return line if harmless else None


def _one_script(line: str, tag: str) -> bool:
    """Whether all letters are Latin, or all of the language's other script; and nothing else but a name's few signs."""
    own = _SCRIPTS.get(primary(tag), ())
    latin = foreign = marks = 0
    for sign in line:
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind.startswith("M") else 0
        if marks > _MOST_MARKS or sign in _NO_LETTERS:
            return False
        if any(low <= ord(sign) <= high for low, high in _LATIN):
            latin += kind.startswith("L")
        elif kind[0] in "LM" and own and unicodedata.name(sign, "").startswith(own):
            foreign += kind.startswith("L")
        elif sign not in _SIGNS and not ("0" <= sign <= "9"):
            return False
    return bool(latin) != bool(foreign)


def _has_a_number(line: str) -> bool:
    """Whether it may be a telephone's, or digits stand for letters ("P4yP4l")."""
    return sum(sign.isdigit() for sign in line) > _MOST_DIGITS or bool(re.search(r"[^\W\d_]\d+[^\W\d_]", line))


def _is_a_link(line: str) -> bool:
    """Whether a mail program would make a link of a part of it."""
    for word in line.split():
        parts = word.split(".")
        for before, after in pairwise(parts):
            letters = sum(sign.isalpha() for sign in before)
            if not after or not after[0].isalpha() or sum(sign.isalpha() for sign in after) == 1:
                continue  # the end of an abbreviation, or an initial
            title = before.casefold().lstrip("(") in _TITLES if before.isascii() else letters <= _MOST_SHORT
            if not title and letters != 1:
                return True
            if before.isascii() and (after.islower() or after.isupper()):
                return True
    return False
