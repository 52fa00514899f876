"""What a text message says where its link is as long as links really are, and what it costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.declines import Reason
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.short_links import ShortLinks
from gateways.sms_length import is_gsm7, segments
from tests.gateways.test_messages import (
    LANGUAGES,
    MESSAGES,
    NEXT,
    PRICES,
    an_invoice,
    every_situation,
    some_facts,
    someone,
)


def a_link(length: int) -> str:
    """A hosted invoice page's address as Stripe makes it: account, a long token, and where it was shown."""
    return ("https://invoice.stripe.com/i/acct_1AbCdEfGhIjKlMnO/live_" + "YWNjdF8x" * 20)[: length - 5] + "?s=ap"


def text_of(facts: MessageFacts, language: str = "en", length: int = 160) -> str:
    amount, currency, _ = PRICES[language]
    invoice = an_invoice(amount, currency)
    invoice = invoice.model_copy(update={"pay_url": a_link(length)})
    return MESSAGES.render(Channel.SMS, facts, someone(), invoice, language).text


@pytest.mark.parametrize("length", [150, 160, 170])
@pytest.mark.parametrize(
    ("language", "most"),
    [*((language, 2) for language in LANGUAGES if language not in ("ja", "th")), ("ja", 5), ("th", 5)],
)
def test_a_link_of_real_length_costs_one_segment_more_and_no_second_one(language: str, most: int, length: int) -> None:
    """R20: in every situation, the whole link at the end."""
    for facts in every_situation():
        text = text_of(facts, language, length)

        assert text.endswith(a_link(length))
        assert segments(text) <= most, text
        assert is_gsm7(text) is (language not in ("ja", "th"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_the_merchants_own_short_link_a_text_message_has_at_most_two_segments(language: str) -> None:
    """In every situation, with the link as it is really sent."""
    links = ShortLinks("https://dunning.acme.example", ["secret"])
    link = links.link(links.code("in_1"))
    invoice = an_invoice(*PRICES[language][:2])
    for facts in every_situation():
        text = MESSAGES.render(Channel.SMS, facts, someone(), invoice, language, link=link).text

        assert text.endswith(link)
        assert segments(text) <= 2, text


def test_a_link_of_real_length_drove_out_all_that_could_be_said_besides() -> None:
    """The second segment is paid for anyway: the next try, what to do and the access that stands fit into it."""
    facts = some_facts(Stage.REMINDER, Reason.DECLINED, next_charge_on=NEXT)

    assert "We will try again on Mar 9." in text_of(facts)
    assert 2 == segments(text_of(facts))


def test_what_need_not_be_said_costs_no_further_segment() -> None:
    """Of it the first matters most."""
    text = text_of(some_facts(Stage.FINAL, next_charge_on=NEXT), length=170)

    assert "Mar 28" in text
    assert 2 == segments(text)
    assert "try again" not in text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ก" * 70, 1),
        ("ก" * 71, 2),
        ("ก" * 134, 2),
        ("ก" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("", 1),
    ],
)
def test_segments_are_counted_as_carriers_do(text: str, count: int) -> None:
    """Several of them carry a header each, and so have room for 153 or 67 signs."""
    assert count == segments(text)


@given(st.text(max_size=400))
def test_a_longer_text_never_costs_less(text: str) -> None:
    """Whatever alphabet it is in."""
    assert segments(text) <= segments(text + "x")
