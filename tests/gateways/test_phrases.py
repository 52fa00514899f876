"""A language is a file: complete, checked when it is read, and added by copying a folder."""

import re
import shutil
from pathlib import Path

import pytest

from domain.declines import DeclineClass, Reason
from domain.steps import WRITTEN, Channel, Stage
from domain.wording import KEYS
from gateways.messages import TemplateMessages
from gateways.phrases import load_phrases
from gateways.word_files import PhrasesError
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import DIRECTORY, MESSAGES, an_invoice, some_facts, someone
from tests.letters import A_DAY


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The message directory with one change in a copied language."""
    directory = shutil.copytree(DIRECTORY, tmp_path / "messages")
    copy = shutil.copytree(directory / "en", directory / "eo") / "phrases.yaml"
    text = copy.read_text(encoding="utf-8")
    assert old in text
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    return directory


def test_a_language_is_added_by_copying_a_folder(tmp_path: Path) -> None:
    messages = TemplateMessages([changed(tmp_path, '"Kind regards,"', '"Atenciosamente,"')], a_brand())
    message = messages.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(), an_invoice(), "eo")

    assert "Atenciosamente," in message.text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('  declined: "Your bank did not approve the payment."\n', "", "reasons lacks declined"),
        ("regards:", "regard:", "regard: unknown key; did you mean regards?"),
        ('regards: "Kind regards,"\n', "", "regards: the key is missing"),
        ("calendar: gregorian", "calendar: lunar", ":4: calendar: 'lunar' is not allowed; use gregorian or buddhist"),
        ("locale: en", "locale: klingon", ":3: locale: klingon is not a locale"),
        ('"Kind regards,"', '"{{ nmae }}"', ":9: regards: nmae is not known there"),
        ('"Kind regards,"', '"{{ ends_on }}"', "regards: ends_on is not known there"),
        ('"Kind regards,"', '"{{ merchant }"', "regards: "),
        ('"Kind regards,"', '"{% if subscription %}Yours{% endif %}"', "regards: subscription is not known there"),
        ('"Kind regards,"', '"Kind', "the YAML cannot be read"),
        ("locale: en", "locale: pl", "sms.others lacks few, a plural of pl"),
        ("\n    firm:\n", "\n    firmer:\n", "sms.opening"),
        ("      passed: ", "      past: ", "past: unknown key"),
    ],
)
def test_a_wrong_language_file_is_refused_when_it_is_read(tmp_path: Path, old: str, new: str, says: str) -> None:
    """One sentence with the file, the line and the key, at the start and not on the day of the final notice."""
    with pytest.raises(PhrasesError) as error:
        TemplateMessages([changed(tmp_path, old, new)], a_brand())

    assert "eo/phrases.yaml" in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize("language", sorted(file.parent.name for file in DIRECTORY.glob("*/phrases.yaml")))
def test_a_language_has_words_for_every_sentence_and_for_no_other(language: str) -> None:
    """The table of sentences (domain/wording.py) and the files agree."""
    phrases = load_phrases([DIRECTORY / language / "phrases.yaml"])

    said = {key if key in KEYS else key.rpartition(".")[0] for key in phrases.texts}

    assert set(KEYS) == said


def test_english_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(PhrasesError, match=r"has no en/phrases\.yaml"):
        TemplateMessages([tmp_path], a_brand())


@pytest.mark.parametrize(
    ("language", "card"), [("en", r"The card that|card details|use another card"), ("th", "บัตรที่|ข้อมูลบัตร|ใช้บัตรใบอื่น")]
)
@pytest.mark.parametrize("channel", list(WRITTEN))
@pytest.mark.parametrize("reason", [Reason.CARD_NOT_USABLE, Reason.WRONG_CARD_DATA, Reason.EXPIRED_CARD])
def test_who_pays_from_a_bank_account_is_not_told_of_a_card(
    reason: Reason, channel: Channel, language: str, card: str
) -> None:
    """A closed account (`account_closed`) and a local method's wrong data have the same reasons as a card's."""
    facts = some_facts(Stage.REMINDER, reason, action=DeclineClass.NEW_METHOD)

    assert not re.search(card, MESSAGES.render(channel, facts, someone(), an_invoice(), language, on=A_DAY).text)


@pytest.mark.parametrize("place", ['regards: "Kind regards,"\n', "labels:\n", "sms:\n"])
def test_a_text_has_no_place_for_an_offer(tmp_path: Path, place: str) -> None:
    """What is said of an account is never mixed with promotion: a key that the wording does not know is refused."""
    offer = f'{place}  offer: "Upgrade now and save"\n' if place.endswith(":\n") else f'{place}offer: "Upgrade now"\n'

    with pytest.raises(PhrasesError, match="offer: unknown key"):
        TemplateMessages([changed(tmp_path, place, offer)], a_brand())


@pytest.mark.parametrize("layout", sorted(DIRECTORY.glob("email.*.j2")), ids=lambda file: file.name)
def test_a_layout_says_nothing_by_itself(layout: Path) -> None:
    """Every letter that a customer reads comes from the phrases: between the tags there are no words."""
    said = re.sub(
        r"(?s)<style.*?</style>|<!--.*?-->|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|&\w+;", " ", layout.read_text()
    )

    assert [] == re.findall(r"[^\W\d_]{2,}", said)
