"""Notices before a renewal, in every language that customers are written to in."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.money import Money
from domain.renewal import Notice, RenewalNow
from domain.steps import TEXTS, Channel
from gateways.messages import TemplateMessages
from gateways.ports.messages import Address, Rendered
from gateways.ports.payments import PaymentMethod
from gateways.ports.renewals import RenewalSnapshot
from gateways.renewal_messages import TemplateRenewals
from gateways.sms_length import segments
from gateways.whatsapp_templates import load_templates
from gateways.word_files import PhrasesError
from runtime import wiring
from runtime.settings import SHIPPED, Settings
from sandbox.providers.twilio_whatsapp import TEMPLATES

SETTINGS = Settings(
    merchant_name="Nimbus Ltd",
    merchant_contact="help@nimbus.example",
    merchant_account_url="https://nimbus.example/account",
)
MESSAGES = wiring.data_files(SETTINGS)[0].own
FOLDERS = SETTINGS.messages_folders
RENEWALS = TemplateRenewals(MESSAGES, FOLDERS)
LANGUAGES = sorted(MESSAGES.languages)
CHARGED_ON = date(2030, 9, 28)
DATES = {
    "de": "28. September 2030",
    "en": "September 28, 2030",
    "es": "28 de septiembre de 2030",
    "fr": "28 septembre 2030",
    "ja": "2030年9月28日",
    "pt-br": "28 de setembro de 2030",
    "th": "28 กันยายน 2573",
}
# What nobody may read while nothing has failed.
THREATS = re.compile(
    r"collections|Inkasso|recouvrement|cobranza|督促|ทวงถาม|could not collect|restricted|final notice|overdue|unpaid"
    r"|letzte Mahnung|impay|vencid[oa] |em aberto|!",
    re.IGNORECASE,
)


def written(
    language: str,
    notice: Notice,
    channel: Channel = Channel.EMAIL,
    by: TemplateRenewals | None = None,
    **fields: object,
) -> Rendered:
    at = datetime(2030, 9, 28, 15, tzinfo=UTC)
    amount, before = (Money(amount=each, currency="EUR") for each in (1999, 1485))
    now = RenewalNow(renews_at=at, charged_at=at, amount=amount, expiry="8/2030", before=before)
    card = PaymentMethod(id="pm_1", network="visa", last4="4242", expiry="8/2030")
    renewal = RenewalSnapshot(subscription_id="sub_1", customer_id="cus_1", now=now, method=card)
    address = Address(customer_id="cus_1", name="Ada Brooks", email="a@example.com", language=language)
    message = (by or RENEWALS).render(channel, notice, renewal.model_copy(update=fields), address, CHARGED_ON, "key")
    assert message is not None
    return message


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", Notice)
def test_every_notice_names_date_amount_and_merchant_and_threatens_nobody(language: str, notice: Notice) -> None:
    message = written(language, notice)
    text = message.text.replace("\u00a0", " ").replace("\u202f", " ")

    assert 0 < len(message.subject) <= 60
    assert DATES[language] in text
    assert re.search(r"19[.,]99", text)
    assert "Nimbus Ltd" in text
    assert "https://nimbus.example/account" in text
    assert "help@nimbus.example" in text
    assert None is THREATS.search(f"{message.subject}\n{message.text}")
    assert "{{" not in message.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", Notice)
@pytest.mark.parametrize("channel", [*TEXTS, Channel.NOTICE])
def test_every_notice_says_the_same_where_there_is_less_room(channel: Channel, notice: Notice, language: str) -> None:
    """A text has at most two segments, with a page as long as ours."""
    message = written(language, notice, channel)
    other = "08/2030" if notice is Notice.CARD_EXPIRES else "14"

    assert re.search(r"19[.,]99", message.text)
    assert re.search(r"28", message.text)
    assert other in message.text
    assert "https://nimbus.example/account" in message.text
    assert None is THREATS.search(message.text)
    assert not re.search(r"\{\{|\.\.", message.text)
    assert bool(message.subject) is (channel is Channel.NOTICE)
    if channel is Channel.SMS:
        assert segments(message.text) <= 2
    if channel in TEXTS:
        assert message.text.startswith("Nimbus Ltd")


@pytest.mark.parametrize("language", ["en", "th"])
def test_whatsapp_gets_what_it_has_approved(language: str) -> None:
    approved = load_templates(TEMPLATES)
    messages = TemplateMessages(FOLDERS, MESSAGES.brand, whatsapp=approved)

    message = written(language, Notice.CARD_EXPIRES, Channel.WHATSAPP, by=TemplateRenewals(messages, FOLDERS))

    template = approved.renewal(language)
    assert template
    assert message.template
    assert (template.sid, "Nimbus Ltd") == (message.template.id, message.template.values["1"])
    assert "08/2030" in message.template.values["2"]
    assert "Nimbus" not in message.template.values["2"]


def test_without_an_approved_template_nothing_of_the_kind_goes_by_whatsapp(tmp_path: Path) -> None:
    lines = TEMPLATES.read_text("utf-8").splitlines()
    file = tmp_path / "templates.yaml"
    file.write_text("\n".join(line for line in lines if "renewal:" not in line), "utf-8")
    messages = TemplateMessages(FOLDERS, MESSAGES.brand, whatsapp=load_templates(file))

    assert {Channel.WHATSAPP} == TemplateRenewals(messages, FOLDERS).closed.keys()
    assert {} == RENEWALS.closed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_is_named_with_its_end(language: str) -> None:
    message = written(language, Notice.CARD_EXPIRES)

    assert 2 == message.text.count("08/2030")
    assert "Visa •••• 4242" in message.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_changed_price_is_named_with_the_one_before(language: str) -> None:
    message = written(language, Notice.PRICE_CHANGES)

    assert 2 == len(re.findall(r"14[.,]85", message.text))
    assert "08/2030" not in message.text


def test_no_two_languages_are_the_same() -> None:
    assert (
        len(LANGUAGES) == len({written(language, Notice.CARD_EXPIRES).subject for language in LANGUAGES}) == len(DATES)
    )


@pytest.mark.parametrize(
    ("wanted", "subject"), [("it", "your card expires"), ("pt", "seu cartão"), ("fr-CA", "votre carte")]
)
def test_who_has_no_words_of_their_own_reads_the_nearest(wanted: str, subject: str) -> None:
    assert subject in written(wanted, Notice.CARD_EXPIRES).subject


def test_a_card_whose_number_is_not_known_has_no_line() -> None:
    message = written("en", Notice.CARD_EXPIRES, method=None)

    assert "Payment method on file" not in message.text


@pytest.mark.parametrize(
    ("line", "wrong", "told"),
    [
        ("{{ expires }}", "{{ expiry }}", "expiry is not known there; known: amount, charged_on, expires, merchant"),
        ("  card_expires:", "  card_expire:", "card_expire"),
        ("New card: {{ link }}", "New card", "has to name link, and nothing else"),
        ("    todo:", "    to_do:", "to_do: unknown key; did you mean todo?"),
    ],
)
def test_a_mistake_in_the_words_is_told(tmp_path: Path, line: str, wrong: str, told: str) -> None:
    words = (SHIPPED / "messages" / "en" / "renewals.yaml").read_text(encoding="utf-8")
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "renewals.yaml").write_text(words.replace(line, wrong), encoding="utf-8")

    with pytest.raises(PhrasesError, match=re.escape(told)):
        TemplateRenewals(MESSAGES, [tmp_path])
