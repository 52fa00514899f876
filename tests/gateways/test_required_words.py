"""What the law of a place wants a message to name is in every message that is sent there, or it is not sent."""

import pytest
from ruamel.yaml import YAML

from domain.closed import NOTHING_OWED, Closed
from domain.gates import ALLOW, Refuse
from domain.money import Money
from domain.rules.lawful_words import LawfulWords, lawful_words, wanted
from domain.steps import DEMANDS, Channel, Stage
from domain.truth import Ending, MessageFacts
from gateways.ports.messages import Rendered
from gateways.required_words import RequiredSentences
from tests.domain.builders import at
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import DIRECTORY, HELP, MESSAGES, an_invoice, some_facts, someone
from tests.lives.lawful import TABLE

WORDS = RequiredSentences([DIRECTORY], a_brand("Acme Cloud"))
PLACES = {"US": "America/New_York", "TH": "Asia/Bangkok", "BR": "America/Sao_Paulo", "BE": "Europe/Brussels"}
DAY = at("04-04 12:00").date()
LANGUAGES = sorted(folder.parent.name for folder in DIRECTORY.glob("*/phrases.yaml"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("stage", DEMANDS)
def test_every_shipped_message_names_what_the_law_wants(
    stage: Stage, channel: Channel, place: str, language: str
) -> None:
    asked = lawful_words(TABLE.at(place, "", (PLACES[place],)), channel, DAY)
    invoice = an_invoice()
    message = MESSAGES.render(channel, some_facts(stage), someone(), invoice, language)

    message, named = WORDS.complete(channel, message, language, invoice.remaining, wanted(asked))

    assert [ALLOW] * len(asked) == [one.ask(named) for one in asked]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("closed", Closed)
def test_every_closing_message_names_what_the_law_wants(
    closed: Closed, channel: Channel, place: str, language: str
) -> None:
    """Of a debt that is there: what was cancelled is no sum to be named."""
    asked = lawful_words(TABLE.at(place, "", (PLACES[place],)), channel, DAY, of_a_debt=closed not in NOTHING_OWED)
    invoice, nothing = an_invoice(), Money(amount=0, currency="USD")
    if closed in (Closed.PAID, Closed.SETTLED):
        invoice = invoice.model_copy(update={"remaining": nothing, "paid": invoice.amount})
    facts = MessageFacts(
        stage=Stage.CLOSING, closed=closed, ending=Ending.WRITE_OFF, ends_on=DAY, settled_for=invoice.amount
    )
    message = MESSAGES.render(channel, facts, someone(), invoice, language)

    message, named = WORDS.complete(channel, message, language, invoice.remaining, wanted(asked))

    assert [ALLOW] * len(asked) == [one.ask(named) for one in asked]


def test_a_text_in_america_says_how_to_stop_and_one_in_brazil_where_to_ask() -> None:
    text = Rendered(text="Acme Cloud: 19.99 USD is due. Pay: https://pay.example")
    due = an_invoice().remaining
    america, _ = WORDS.complete(Channel.SMS, text, "en-US", due, {"sender", "opt_out"})
    brazil, _ = WORDS.complete(Channel.SMS, text, "pt-BR", due, {"creditor", "contact"})
    nowhere, _ = WORDS.complete(Channel.SMS, text, "en", due, ())

    assert f"{text.text} STOP ends texts." == america.text
    assert f"{text.text} Ajuda: {HELP.shown}" == brazil.text
    assert text == nowhere


def test_what_is_there_already_is_not_said_again() -> None:
    text = Rendered(text=f"Acme Cloud: due. {HELP.shown}. Reply STOP to stop.")

    assert text == WORDS.complete(Channel.SMS, text, "en", an_invoice().remaining, {"contact", "opt_out"})[0]


def test_a_message_without_its_creditor_is_refused_by_the_rule() -> None:
    row = LawfulWords(rule="th-words@2015-09-02", names=("sender", "amount"))
    _, named = WORDS.complete(Channel.EMAIL, Rendered(text="please pay"), "en", an_invoice().remaining, row.names)

    answer = row.ask(named)

    assert isinstance(answer, Refuse)
    assert ("th-words@2015-09-02", "the law of the place wants the message to name sender, amount") == (
        answer.rule,
        answer.why,
    )


def test_a_notice_in_the_merchants_own_application_says_whose_it_is() -> None:
    assert () == lawful_words(TABLE.at("TH", "", ("Asia/Bangkok",)), Channel.NOTICE, DAY)


def test_every_language_of_the_messages_has_them() -> None:
    """Those of another language would be read by nobody."""
    written = YAML(typ="safe").load((DIRECTORY / "required.yaml").read_text(encoding="utf-8"))["languages"]

    assert {language.lower() for language in LANGUAGES} == set(written)
