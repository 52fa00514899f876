"""Every refusal of SendGrid's is one of: this address, our account, for now."""

from datetime import timedelta

import pytest

from gateways.ports.messages import Rendered
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble, Unreachable
from sandbox.providers.world import ProviderWorld
from tests.gateways.conftest import ADA
from tests.gateways.test_sendgrid import KEY, MESSAGE, REFUSALS, sender

NO_ADDRESSES = [
    "n/a",
    "none",
    "-",
    "not-an-address",
    "ann@example.com, bob@example.com",
    "ann@example.com;bob@example.com",
    "Ann <ann@example.com>",
    "ann@",
    "@example.com",
    "ann@localhost",
    "ann@@example.com",
    "ann.@example.com",
    "ann lee@example.com",
    "änn@example.com",
    "a" * 65 + "@example.com",
    "ann@" + "example." * 40 + "com",
    "ann@example.com\nBcc: bob@example.com",
    "\ud800@example.com",
    " ",
]


@pytest.mark.parametrize("email", [None, "", *NO_ADDRESSES])
@pytest.mark.parametrize("name", [None, "Ada Example"])
def test_a_field_that_held_no_address_was_retried_for_ever(
    world: ProviderWorld, email: str | None, name: str | None
) -> None:
    """R30: SendGrid's helper raises KeyError for it. It is unreachable, and the sentence does not repeat it."""
    with pytest.raises(Unreachable) as raised:
        sender(world).send(ADA.model_copy(update={"email": email, "name": name}), MESSAGE, KEY)

    assert "example" not in str(raised.value)
    assert [] == world.sendgrid.sent


def test_an_address_in_another_alphabet_is_one(world: ProviderWorld) -> None:
    """Its domain goes to SendGrid in ASCII, and blanks around it are dropped."""
    sender(world).send(ADA.model_copy(update={"email": " ann@bücher.example "}), MESSAGE, KEY)

    assert ["ann@xn--bcher-kva.example"] == [email.to for email in world.sendgrid.sent]


@pytest.mark.parametrize(
    ("name", "shown"), [("Ada Example", "Ada Example"), ("Claim your prize at evil.com", None), ("null", None)]
)
def test_a_name_with_a_link_stood_in_the_header(world: ProviderWorld, name: str, shown: str | None) -> None:
    """R36: many programs show it in place of the address."""
    sender(world).send(ADA.model_copy(update={"name": name}), MESSAGE, KEY)

    assert [shown] == [email.to_name for email in world.sendgrid.sent]


def test_a_refused_field_of_ours_needs_an_operator(world: ProviderWorld) -> None:
    """An e-mail without a subject is our mistake, not the customer's address."""
    with pytest.raises(ProviderMisuse, match="subject"):
        sender(world).send(ADA, Rendered(subject="", text="T"), KEY)


def test_a_sender_that_nobody_verified_needs_an_operator(world: ProviderWorld) -> None:
    """SendGrid's 403 names the field `from`."""
    world.sendgrid.verified_senders = frozenset({"example.org"})

    with pytest.raises(ProviderMisuse, match="SENDGRID_FROM_EMAIL"):
        sender(world).send(ADA, MESSAGE, KEY)


def test_a_plan_without_credits_needs_an_operator(world: ProviderWorld) -> None:
    """SendGrid's 401 for it has neither field nor code."""
    world.sendgrid.credits_left = 0

    with pytest.raises(ProviderMisuse, match="credits"):
        sender(world).send(ADA, MESSAGE, KEY)


def test_a_wrong_key_names_the_setting_and_not_the_key(world: ProviderWorld) -> None:
    """One sentence that says what to check."""
    wrong = sender(world, api_key="SG.wrong-secret")

    with pytest.raises(ProviderMisuse, match="check SENDGRID_API_KEY") as raised:
        wrong.send(ADA, MESSAGE, KEY)

    assert "secret" not in str(raised.value) + repr(wrong)


def test_a_request_that_is_too_large_is_our_mistake(world: ProviderWorld) -> None:
    """The web server in front of the API answers with a page of HTML."""
    with pytest.raises(ProviderMisuse, match="too large"):
        sender(world).send(ADA, Rendered(subject="S", text="x" * 31_500_000), KEY)


def test_too_many_requests_carries_the_wait(world: ProviderWorld) -> None:
    """The wait that SendGrid asks for; nothing was sent, so there is nothing to look up."""
    world.faults.add("sendgrid", "mail/send", "429", retry_after=9)

    with pytest.raises(ProviderTrouble) as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert (timedelta(seconds=9), True) == (raised.value.retry_after, raised.value.not_executed)
    assert [] == world.sendgrid.sent


def test_a_refusal_that_nobody_knows_is_about_the_address() -> None:
    """R31: one customer's odd data holds nobody else up."""
    found = REFUSALS.of(["to_whom.it.concerns", "400"])

    assert ("address", "sendgrid-to_whom.it.concerns@2026-11-26") == (found.about, found.rule)
