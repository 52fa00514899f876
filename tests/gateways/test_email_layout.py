"""An e-mail as mail programs, screen readers and spam filters take it, in every language."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import html5lib
import pytest
from ruamel.yaml import YAML

from domain.money import Money
from domain.steps import DEMANDS, Channel, Stage
from domain.truth import MessageFacts
from gateways.messages import TemplateMessages
from gateways.ports.messages import Rendered
from gateways.ports.payments import InvoiceSnapshot, Line, PaymentMethod
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import DIRECTORY, NUMBER, an_invoice, every_situation, some_facts, someone
from tests.letters import A_DAY

LANGUAGES = sorted(file.parent.name for file in DIRECTORY.glob("*/phrases.yaml"))
SPAM = YAML(typ="safe").load(Path(__file__).parents[1] / "data/spam_phrases.yaml")
BRAND = a_brand(
    "Acme Cloud",
    phone="+49 30 1234567",
    logo="https://acme.example/logo.png",
    imprint="https://acme.example/imprint",
    postal_address=("Acme & Co.", "1 Sky Road"),
)
PREFERENCES = "https://dunning.acme.example/preferences/"
MESSAGES = TemplateMessages([DIRECTORY], BRAND, lambda key: PREFERENCES + key)
LONG_DAY = date(2026, 9, 28)


def a_full_invoice() -> InvoiceSnapshot:
    """With all that an invoice may state."""
    month = {"start": datetime(2026, 3, 1, tzinfo=UTC), "end": datetime(2026, 4, 1, tzinfo=UTC)}
    lines = (Line(description="1 × Team plan (at $140.00 / month)", **month), Line(description="2 × Seat", **month))
    stated = {
        "lines": lines,
        "tax": Money(amount=900, currency="USD"),
        "payment_method": PaymentMethod(id="pm_1", network="visa", last4="4242"),
    }
    return an_invoice().model_copy(update=stated)


def mail(facts: MessageFacts, language: str = "en", invoice: InvoiceSnapshot | None = None) -> Rendered:
    others = [an_invoice().model_copy(update={"id": "in_2", "number": "B-2"})]
    return MESSAGES.render(Channel.EMAIL, facts, someone(), invoice or a_full_invoice(), language, others, "dun:in_1:a")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", list(DEMANDS))
def test_every_email_is_valid_html(stage: Stage, language: str) -> None:
    """Parsed as HTML5 says, with no error: no element left open, none where it may not stand."""
    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(mail(some_facts(stage), language).html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_reader_gets_language_headings_and_words_for_pictures(language: str) -> None:
    page = html5lib.parse(mail(some_facts(Stage.FRIENDLY), language).html, namespaceHTMLElements=False)

    assert language == page.get("lang")
    assert ["h1", "h2"] == [each.tag for each in page.iter() if each.tag in ("h1", "h2", "h3")]
    assert ["Acme Cloud"] == [picture.get("alt") for picture in page.iter("img")]
    assert {"presentation"} == {table.get("role") for table in page.iter("table")}
    assert all("".join(link.itertext()).strip() for link in page.iter("a"))


def test_an_email_can_be_read_in_light_and_in_dark() -> None:
    """By the brand's two palettes, whose contrast is checked when they are read: no other colour stands in it."""
    html = mail(some_facts(Stage.FINAL)).html
    known = {*BRAND.colours.light.model_dump().values(), *BRAND.colours.dark.model_dump().values()}

    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert set(re.findall(r"#[0-9a-f]{6}\b", html)) <= known


def test_the_customer_reads_what_was_bought_for_when_and_with_which_card() -> None:
    text = mail(some_facts(Stage.FRIENDLY)).text

    assert "For: 1 × Team plan (at $140.00 / month); 2 × Seat\n" in text
    assert "Period: March 1, 2026 – April 1, 2026\n" in text
    assert "Payment method on file: Visa •••• 4242\n" in text
    assert "Invoice total: $149.00\nTax in the total: $9.00\n" in text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"lines": ()}, "For:"),
        ({"lines": (Line(description="Setup"),)}, "Period:"),
        ({"tax": None}, "Tax"),
        ({"payment_method": PaymentMethod(id="pm_1")}, "Payment method on file"),
    ],
)
def test_what_the_invoice_does_not_state_is_not_said(changes: dict[str, object], word: str) -> None:
    assert word not in mail(some_facts(Stage.FRIENDLY), invoice=a_full_invoice().model_copy(update=changes)).text


def test_two_ways_to_be_helped_and_the_senders_identity_stand_in_both_parts() -> None:
    message = mail(some_facts(Stage.REMINDER))

    for part in (message.text, message.html.replace("&amp;", "&")):
        assert "help@acme.example" in part
        assert "+49 30 1234567" in part
        assert "You can also simply answer this e-mail." in part
        assert f"{PREFERENCES}dun:in_1:a" in part
        assert "Acme & Co., 1 Sky Road" in part
        assert "https://acme.example/imprint" in part
        assert "Acme Cloud writes to you because this invoice is not paid yet." in part


@pytest.mark.parametrize("channel", [Channel.NOTICE, Channel.SMS])
def test_a_shared_place_names_neither_the_card_nor_what_was_bought(channel: Channel) -> None:
    text = MESSAGES.render(channel, some_facts(Stage.FRIENDLY), someone(), a_full_invoice(), "en", on=A_DAY).text

    assert not re.search("4242|Team plan", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subject_is_short(language: str) -> None:
    """60 characters, for a merchant's name of 10, a number of 13 and the longest months: more is cut off by phones."""
    assert 13 == len(NUMBER)
    long = {
        mail(facts.model_copy(update=days), language).subject
        for facts in every_situation()
        for days in (
            {"ends_on": LONG_DAY},
            {"ends_on": LONG_DAY, "due_on": LONG_DAY},
            {"ends_on": LONG_DAY, "due_on": LONG_DAY, "overdue": True},
            {"ends_on": LONG_DAY, "again": True},
            {"ends_on": LONG_DAY, "due_on": LONG_DAY, "overdue": True, "again": True},
            {"ends_on": LONG_DAY, "due_on": LONG_DAY, "again": True},
        )
        if facts.next_charge_on is None and facts.action is None
    }

    assert {} == {subject: len(subject) for subject in long if len(subject) > 60}


@pytest.mark.parametrize("language", sorted(SPAM))
def test_no_phrase_reads_like_spam_or_phishing(language: str) -> None:
    phrases = "\n".join(
        line
        for line in (DIRECTORY / language / "phrases.yaml").read_text("utf-8").casefold().splitlines()
        if not line.lstrip().startswith("#")
    )

    assert [] == [phrase for phrase in SPAM[language] if re.search(rf"(?<![a-z]){re.escape(phrase)}(?![a-z])", phrases)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_message_never_threatens(language: str) -> None:
    """Neither the end nor anybody who collects, whatever the case knows of it."""
    facts = some_facts(Stage.FRIENDLY, ends_on=LONG_DAY, ending="collections")
    without = some_facts(Stage.FRIENDLY)

    assert mail(without, language) == mail(facts, language)
