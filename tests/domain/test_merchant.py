"""Where the merchant answers: an address, a link or a number, and nothing else."""

import pytest

from domain.merchant import MerchantContact


@pytest.mark.parametrize(
    ("text", "shown", "link", "email"),
    [
        (" help@nimbus.example ", "help@nimbus.example", "mailto:help@nimbus.example", "help@nimbus.example"),
        ("https://nimbus.example/help?from=mail", None, "https://nimbus.example/help?from=mail", None),
        ("+49 (30) 1234-567", None, "tel:+49301234567", None),
    ],
)
def test_a_place_to_ask_is_an_address_a_link_or_a_number(
    text: str, shown: str | None, link: str, email: str | None
) -> None:
    """A message shows it as it was written."""
    assert MerchantContact(shown=shown or text, link=link, email=email) == MerchantContact.read(text)


@pytest.mark.parametrize(
    "text", ["", "support", "help@", "030 1234567", "ftp://nimbus.example", "https://", "https://a b.example", "n/a"]
)
def test_what_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="customers have to get an answer there"):
        MerchantContact.read(text)
