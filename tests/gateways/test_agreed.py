"""What an e-mail says of the terms that its customer agreed to, in every language, and when it says nothing."""

from datetime import date

import html5lib
import pytest

from domain.steps import WRITTEN, Channel, Stage
from domain.terms import Agreed
from gateways.messages import TemplateMessages
from gateways.ports.messages import Rendered
from tests.gateways.brands import a_brand
from tests.gateways.test_email_layout import LANGUAGES
from tests.gateways.test_messages import DIRECTORY, END, Ending, an_invoice, some_facts, someone
from tests.letters import A_DAY

TERMS = "https://dunning.acme.example/terms/"
AGREED = Agreed(version="0f6c2a9b7d315e84", on=date(2026, 3, 3))
MESSAGES = TemplateMessages([DIRECTORY], a_brand(), terms=lambda version: TERMS + version)
BARE = TemplateMessages([DIRECTORY], a_brand())
SAID = {
    "de": "Sie haben unseren Zahlungsbedingungen am 3. März 2026 zugestimmt",
    "en": "You agreed to our payment terms on March 3, 2026",
    "es": "Usted aceptó nuestras condiciones de pago el 3 de marzo de 2026",
    "fr": "Vous avez accepté nos conditions de paiement le 3 mars 2026",
    "ja": "2026年3月3日に、お支払い条件にご同意いただいております",
    "pt-BR": "Você aceitou nossas condições de pagamento em 3 de março de 2026",
    "th": "ท่านยอมรับเงื่อนไขการชำระเงินของเราเมื่อวันที่ 3 มีนาคม 2569",
}


def message(
    agreed: Agreed | None, language: str = "en", channel: Channel = Channel.EMAIL, by: TemplateMessages = MESSAGES
) -> Rendered:
    facts = some_facts(Stage.FINAL, ends_on=END, ending=Ending.COLLECTIONS)
    return by.render(channel, facts, someone(), an_invoice(), language, agreed=agreed, on=A_DAY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_email_names_the_day_and_leads_to_that_version(language: str) -> None:
    mail = message(AGREED, language)

    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(mail.html)
    [link] = [
        each
        for each in html5lib.parse(mail.html, namespaceHTMLElements=False).iter("a")
        if each.get("href") == f"{TERMS}{AGREED.version}"
    ]
    assert SAID[language] == "".join(link.itertext())
    assert SAID[language] in mail.text
    assert f"{TERMS}{AGREED.version}" in mail.text


def test_without_an_acceptance_nothing_is_different() -> None:
    assert message(None, by=BARE) == message(None)


def test_without_a_public_address_nothing_is_said() -> None:
    """The customer could not read what the sentence is about."""
    assert message(None) == message(AGREED, by=BARE)


@pytest.mark.parametrize("channel", [channel for channel in WRITTEN if channel is not Channel.EMAIL])
def test_only_emails_quote_it(channel: Channel) -> None:
    assert message(None, channel=channel) == message(AGREED, channel=channel)
