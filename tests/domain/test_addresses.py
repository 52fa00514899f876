"""What can be an e-mail address, and what a field only holds in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import dialled_number, email_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace+billing@Mail.Example.co.uk\n", "Ada.Lovelace+billing@Mail.Example.co.uk"),
        ("o'neill@example.com", "o'neill@example.com"),
        ("ann@example.xn--p1ai", "ann@example.xn--p1ai"),
    ],
)
def test_an_address_is_read_without_its_blanks(text: str, address: str) -> None:
    assert address == email_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", " ", "n/a", "none", "-", "@", "a@", "@b.c", "ann@example", "ann@example.c", "ann@-example.com"),
        *("ann@ex_ample.com", "ann@example..com", ".ann@example.com", "ann..lee@example.com", "ann@192.168.0.1"),
        *("ann@example.com,bob@example.com", "ann@example.com bob@example.com", "Ann <ann@example.com>"),
        *('"ann lee"@example.com', "mailto:ann@example.com", "ann@[127.0.0.1]", "änn@example.com", "ann@exa mple.com"),
        "ann@bücher.example",
        *("a" * 65 + "@example.com", "ann@" + "a" * 64 + ".com", "ann@" + "abcdefgh." * 30 + "com", "ann@\ud800.com"),
        *("ann@example.com\r\nBcc: bob@example.com", "ann@example.com\x00"),
    ],
)
def test_what_can_be_no_address_is_none(text: str | None) -> None:
    """R30: placeholders, two addresses, headers, and what no mail server takes."""
    assert email_address(text) is None


@given(st.one_of(st.text(max_size=80), st.from_regex(r"\A[^@]{0,9}@[^@]{0,9}\.[a-z.]{0,5}\Z"), st.emails()))
def test_whatever_the_field_holds_it_is_one_plain_address_or_none(text: str) -> None:
    """Never an exception, and never a second address, a blank or a line end in what is sent on."""
    found = email_address(text)

    if found is not None:
        assert found.isascii()
        assert 1 == found.count("@")
        assert not set(found) & set(' ,;<>()[]"\\\r\n\t\x00')
        assert found == email_address(found)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+66812345678", "+66812345678"),
        (" +66812345678\n", "+66812345678"),
        *((text, None) for text in (None, "", "0812345678", "12345", "+1", "+0812345678", "+1415555267A", "n/a")),
        *((text, None) for text in ("+1" * 9, "+٦٦812345678", "+66812345678,+66812345679", "\ud800")),
    ],
)
def test_a_number_is_in_the_form_that_providers_take_or_none(text: str | None, number: str | None) -> None:
    """Its country code is the border's business; here nothing is guessed any more."""
    assert number == dialled_number(text)
