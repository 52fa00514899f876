"""Whose name is repeated in a message, and what only stands in its place."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.names import addressee, plausible_name

NAMES = {
    "en": [
        "Ada Example",
        "Anne-Marie O'Neill",
        "Anne‐Marie O’Neill",
        "Dr.Lee J.R. Jr.",
        "J.R.R. Tolkien",
        "María del Carmen Fernández de la Torre",
        "Nguyễn Thị Ánh",
        "Studio 54",
        "Studio54 3M 7-Eleven",
        "Müller & Söhne GmbH (Berlin)",
        "Acme, Inc.",
        "Smith Co.,Ltd.",
        "Gal·la Puig",
        "Łukasz Żółć",
        "Christopher Null",
    ],
    "th-TH": ["สมชาย ใจดี", "ดร.สมชาย", "น.ส. คำแก้ว", "Somchai Jaidee"],
    "ru": ["Иван Иванов", "И.И. Иванов"],
    "ja_JP": ["佐々木 健", "サトー・ケン"],
    "ko": ["김민준"],
    "hi": ["श्रीमती देवी"],
    "ar": ["محمد علي"],
    "zh-Hant-TW": ["王小明"],
}
NO_NAMES = [
    # links
    "Your prize at evil.com",
    "EVIL.COM",
    "Evil.Com",
    "evil.co.th wins",
    "www.evil",
    "Ann @evil",
    "https://evil.example",
    "Ann <b>Lee</b>",
    "{{ 7*7 }}",
    "evil。com",
    "evil dot com",
    "http evil",
    "ｅｖｉｌ．ｃｏｍ",
    "Ann \u202emoc.live",
    # calls to action
    "Claim your bonus",
    "URGENT Call support",
    "Click here",
    "PayPal Security",
    "You are the winner",
    "Verify Ann",
    "P4yP4l Secur1ty",
    # phone numbers
    "Ann 415-555-0100",
    "Ring 08 12 34 56 78",
    # placeholders
    "",
    "   ",
    "-",
    ".",
    "null",
    "Mr.",
    "Dr",
    "Sir",
    "Herr",
    "NULL null",
    "None",
    "n/a",
    "undefined undefined",
    "First Last",
    "Test User",
    "12",
    # look-alike letters
    "P\u0430yp\u0430l",  # two of them Cyrillic
    "ᴀᴅᴀ",
    "Ａｄａ",
    "𝐀𝐝𝐚",
    "A\u200bda",
    "Z\u0335\u0336\u0337\u0338algo",
    # other scripts than the customer's language has
    "Иван",
    "สมชาย",
    "محمد",
    # what no name is
    "Ann 🎉",
    "Ann\x00Lee",
    "Dear Ann!",
    "A" * 61,
    "one two three four five six seven eight nine",
]


@pytest.mark.parametrize(("language", "name"), [(lang, name) for lang, names in NAMES.items() for name in names])
def test_names_are_names(language: str, name: str) -> None:
    """With titles, initials, signs and accents, in Latin letters or in those of the customer's language."""
    assert unicodedata.normalize("NFC", name) == plausible_name(name, language)


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_held_a_link_a_call_or_nothing_was_repeated_to_the_customer(name: str) -> None:
    """R36: sign-up forms are abused to have it sent around, and the mail comes from the merchant."""
    assert plausible_name(name, "en") is None


@pytest.mark.parametrize("name", ["คลิกที่นี่", "รับรางวัลฟรี", "ติดต่อด่วน", "ธนาคาร.ไทย"])
def test_a_call_to_action_in_thai_is_no_name_either(name: str) -> None:
    """The shipped languages are English and Thai."""
    assert plausible_name(name, "th") is None


def test_a_name_is_one_line() -> None:
    """Whatever blanks it has."""
    assert "Ada Example" == plausible_name("  Ada\n\tExample ", "en")


def test_no_name_is_none() -> None:
    """Most customers of some merchants."""
    assert plausible_name(None, "en") is None


@given(st.text(max_size=90), st.sampled_from(["en", "th", "ru", "ja", "", "xx-YY"]))
def test_whatever_a_name_field_holds_what_is_repeated_is_harmless(text: str, language: str) -> None:
    """No sign that markup, code, links or numbers need, one script alone, and the same name again when read again."""
    name = plausible_name(text, language)

    if name is not None:
        assert not set(name) & set('<>{}[]|\\=@/#%$^*~`"!?:;+_')
        assert 4 >= sum(sign.isdigit() for sign in name)
        assert not [sign for sign in name if unicodedata.category(sign)[0] in "CS" or (sign.isspace() and sign != " ")]
        scripts = {unicodedata.name(sign).split()[0] == "LATIN" for sign in name if sign.isalpha()}
        assert 1 == len(scripts)
        assert name == plausible_name(name, language)


@given(
    st.sampled_from(
        ["evil.com", "bit.ly/x", "www.evil.net", "http://x.io", "+1 415 555 0100", "ann@evil.com", "P\u0430y"]
    ),
    st.text(st.sampled_from("Ana Lee-'. "), max_size=20),
    st.text(st.sampled_from("Ana Lee-'. "), max_size=20),
)
def test_no_surrounding_makes_a_name_of_a_link(link: str, before: str, after: str) -> None:
    """However it is wrapped, as a word of its own."""
    assert plausible_name(f"{before} {link} {after}", "en") is None


@pytest.mark.parametrize(("name", "language"), [("\u3164", "ko"), ("\u115f\u1160", "ko"), ("\u01f7ay\u01f7al", "en")])
def test_a_letter_that_shows_nothing_or_looks_like_another_is_in_no_name(name: str, language: str) -> None:
    """Hangul fillers, and wynn for P."""
    assert plausible_name(name, language) is None


def test_a_name_in_the_script_of_the_second_language_is_a_name() -> None:
    """But no mixture of two."""
    assert plausible_name("สมชาย ใจดี", "fr-CA, th") == "สมชาย ใจดี"
    assert plausible_name("Иван ใจดี", "ru, th") is None


@pytest.mark.parametrize(
    "name", [*(name for names in NAMES.values() for name in names), "Security Services Ltd", "B2B A/S"]
)
def test_a_name_may_stand_on_an_envelope_in_any_script_and_firms_by_what_they_sell(name: str) -> None:
    assert addressee(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "Win $1000 at evil.example",
        "Call +1 900 555 0100 now",
        "https://evil.example",
        "Claim your bonus",
        "PayPal Security",
        "คลิกที่นี่",
        "Ann @evil",
        "Ann <b>Lee</b>",
        "Ann \u202emoc.live",
        "null",
        "n/a",
        "Frau",
        "12",
        " ",
        None,
    ],
)
def test_a_name_that_held_a_link_a_call_or_nothing_was_printed_on_the_envelope(name: str | None) -> None:
    """R36: the letter comes from the merchant, to whatever address the form was given."""
    assert addressee(name) is None
