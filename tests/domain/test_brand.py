"""A brand that customers could not read, or could not answer, is refused when it is read."""

import pytest
from pydantic import ValidationError

from domain.brand import Brand
from tests.gateways.brands import a_brand


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("contact", "ask our staff", "contact: is neither an e-mail address"),
        ("contact", " ", "it is empty"),
        ("reply_to", "+49 30 1234567", "reply_to: it has to be an e-mail address"),
        ("phone", "help@acme.example", "phone: it has to be a number"),
        ("help_link", "javascript:alert(1)", "is not an http"),
        ("logo", 'https://a.example/"x', "is not an http"),
    ],
)
def test_what_customers_could_not_use_is_refused(field: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Brand.model_validate(a_brand().model_dump() | {field: value})


def test_ways_to_be_helped_are_named_once_and_the_contact_first() -> None:
    brand = a_brand(phone="+49 30 1234567", help_link="https://acme.example/help")

    assert ["help@acme.example", "https://acme.example/help", "+49 30 1234567"] == [way.shown for way in brand.ways]
    assert ["+49 30 1234567"] == [way.shown for way in a_brand(contact="+49 30 1234567", phone="+493012 34567").ways]


def test_answers_to_an_email_go_where_the_brand_says() -> None:
    assert "help@acme.example" == a_brand().answers_to
    assert "billing@acme.example" == a_brand(reply_to="billing@acme.example").answers_to
    assert a_brand(contact="+49 30 1234567").answers_to is None
