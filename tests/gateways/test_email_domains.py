"""A domain in any script is the one that DNS knows, and never another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import email_address
from gateways.customer_rows import merged
from gateways.email_domains import with_ascii_domain
from gateways.ports.rows import CustomerRow


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        (" a@München.de ", "a@xn--mnchen-3ya.de"),
        ("ann@例え.テスト", "ann@xn--r8jz45g.xn--zckzah"),
        ("info@straße.de", "info@xn--strae-oqa.de"),
        ("a@faß.de", "a@xn--fa-hia.de"),
        ("x@ἀσφς.gr", "x@xn--3xabj299y.gr"),
        ("ann@example.com", "ann@example.com"),
    ],
)
def test_a_customer_is_written_to_at_the_domain_that_they_named(text: str, address: str) -> None:
    """`straße.de` is not `strasse.de`, which the rules of 2003 made of it: somebody else has that."""
    assert address == merged(CustomerRow(customer_id="cus_1", email=text)).email


@pytest.mark.parametrize(
    "text", ["a@ｅxample.com", "a@exam\u00adple.com", "a@ex\u200dample.com", "a@☃.com", "a@\ud800.com", "a@ü..de"]
)
def test_a_domain_that_is_only_like_another_one_is_no_address(text: str) -> None:
    """Mail about somebody's debt goes to nobody else."""
    assert text == with_ascii_domain(text)
    assert email_address(with_ascii_domain(text)) is None


@given(st.one_of(st.text(max_size=80), st.from_regex(r"\A[^@]{0,9}@[^@]{0,9}\.[a-zäß.]{0,5}\Z")))
def test_whatever_the_field_holds_it_is_one_plain_address_or_none(text: str) -> None:
    """Never an exception."""
    found = email_address(with_ascii_domain(text))

    assert found is None or found == email_address(with_ascii_domain(found))
