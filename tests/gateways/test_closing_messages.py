"""How a case ended, in every language and on every channel that it may be said on."""

import re
from datetime import date
from itertools import product

import pytest

from domain.closed import Closed
from domain.invoice import InvoiceState
from domain.money import Money
from domain.steps import TEXTS, WRITTEN, Channel, Stage
from domain.truth import Ending, MessageFacts
from gateways.messages import TemplateMessages
from gateways.ports.messages import Rendered
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.trouble import ProviderMisuse
from gateways.sms_length import is_gsm7, length, segments
from gateways.whatsapp_templates import load_templates
from sandbox.providers.twilio_whatsapp import TEMPLATES
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import (
    DIRECTORY,
    LANGUAGES,
    LINK,
    MESSAGES,
    PRICES,
    an_invoice,
    someone,
    words_of,
)

SPOKEN = tuple(channel for channel in WRITTEN if channel is not Channel.LETTER)
LONGEST_DAY = date(2026, 9, 28)
LONGEST_AGENCY = "Creditreform Berlin Brandenburg Inkasso GmbH & Co. KG"
# That a debt is not asked for any more.
RELEASED = re.compile(
    r"nothing more|owed|zu zahlen|nichts mehr|plus rien|réclam|debe nada|se le pide|reclam|nada mais|cobrad|se deve"
    r"|お支払い|ご請求|残額|未払|ชำระ|ทวงถาม|ยอด",
    re.IGNORECASE,
)


def some_facts(closed: Closed, ending: Ending = Ending.WRITE_OFF, **changes: object) -> MessageFacts:
    known = {"ends_on": LONGEST_DAY, "settled_for": Money.of_major("80", "USD"), **changes}
    return MessageFacts.model_validate({"stage": Stage.CLOSING, "closed": closed, "ending": ending, **known})


def an_end(closed: Closed, language: str = "en") -> InvoiceSnapshot:
    amount, currency, _ = PRICES[language]
    invoice = an_invoice(amount, currency)
    if closed not in (Closed.PAID, Closed.SETTLED):
        return invoice.model_copy(update={"state": InvoiceState.UNCOLLECTIBLE})
    nothing = invoice.remaining.model_copy(update={"amount": 0})
    return invoice.model_copy(update={"state": InvoiceState.PAID, "remaining": nothing, "paid": invoice.amount})


def rendered(channel: Channel, facts: MessageFacts, language: str = "en") -> Rendered:
    assert facts.closed
    return MESSAGES.render(channel, facts, someone(), an_end(facts.closed, language), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_can_be_said_on_each_channel(language: str) -> None:
    """With all that must be said, a text message has two segments at most, and the plain alphabet where the language
    has it. None shows a variable, or a blank or full stop too many, and none asks for money by its button."""
    for channel, closed, ending, restored in product(SPOKEN, Closed, Ending, (True, False)):
        # Who has no subscription any more gets no access back.
        facts = some_facts(closed, ending, restored=restored and closed is not Closed.ENDED)
        message = rendered(channel, facts, language)
        first = message.text.splitlines()[0]

        assert LINK in message.text
        assert not re.search(r"[{}]|  |None|\.\.", first), first
        if channel is Channel.SMS:
            assert segments(message.text) <= 2, (length(message.text), message.text)
            assert is_gsm7(message.text) is (language not in ("ja", "th")), message.text
        if channel is Channel.EMAIL:
            phrases = MESSAGES._languages[language.lower()]
            assert phrases.closings.button in words_of(message.html)
            assert phrases.labels.sender.replace("{{ merchant }}", "Acme Cloud") not in message.text


def test_a_paid_invoice_is_thanked_for_with_what_came_in() -> None:
    message = rendered(Channel.EMAIL, some_facts(Closed.PAID))

    assert "Thank you: your Acme Cloud invoice" in message.subject
    assert "We have received $149.00 for your Acme Cloud invoice" in message.text
    assert "Amount paid: $149.00" in message.text
    assert "is back" not in message.text
    assert "not paid" not in message.text
    assert "Amount due" not in message.text


def test_that_the_access_is_back_stands_in_the_same_message() -> None:
    for channel in SPOKEN:
        text = rendered(channel, some_facts(Closed.PAID, restored=True)).text

        assert "access" in text, channel
        assert "paid" in text, channel


def test_a_settlement_names_the_smaller_sum() -> None:
    text = rendered(Channel.EMAIL, some_facts(Closed.SETTLED)).text

    assert "We agreed on $80.00" in text
    assert "nothing more is owed for it" in text
    assert "Agreed and paid: $80.00" in text


def test_the_end_of_a_subscription_says_when_and_what_became_of_the_debt() -> None:
    given_up = rendered(Channel.EMAIL, some_facts(Closed.ENDED)).text
    agency = rendered(Channel.EMAIL, some_facts(Closed.ENDED, Ending.COLLECTIONS)).text

    assert "subscription ended on September 28, 2026" in given_up
    assert "closed the invoice as unpaid" in given_up
    assert "will not ask" not in given_up
    assert "Closed as unpaid: $149.00" in given_up
    assert "a collections agency" in agency
    assert "will not ask" not in agency
    assert "Amount due: $149.00" in agency
    assert "come back" in given_up


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("closed", Closed)
def test_a_subject_is_read_whole(closed: Closed, language: str) -> None:
    """For a merchant's name of 10 characters and an invoice number of 13."""
    assert 0 < len(rendered(Channel.EMAIL, some_facts(closed), language).subject) <= 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_the_access_is_back_says_nothing_of_what_is_owed(language: str) -> None:
    """An agency may still have it, a settlement may be to come, and what is given up is not said by this."""
    for channel in SPOKEN:
        assert not RELEASED.search(rendered(channel, some_facts(Closed.ACCESS_BACK), language).text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("closed", [Closed.ENDED, Closed.GIVEN_UP])
def test_a_text_message_that_has_no_room_for_the_agencys_name_goes_without(closed: Closed, language: str) -> None:
    """It costs two segments at most, and says that it is an agency in any case. A short name is in it."""
    facts = some_facts(closed, Ending.COLLECTIONS)
    short, long = (a_brand("Acme Cloud").model_copy(update={"agency": name}) for name in ("Intrum", LONGEST_AGENCY))
    invoice, unnamed = an_end(closed, language), rendered(Channel.SMS, facts, language).text

    texts = [
        TemplateMessages([DIRECTORY], brand).render(Channel.SMS, facts, someone(), invoice, language).text
        for brand in (short, long)
    ]

    assert "Intrum" in texts[0]
    assert LONGEST_AGENCY in texts[1] or texts[1] == unnamed
    assert all(segments(text) <= 2 for text in texts), texts


@pytest.mark.parametrize("language", ["en", "th"])
def test_nobody_is_thanked_for_a_debt_that_an_agency_has(language: str) -> None:
    """The words that WhatsApp has approved stand around every end: they fit all of them."""
    approved = TemplateMessages([DIRECTORY], a_brand(), whatsapp=load_templates(TEMPLATES))
    for closed in (Closed.ENDED, Closed.GIVEN_UP):
        facts = some_facts(closed, Ending.COLLECTIONS)
        said = approved.render(Channel.WHATSAPP, facts, someone(), an_end(closed, language), language).text

        assert not re.search("thank|ขอบคุณ", said, re.IGNORECASE), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_lost_the_subscription_is_told_where_a_mistake_is_put_right(language: str) -> None:
    """As who was given up is: first that, and then how to come back."""
    closings = MESSAGES._languages[language.lower()].closings

    asks = re.split("[.。]| กรุณาแจ้งเรา", closings.given_up.closing)[0]
    assert closings.ended.closing.startswith(asks)


@pytest.mark.parametrize("channel", SPOKEN)
def test_the_agency_is_named_where_the_brand_names_it(channel: Channel) -> None:
    named = TemplateMessages([DIRECTORY], a_brand().model_copy(update={"agency": "Fair Collect Ltd"}))
    facts = some_facts(Closed.GIVEN_UP, Ending.COLLECTIONS)

    assert "Fair Collect Ltd" in named.render(channel, facts, someone(), an_end(Closed.GIVEN_UP), "en").text


def test_several_that_ended_alike_are_named_and_nothing_is_said_of_all() -> None:
    other = an_end(Closed.PAID).model_copy(update={"id": "in_2", "number": "A-2"})
    facts = some_facts(Closed.PAID, also_final=("in_2",))
    for channel in SPOKEN:
        text = MESSAGES.render(channel, facts, someone(), an_end(Closed.PAID), "en", [other]).text

        assert "A-2" in text, channel
        assert "final notice" not in text
        assert "all your" not in text.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_settlement_is_not_said_to_be_the_same(language: str) -> None:
    """It has a sum of its own, which the long messages name."""
    phrases = MESSAGES._languages[language.lower()]
    other = an_end(Closed.PAID, language).model_copy(update={"id": "in_2", "number": "A-2"})
    facts = some_facts(Closed.SETTLED, also_final=("in_2",), also_settled=(Money.of_major("123", other.currency),))
    for channel in SPOKEN:
        text = MESSAGES.render(channel, facts, someone(), an_end(Closed.SETTLED, language), language, [other]).text

        assert "A-2" in text
        assert phrases.closings.also not in text
        assert ("123" in text) is (channel not in TEXTS)
        if channel is Channel.SMS:
            assert segments(text) <= 2, text
            assert is_gsm7(text) is (language not in ("ja", "th")), text


def test_a_chat_says_it_without_a_template_and_ends_with_the_link() -> None:
    for channel in TEXTS:
        assert rendered(channel, some_facts(Closed.PAID)).text.endswith(f"Invoice: {LINK}")


def test_a_closing_message_that_says_no_end_is_not_sent() -> None:
    facts = MessageFacts(stage=Stage.CLOSING)
    with pytest.raises(ProviderMisuse, match="does not say how the case ended"):
        MESSAGES.render(Channel.EMAIL, facts, someone(), an_end(Closed.PAID), "en")
