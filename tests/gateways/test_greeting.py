"""Whom a message greets: the customer's name, and nothing that only stands in its place."""

import pytest

from domain.steps import Channel, Stage
from tests.gateways.test_messages import MESSAGES, an_invoice, some_facts, someone


def greeting(name: str, language: str = "en") -> str:
    message = MESSAGES.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(name), an_invoice(), language)
    return message.text.splitlines()[0]


@pytest.mark.parametrize("name", ["Your prize at evil.com", "EVIL.COM", "evil.co.th wins", "Ann \u202emoc.live"])
def test_an_address_without_its_www_is_not_repeated_either(name: str) -> None:
    """Mail programs make a link of it; a sign that turns the direction of writing hides one."""
    assert "Hello," == greeting(name)


@pytest.mark.parametrize(
    ("language", "name", "said"),
    [
        ("en", "Dr.Lee J.R. Jr.", "Hello Dr.Lee J.R. Jr.,"),
        ("en", "St. John", "Hello St. John,"),
        ("th", "ดร.สมชาย", "เรียน ดร.สมชาย"),
    ],
)
def test_a_name_may_have_dots(language: str, name: str, said: str) -> None:
    """Titles and initials."""
    assert said == greeting(name, language)
