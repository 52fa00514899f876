"""Terms in the languages of the messages, and the merchant's own part of them."""

from pathlib import Path

import pytest

from domain.installation import COMPLETE
from domain.terms import Method, Stated, TermsText, terms_of
from gateways.policy_files import load_policy, policy_files
from gateways.terms_file import terms_file
from gateways.terms_texts import TermsTexts
from gateways.word_files import PhrasesError
from gateways.yaml_files import FileError

POLICIES = Path(__file__).parents[2] / "policies"
LANGUAGES = {"en", "de", "fr", "es", "pt-br", "th", "ja"}
BOTH = {False: load_policy(POLICIES / "standard.yaml"), True: load_policy(POLICIES / "sent-invoices.yaml")}


def texts(own: Path = POLICIES, language: str = "en") -> TermsTexts:
    folders = [POLICIES / "messages", *([own / "messages"] if own != POLICIES else [])]
    return TermsTexts(folders, terms_file(POLICIES, own), "Nimbus", language=language)


def written(**stated: object) -> dict[str, TermsText]:
    return texts().write(terms_of(Stated.model_validate(stated), BOTH, COMPLETE))


def whole(text: TermsText) -> str:
    return "\n".join([text.title, *(line for part in text.sections for line in (part.heading, *part.sentences))])


def test_the_terms_of_the_shipped_policies_in_english() -> None:
    text = written(due_days=14, methods=["card", "apple_pay", "bank_transfer"])["en"]

    assert "Payment terms of Nimbus" == text.title
    assert ["How you pay", "If a payment does not go through", "If an invoice is not paid on time"] == [
        part.heading for part in text.sections
    ]
    paying, collected, sent = (" ".join(part.sentences) for part in text.sections)
    assert "You can pay by card, Apple Pay, or bank transfer." in paying
    assert "Invoices that we send you are due within 14 days." in paying
    assert "We plan up to 6 further tries within 28 days." in collected
    assert (
        "If the amount is still unpaid after 10 days, your account is read-only until everything due is paid."
        in collected
    )
    assert "at least R$50" not in collected
    assert "$50.00" in collected
    assert "We remind you 3 days before the due date." in sent


def test_every_language_says_as_much() -> None:
    found = written(due_days=1, methods=[*Method])

    assert LANGUAGES == found.keys()
    shapes = {language: [len(part.sentences) for part in text.sections] for language, text in found.items()}
    assert 1 == len({tuple(shape) for shape in shapes.values()}), shapes
    for language, text in found.items():
        assert "{{" not in whole(text)
        assert whole(text).count("Nimbus") >= 1, language
        numbers = {"10", "28", "45", "14", "7", "3", "21"}
        assert all(number in whole(text) for number in numbers), language


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "within 1 day."), ("de", "innerhalb von 1 Tag zu"), ("fr", "délai de 1 jour."), ("es", "de 1 día.")],
)
def test_one_day_is_one_day(language: str, said: str) -> None:
    assert said in whole(written(due_days=1)[language])


def test_a_late_fee_is_in_the_merchants_words_or_the_language_is_not_offered() -> None:
    found = written(late_fee={"en": "After 14 days we add 5 EUR.", "pt-BR": "Depois de 14 dias, somamos 5 EUR."})

    assert {"en", "pt-br"} == found.keys()
    assert ("Late payment", ("After 14 days we add 5 EUR.",)) == (
        found["en"].sections[-1].heading,
        found["en"].sections[-1].sentences,
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    (folder / "messages" / "en").mkdir(parents=True)
    return folder


def test_the_merchants_file_lies_over_the_shipped_one(own: Path) -> None:
    (own / "terms.yaml").write_text("segments:\n  pro: {due_days: 30}\n", "utf-8")
    (own / "messages" / "en" / "terms.yaml").write_text('title: "How {{ merchant }} bills"\n', "utf-8")
    (own / "short.yaml").write_text("", "utf-8")

    found = texts(own)

    assert 30 == found.stated.of("pro").due_days
    assert found.stated.of("any").due_days is None
    text = found.write(terms_of(Stated(), BOTH, COMPLETE))["en"]
    assert ("How Nimbus bills", "How you pay") == (text.title, text.sections[0].heading)
    assert ["short.yaml"] == [file.name for file in policy_files(own)]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("segments: {any: {due_days: -1}}", r"terms\.yaml:1: segments\.any\.due_days"),
        ("segments: {any: {methods: [cheque]}}", r"terms\.yaml:1: segments\.any\.methods\[0\]"),
        ("segments:\n  any:\n    late_fee: {it: Mora}", r"terms\.yaml:3: .*late_fee.*: it has no words"),
        ("segments: {any: {late_fee: {de: Gebühr}}}", r"late_fee: it lacks en, the merchant's language"),
        ("segments: {any: {late_fee: {en: ' '}}}", r"late_fee\.en: .*it is empty"),
    ],
)
def test_a_file_that_is_wrong_names_file_line_and_key(own: Path, said: str, told: str) -> None:
    (own / "terms.yaml").write_text(said, "utf-8")

    with pytest.raises(FileError, match=told):
        texts(own)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('due: "Due within {{ weeks }}."', r"terms\.yaml:1: due: weeks is not known there; known: days, merchant"),
        ('days: {one: "{{ days }}", other: "x"}', r"days\.one: days is not known there; known: count"),
        ('page: {past: "{{ merchant }}"}', r"page\.past: merchant is not known there; known: nothing"),
        ('limits: {read_only: "{% if %}"}', r"terms\.yaml:1: limits\.read_only: "),
        ('nonsense: "x"', r"terms\.yaml:1: nonsense"),
    ],
)
def test_words_that_are_wrong_name_file_line_and_key(own: Path, said: str, told: str) -> None:
    (own / "messages" / "en" / "terms.yaml").write_text(said, "utf-8")

    with pytest.raises(PhrasesError, match=told):
        texts(own)
