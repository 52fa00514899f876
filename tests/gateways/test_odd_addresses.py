"""Whatever the ledger holds as name, address or number: a message is sent, or its recipient cannot be reached."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateways.ports.messages import Address, Rendered, Sender
from gateways.ports.trouble import Unreachable
from sandbox.providers.world import ProviderWorld
from tests.gateways import test_sendgrid, test_twilio

_ODD = st.one_of(st.none(), st.text(max_size=30), st.sampled_from(["n/a", "none", "-", "null", "a@b.co, c@d.co"]))
_EMAILS = st.one_of(_ODD, st.emails(), st.from_regex(r"\A[^@]{0,9}@[^@]{0,9}\.[a-z]{0,4}\Z"))
_NUMBERS = st.one_of(_ODD, st.from_regex(r"\A\+?[0-9 ]{0,17}\Z"))


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderWorld]:
    with ProviderWorld() as world:
        yield world


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_no_address_raises_anything_else(running: ProviderWorld, channel: str) -> None:
    """Neither trouble, which would be tried for ever, nor misuse, which would hold the case."""
    sender: Sender = test_sendgrid.sender(running) if channel == "email" else test_twilio.sender(running)
    message = Rendered(subject="Your invoice", text="Please pay.")

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(_ODD, _EMAILS, _NUMBERS, st.sampled_from(["en", "th", "", "\x00"]))
    def sends(name: str | None, email: str | None, phone: str | None, language: str) -> None:
        address = Address(customer_id="cus_1", name=name, email=email, phone=phone, language=language)
        with suppress(Unreachable):
            assert sender.send(address, message, "key").provider_id

    sends()
