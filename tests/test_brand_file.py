"""A merchant's own brand and words lie over the shipped ones, and are checked as these are."""

import shutil
from pathlib import Path

import pytest

from domain.steps import Channel, Stage
from gateways.brand import contrast
from gateways.messages import TemplateMessages
from gateways.policy_files import policy_files
from gateways.word_files import PhrasesError
from runtime import wiring
from runtime.branding import brand
from runtime.settings import SHIPPED, Settings, SettingsError
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import an_invoice, some_facts, someone


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    (folder / "messages" / "en").mkdir(parents=True)
    shutil.copy(SHIPPED / "standard.yaml", folder)
    return folder


@pytest.fixture
def own(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"dunning_policies": folder})


def test_settings_alone_are_a_brand(settings: Settings) -> None:
    found = brand(settings)

    assert (settings.merchant_name, settings.merchant_contact) == (found.name, found.contact)


def test_the_merchants_file_goes_before_settings_and_shipped_colours(own: Settings, folder: Path) -> None:
    said = 'name: Nimbus\ncontact: "+66 2 123 4567"\ncolours: {light: {action: "#0f766e"}}\n'
    (folder / "brand.yaml").write_text(said, "utf-8")

    found = brand(own.model_copy(update={"merchant_contact": None}))

    assert ("Nimbus", "+66 2 123 4567", "#0f766e") == (found.name, found.contact, found.colours.light.action)
    assert a_brand().colours.dark == found.colours.dark
    assert ["standard.yaml"] == [file.name for file in policy_files(folder)]


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#1d4ed8", "#1d4ed8", 1)]
)
def test_contrast_is_counted_as_wcag_does(one: str, other: str, ratio: float) -> None:
    assert ratio == pytest.approx(contrast(one, other), abs=0.01)
    assert contrast(one, other) == contrast(other, one)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'colours: {dark: {on_action: "#93c5fd"}}\n',
            r"brand\.yaml:1: colours\.dark\.on_action: its contrast with action",
        ),
        ("nmae: Nimbus\n", r"brand\.yaml:1: nmae: unknown key; did you mean name\?"),
        (
            'phone: "+66 2 123 4567"\ncolours: {light: {text: "#eeeeee"}}\n',
            r"brand\.yaml:2: colours\.light\.text: its contrast with card is 1\.2",
        ),
        ("contact: our staff\n", r"brand\.yaml:1: contact: is neither an e-mail address"),
    ],
)
def test_a_wrong_file_stops_the_worker_with_one_sentence(own: Settings, folder: Path, said: str, told: str) -> None:
    (folder / "brand.yaml").write_text(said, "utf-8")

    with pytest.raises(SettingsError, match=told):
        wiring.activities(own)


def test_a_sentence_is_said_in_the_merchants_own_way_and_all_others_come_with_the_release(folder: Path) -> None:
    (folder / "messages/en/phrases.yaml").write_text('regards: "Yours, the {{ merchant }} team"\n', "utf-8")

    text = _mail(folder)

    assert "Yours, the Acme team" in text
    assert "Any questions?" in text


def test_an_opening_of_ones_own_that_names_the_merchant_is_not_introduced_once_more(folder: Path) -> None:
    """Also in a text message the merchant is named once, whoever wrote its words."""
    own = "sms: {opening: {friendly: {tried: '{{ merchant }} here: {{ amount }} of {{ number }} is unpaid.'}}}\n"
    (folder / "messages/en/phrases.yaml").write_text(own, "utf-8")

    messages = TemplateMessages((SHIPPED / "messages", folder / "messages"), a_brand())
    text = messages.render(Channel.SMS, some_facts(Stage.FRIENDLY), someone(), an_invoice(), "en").text

    assert text.startswith("Acme here: $149.00 of ")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('\nregards: "{{ nmae }}"\n', r"policies/messages/en/phrases\.yaml:2: regards: nmae is not known there"),
        ("regard: Yours\n", r"policies/messages/en/phrases\.yaml:1: regard: unknown key"),
        ("labels: {help: [a]}\n", r"policies/messages/en/phrases\.yaml:1: labels\.help"),
    ],
)
def test_a_wrong_sentence_is_refused_with_its_own_file_and_line(folder: Path, said: str, told: str) -> None:
    (folder / "messages/en/phrases.yaml").write_text(said, "utf-8")

    with pytest.raises(PhrasesError, match=told):
        _mail(folder)


def test_a_form_of_address_is_a_file_over_the_language(folder: Path) -> None:
    (folder / "messages/en/phrases.friendly.yaml").write_text("regards: Cheers\n", "utf-8")

    assert "Cheers" in _mail(folder, {"en": "friendly"})
    assert "Cheers" not in _mail(folder)
    with pytest.raises(PhrasesError, match=r"voice\.en: formal has no words: write en/phrases\.formal\.yaml"):
        _mail(folder, {"en": "formal"})


def _mail(folder: Path, voice: dict[str, str] | None = None) -> str:
    messages = TemplateMessages((SHIPPED / "messages", folder / "messages"), a_brand(voice=voice or {}))
    return messages.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(), an_invoice(), "en").text
