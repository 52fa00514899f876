"""Seven languages: which one a customer reads, and that each is whole, short enough and set as its readers expect."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from babel import Locale

from domain.declines import Reason
from domain.known import Todo
from domain.languages import chosen
from domain.steps import DEMANDS, Channel, Stage
from domain.truth import Ending
from domain.wording import KEYS
from gateways.formats import format_day, format_day_short, format_names
from gateways.messages import TemplateMessages
from gateways.phrases import plurals
from gateways.ports.messages import Address
from gateways.preference_page import PreferencePage, Trouble, Wishes
from gateways.sms_length import is_gsm7, length, segments
from gateways.stripe_shapes import read_customer
from gateways.word_files import PhrasesError
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import (
    DIRECTORY,
    HELP,
    LANGUAGES,
    LINK,
    MESSAGES,
    NEXT,
    NUMBER,
    PRICES,
    an_invoice,
    rendered,
    some_facts,
    someone,
)

DAYS = [date(2026, month, 1 if month % 2 else 28) for month in range(1, 13)]
_WIDE = ("ja", "th")
THERE = {name.lower(): name for name in LANGUAGES}


def words(language: str, key: str, day: date) -> str:
    """One sentence with values as they really are."""
    phrases = MESSAGES._languages[language.lower()]
    short = key.startswith("sms.")
    write = format_day_short(day, phrases.babel) if short else format_day(day, phrases.babel, phrases.calendar)
    _, _, amount = PRICES[language]
    values = {name: write if name.endswith("_on") else "2" for name in KEYS[key]}
    values |= {"merchant": "Acme Cloud", "number": NUMBER, "amount": amount, "name": "Ada", "link": LINK}
    values |= {"sum": amount, "contact": HELP.shown, "finals": "A-2, A-3"}
    return MESSAGES._plain.from_string(phrases.words(key, values)).render(values)


def test_the_seven_languages_are_there() -> None:
    assert ["de", "en", "es", "fr", "ja", "pt-BR", "th"] == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_said_on_every_day(language: str) -> None:
    """None shows a variable, a blank too many, or a full stop after that of a shortened month."""
    for key in KEYS:
        for day in DAYS:
            text = words(language, key, day)

            # Who writes stands in front of the next sentence, with what is between them.
            assert text.strip() == (text.rstrip() if key == "sms.writer" else text)
            assert not re.search(r"[{}]|  |\.\.|None", text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subject_has_sixty_signs_at_most(language: str) -> None:
    """For a usual name, the longest usual number, and the longest date of a year."""
    for key in (key for key in KEYS if ".subject." in key):
        for day in DAYS:
            assert len(words(language, key, day)) <= 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_has_two_segments_at_most_with_all_that_must_be_said(language: str) -> None:
    """On any day, also in the language's longest months; with other invoices, the final notice of which it is."""
    amount, currency, _ = PRICES[language]
    invoice, other = an_invoice(amount, currency), an_invoice(amount, currency)
    others = (other.model_copy(update={"id": "in_2", "number": "A-2"}),)
    for day in DAYS:
        for stage in DEMANDS:
            for ending in Ending:
                facts = some_facts(stage, ends_on=day, ending=ending, next_charge_on=day, restricts_on=day)
                several = facts.model_copy(update={"also_final": ("in_2",) if stage is Stage.FINAL else ()})
                alone = MESSAGES.render(Channel.SMS, facts, someone(), invoice, language).text
                more = MESSAGES.render(Channel.SMS, several, someone(), invoice, language, others).text

                assert segments(alone) <= 2, (length(alone), alone)
                assert segments(more) <= (3 if language == "th" else 2), (length(more), more)
                assert is_gsm7(more) is (language not in _WIDE), more


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_about_a_payment_that_was_taken_back_can_be_written(language: str) -> None:
    """It has two sentences of what happened, and nobody had asked for its short form."""
    facts = some_facts(Stage.REMINDER, came_back=True)

    assert MESSAGES.render(Channel.SMS, facts, someone(), an_invoice(), language).text.endswith(LINK)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_has_words_for_each_of_its_plurals(language: str) -> None:
    """CLDR's rules, for as many invoices as a customer may have."""
    phrases = MESSAGES._languages[language.lower()]

    assert {f"sms.others.{form}" for form in plurals(phrases.babel)} <= set(phrases.texts)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("pt", "pt-br"),
        ("pt-PT", "pt-br"),
        ("PT_br", "pt-br"),
        ("de-AT", "de"),
        ("de-Latn-CH-1996", "de"),
        ("es-419", "es"),
        ("fr-CA", "fr"),
        ("ja-JP", "ja"),
        ("it", None),
        ("ptx", None),
        ("", None),
    ],
)
def test_a_customer_reads_the_words_of_their_language_whatever_its_region(tag: str, name: str | None) -> None:
    assert name == chosen(tag, THERE)


def test_who_speaks_a_language_that_is_not_there_reads_the_merchants() -> None:
    messages = TemplateMessages([DIRECTORY], a_brand(), language="de")
    page = PreferencePage([DIRECTORY], a_brand(), language="de")
    text = messages.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(), an_invoice(), "it").text

    assert "Guten Tag" in text
    assert '<html lang="de">' in page.render(Wishes(language="it", offered=(), stopped=()))
    assert '<html lang="de">' in page.render_trouble(Trouble.BROKEN, "it, pl;q=0.8")
    assert '<html lang="en">' in page.render_trouble(Trouble.BROKEN, "it, en-GB;q=0.8, fr;q=0.7")


def test_a_customer_of_no_stated_language_was_written_to_in_english_by_a_thai_merchant() -> None:
    messages = TemplateMessages([DIRECTORY], a_brand(), language="th")
    unknown = read_customer({"id": "cus_1", "object": "customer", "name": "สมชาย ใจดี", "preferred_locales": []})
    address = Address(customer_id="cus_1", name=unknown.name, language=unknown.language)
    text = messages.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), address, an_invoice(), address.language).text

    assert unknown.language == ""
    assert text.startswith("เรียน คุณสมชาย ใจดี")


@pytest.mark.parametrize(
    ("language", "two", "three"),
    [
        ("en", "A-2 and A-3", "A-2, A-3, and A-4"),
        ("en-GB", "A-2 and A-3", "A-2, A-3 and A-4"),
        ("th", "A-2 และ A-3", "A-2 A-3 และ A-4"),
        ("de", "A-2 und A-3", "A-2, A-3 und A-4"),
        ("fr", "A-2 et A-3", "A-2, A-3 et A-4"),
        ("es", "A-2 y A-3", "A-2, A-3 y A-4"),
        ("pt-BR", "A-2 e A-3", "A-2, A-3 e A-4"),
        ("ja", "A-2、A-3", "A-2、A-3、A-4"),
    ],
)
def test_a_list_of_invoices_is_written_as_the_language_does(language: str, two: str, three: str) -> None:
    locale = Locale.parse(language, sep="-")

    assert format_names(("A-2",), locale) == "A-2"
    assert format_names(("A-2", "A-3"), locale) == two
    assert format_names(("A-2", "A-3", "A-4"), locale) == three


def test_a_merchant_whose_language_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    directory = shutil.copytree(DIRECTORY, tmp_path / "messages")

    with pytest.raises(PhrasesError, match="MERCHANT_LANGUAGE is it"):
        TemplateMessages([directory], a_brand(), language="it")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_behind_the_link_is_there_in_every_language(language: str) -> None:
    page = PreferencePage([DIRECTORY], a_brand())
    shown = page.render(Wishes(language=language, offered=(Channel.EMAIL, Channel.SMS), stopped=(Channel.SMS,)))

    assert f'<html lang="{language.lower()}">' in shown
    assert HELP.shown in shown


def _long(language: str) -> str:
    """What e-mails, notices and the page say, without names of variables."""
    texts = MESSAGES._languages[language.lower()].texts
    said = [text for key, text in texts.items() if not key.startswith(("sms.", "greeting.named"))]
    return re.sub(r"\{\{.*?\}\}", "X", "\n".join(said))


@pytest.mark.parametrize(
    ("language", "wrong"),
    [
        ("fr", r"[ \w]\?| [;:!]|\w[;:!]|'|\u00ab[^\u00a0\u202f]"),
        ("es", r"(?m)^[^¿\n]*\?|^[^¡\n]*!"),
        ("de", r"['\"]| - | – "),
        ("pt-BR", r"['\"]| [;:?]"),
        ("ja", r"[,.;:?!]|。。|[()]"),
    ],
)
def test_punctuation_is_that_of_the_language(language: str, wrong: str) -> None:
    """French has narrow blanks before ? and typographic apostrophes, Spanish opens its questions, Japanese is wide."""
    assert [] == re.findall(wrong, _long(language))


def test_a_german_message_goes_on_after_the_comma_of_its_greeting() -> None:
    """There the next word is written small, and in a notice, which greets nobody, large: it is one that always is."""
    texts = MESSAGES._languages["de"].texts
    openings = [text for key, text in texts.items() if key.startswith("stages.") and ".opening." in key]

    assert [] == [text for text in openings if not re.match(r"\{\{ amount \}\} |Ihre |Sie ", text)]


@pytest.mark.parametrize(
    ("language", "wrong"),
    [
        ("fr", r"\b(de|que) \{\{ merchant|\{\{ amount \}\} (reste|sont|étai|échu|impayé)"),
        ("es", r"(?i)(siguen|quedan) \{\{ amount|\{\{ amount \}\} (siguen|quedan|vencido|pendientes)"),
    ],
)
def test_no_word_depends_on_what_fills_a_place_beside_it(language: str, wrong: str) -> None:
    """A merchant may begin with a vowel (d'Acme), and an amount may be one pound."""
    texts = MESSAGES._languages[language].texts

    assert [] == [text for text in texts.values() if re.search(wrong, text)]


@pytest.mark.parametrize("day", [date(2026, 8, 1), date(2026, 8, 28)])
def test_a_french_date_does_not_make_a_text_message_dearer(day: date) -> None:
    """`août` is not in the basic alphabet."""
    facts = some_facts(Stage.FINAL, ends_on=day)
    text = MESSAGES.render(Channel.SMS, facts, someone(), an_invoice(), "fr").text

    assert f"au {day:%d/%m}" in text


def test_french_writes_the_first_of_a_month_as_an_ordinal() -> None:
    facts = some_facts(Stage.FINAL, ends_on=date(2026, 3, 1))

    assert "1er mars 2026" in MESSAGES.render(Channel.EMAIL, facts, someone(), an_invoice(), "fr").text


@pytest.mark.parametrize(("tag", "day"), [("pt-BR", "1º de março"), ("pt", "1º de março"), ("pt-PT", "1 de março")])
def test_brazil_writes_the_first_of_a_month_as_an_ordinal(tag: str, day: str) -> None:
    """Not in a text message, which it would make dearer: `º` is not in the basic alphabet."""
    facts = some_facts(Stage.FINAL, ends_on=date(2026, 3, 1))

    assert f" {day} de 2026" in MESSAGES.render(Channel.EMAIL, facts, someone(), an_invoice(), tag).text
    assert is_gsm7(MESSAGES.render(Channel.SMS, facts, someone(), an_invoice(), tag).text)


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("山田太郎", "山田太郎 様"),
        ("株式会社サンプル", "株式会社サンプル 御中"),
        ("Ada Brooks", "Ada Brooks 様"),
        (None, "お客様へ"),
    ],
)
def test_a_japanese_customer_is_addressed_as_custom_asks(name: str | None, greeting: str) -> None:
    """A person is 様, a company 御中, and nobody is both."""
    text = MESSAGES.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(name), an_invoice(), "ja").text

    assert greeting == text.splitlines()[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_reasons_and_no_two_things_to_do_read_alike(language: str) -> None:
    """A line copied and forgotten would tell a customer of another's trouble."""
    texts = MESSAGES._languages[language.lower()].texts

    assert len(Reason) == len({texts[f"reasons.{reason}"] for reason in Reason})
    assert len(Todo) == len({texts[f"todo.{todo}"] for todo in Todo})


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "March 9, 2026"),
        ("en-US", "March 9, 2026"),
        ("en-GB", "9 March 2026"),
        ("en_gb", "9 March 2026"),
        ("th", "9 มีนาคม 2569"),
        ("th-TH", "9 มีนาคม 2569"),
        ("TH", "9 มีนาคม 2569"),
        ("de", "9. März 2026"),
        ("de-AT", "9. März 2026"),
        ("fr-CA", "9 mars 2026"),
        ("es-419", "9 de marzo de 2026"),
        ("pt", "9 de março de 2026"),
        ("pt-PT", "9 de março de 2026"),
        ("ja-JP", "2026年3月9日"),
        ("it", "March 9, 2026"),
        ("xx-YY", "March 9, 2026"),
        ("", "March 9, 2026"),
        ("../en", "March 9, 2026"),
        ("it, th", "9 มีนาคม 2569"),
        ("xx, en-GB, th", "9 March 2026"),
    ],
)
def test_a_language_tag_chooses_words_and_dates(tag: str, expected: str) -> None:
    """A region writes its own dates; an unknown language is English."""
    text = rendered(Channel.EMAIL, some_facts(Stage.REMINDER, next_charge_on=NEXT), tag).text

    assert expected in text
    assert ("เรียน" in text) is ("มีนาคม" in expected)


def test_a_leap_day_is_written_in_the_buddhist_calendar() -> None:
    facts = some_facts(Stage.FINAL, ends_on=date(2028, 2, 29))

    assert "29 กุมภาพันธ์ 2571" in rendered(Channel.EMAIL, facts, "th").text


@pytest.mark.parametrize(
    ("amount", "currency", "language", "expected"),
    [
        (123456, "USD", "en", "$1,234.56"),
        (7000, "JPY", "en", "¥7,000"),
        (15000, "KWD", "en", "KWD\u00a015.000"),
        (10000000, "INR", "en-IN", "₹1,00,000.00"),
        (150000, "THB", "en", "THB\u00a01,500.00"),
        (150000, "THB", "th", "฿1,500.00"),
        (150000, "XAF", "en", "FCFA\u00a0150,000"),
        (199900, "SEK", "en-CH", "Pay SEK\u00a01’999.00"),
        (199950, "RSD", "en", "RSD\u00a01,999.50"),
        (199900, "RSD", "en", "RSD\u00a01,999"),
    ],
)
def test_amounts_are_written_as_the_language_does_and_never_rounded(
    amount: int, currency: str, language: str, expected: str
) -> None:
    text = MESSAGES.render(
        Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(), an_invoice(amount, currency), language
    ).text

    assert expected in text
