"""Every message has a way to answer it."""

import pytest

from domain.steps import Channel, Stage
from gateways.messages import TemplateMessages
from gateways.sms_length import segments
from tests.gateways.brands import a_brand
from tests.gateways.test_messages import (
    DIRECTORY,
    HELP,
    LANGUAGES,
    NEXT,
    an_invoice,
    every_situation,
    rendered,
    some_facts,
    someone,
    words_of,
)
from tests.gateways.test_text_messages import text_of


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_and_every_notice_names_where_to_ask(language: str) -> None:
    """In both parts of a mail; in HTML it can be opened."""
    for facts in every_situation():
        mail = rendered(Channel.EMAIL, facts, language)

        assert HELP.shown in mail.text
        assert HELP.shown in words_of(mail.html)
        assert f'href="{HELP.link}"' in mail.html
        assert rendered(Channel.NOTICE, facts, language).text.endswith(HELP.shown)


def test_a_text_message_names_it_where_there_is_room() -> None:
    """All else that may be said matters more, and it never costs a further segment."""
    roomy, full = some_facts(Stage.FRIENDLY), some_facts(Stage.FINAL, next_charge_on=NEXT)

    assert f" Help: {HELP.shown} " in rendered(Channel.SMS, roomy).text
    assert HELP.shown not in text_of(full, length=170)
    assert 2 == segments(text_of(full, length=170))


@pytest.mark.parametrize("contact", ["+49 30 1234567", "https://acme.example/help?a=1&b=2"])
def test_a_number_or_a_link_is_as_good(contact: str) -> None:
    """Escaped where it stands in markup."""
    messages = TemplateMessages([DIRECTORY], a_brand(contact=contact))

    mail = messages.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(), an_invoice(), "en")

    assert contact in mail.text
    assert contact in words_of(mail.html)
    assert "a=1&b" not in mail.html
