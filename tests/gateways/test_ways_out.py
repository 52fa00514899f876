"""Whoever reads a message, and cannot or need not do what it asks, is told what to do instead."""

import re
from itertools import product

import pytest

from domain.declines import DeclineClass
from domain.steps import CHATS, DEMANDS, Channel, Stage
from gateways.messages import TemplateMessages
from gateways.preference_page import PreferencePage, Wishes
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import (
    DIRECTORY,
    LANGUAGES,
    MESSAGES,
    NEXT,
    an_invoice,
    rendered,
    some_facts,
    someone,
    words_of,
)


def phrase(language: str, key: str) -> str:
    """As the language's file has it."""
    return MESSAGES._languages[language.lower()].texts[key]


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_cannot_pay_on_the_day_of_the_next_try_is_asked_to_say_so(language: str) -> None:
    """A try on an empty account costs its owner a fee."""
    words = re.split(r"\{\{.*?\}\} *", phrase(language, "other_day"))[-1]
    for stage, next_charge_on, channel in product(DEMANDS, (NEXT, None), (Channel.EMAIL, Channel.NOTICE)):
        text = rendered(channel, some_facts(stage, next_charge_on=next_charge_on), language).text

        assert (words in text) is (next_charge_on is not None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_says_what_to_do_if_the_invoice_is_somebody_elses_or_looks_like_a_trap(language: str) -> None:
    """In both parts; it speaks of no customer, and leads nowhere by itself."""
    words = phrase(language, "labels.doubt")
    for stage in DEMANDS:
        message = rendered(Channel.EMAIL, some_facts(stage), language)

        assert words in message.text
        assert " ".join(words.split()) in words_of(message.html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chat_with_the_wrong_number_asks_to_be_told(language: str) -> None:
    """A text message does so where there is room."""
    words = phrase(language, "sms.stranger")
    for stage, channel in product(DEMANDS, CHATS):
        assert words in rendered(channel, some_facts(stage), language).text


def test_who_cannot_confirm_with_the_bank_can_pay_in_another_way() -> None:
    """The bank calls, or wants an app: not everybody hears, has one, or is at home."""
    text = rendered(Channel.EMAIL, some_facts(Stage.ACTION, action=DeclineClass.AUTHENTICATE)).text

    assert "If you cannot confirm it, you can pay there with another card or in another way." in text


def test_an_answer_by_mail_is_not_to_hold_card_data() -> None:
    """Who is asked to check them would write them down there."""
    text = rendered(Channel.EMAIL, some_facts(Stage.ACTION, action=DeclineClass.FIX_DATA)).text

    assert "Please do not write card or bank details in it." in text


def test_who_cannot_call_finds_a_written_way_wherever_the_number_stands() -> None:
    brand = a_brand(contact="+49 30 1234567", help_link="https://acme.example/help")
    notice = TemplateMessages([DIRECTORY], brand).render(
        Channel.NOTICE, some_facts(Stage.REMINDER), someone(), an_invoice(), "en"
    )
    page = PreferencePage([DIRECTORY], brand).render(Wishes(language="en", offered=(Channel.EMAIL,), stopped=()))

    assert notice.text.endswith("+49 30 1234567, https://acme.example/help")
    assert '<a href="https://acme.example/help">' in page
    assert '<a href="tel:+49301234567">' in page
