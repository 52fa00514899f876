"""E-mail through SendGrid's real SDK against the stand-in."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from gateways.ports.messages import Rendered
from gateways.ports.trouble import LookupImpossible, ProviderTrouble
from gateways.rules import load_refusals
from gateways.sendgrid_email import SendGridSender
from sandbox.providers.world import ProviderWorld
from tests.gateways.conftest import ADA, RULES

KEY = "dun:in_1:day3-email:email"
MESSAGE = Rendered(subject="Your payment failed", text="Hello Ada,\n…", html="<p>Hello Ada</p>")
LAG = timedelta(minutes=5)

REFUSALS = load_refusals(RULES, "sendgrid")


def sender(
    world: ProviderWorld,
    *,
    api_key: str | None = None,
    activity: bool = True,
    reply_to: str | None = None,
    unsubscribe: Callable[[str], str] | None = None,
) -> SendGridSender:
    return SendGridSender(
        api_key or world.sendgrid.api_key,
        world.sendgrid_url,
        "billing@example.com",
        "Example Billing",
        timedelta(seconds=2),
        REFUSALS,
        reply_to=reply_to,
        email_activity=activity,
        activity_lag=LAG,
        unsubscribe=unsubscribe,
    )


def test_an_email_goes_out_with_both_parts_and_its_key(world: ProviderWorld) -> None:
    """Text and HTML, the sender's address, and the key as the only custom argument."""
    sent = sender(world).send(ADA, MESSAGE, KEY)

    (email,) = world.sendgrid.sent
    assert sent.provider_id == email.message_id
    assert ("ada@example.com", "billing@example.com") == (email.to, email.from_email)
    assert (MESSAGE.subject, MESSAGE.text, MESSAGE.html) == (email.subject, email.text, email.html)
    assert ({"dunning_key": KEY}, []) == (email.custom_args, email.categories)


@pytest.mark.parametrize("reply_to", ["help@example.com", None])
def test_answers_go_to_the_address_where_somebody_reads_them(world: ProviderWorld, reply_to: str | None) -> None:
    """Without one they go to the sender."""
    sender(world, reply_to=reply_to).send(ADA, MESSAGE, KEY)

    assert [reply_to] == [email.reply_to for email in world.sendgrid.sent]


def test_an_email_without_html_is_text_only(world: ProviderWorld) -> None:
    """No empty HTML part."""
    sender(world).send(ADA, Rendered(subject="S", text="T"), KEY)

    assert [("T", None)] == [(email.text, email.html) for email in world.sendgrid.sent]


def test_the_debug_log_has_neither_address_nor_key(world: ProviderWorld, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK would write the whole payload and the Authorization header."""
    caplog.set_level(logging.DEBUG)

    sender(world).send(ADA, MESSAGE, KEY)

    assert "ada@example.com" not in caplog.text
    assert world.sendgrid.api_key not in caplog.text


@pytest.mark.parametrize(("mode", "arrived"), [("500", 0), ("timeout_before", 0), ("timeout_after", 1)])
def test_failures_leave_the_outcome_unknown(world: ProviderWorld, mode: str, arrived: int) -> None:
    """A 500 and a lost answer look alike to us; only Email Activity tells them apart."""
    world.faults.add("sendgrid", "mail/send", mode)

    with pytest.raises(ProviderTrouble) as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert raised.value.not_executed is False
    assert arrived == len(world.sendgrid.sent)


def test_a_port_where_nobody_listens_was_certainly_not_reached(world: ProviderWorld) -> None:
    """A refused connection needs no look-up."""
    world.stop()

    with pytest.raises(ProviderTrouble) as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert raised.value.not_executed is True


def test_no_call_waits_for_ever(world: ProviderWorld) -> None:
    """The SDK has no time-out by itself."""
    world.faults.add("sendgrid", "mail/send", "timeout_before", hang=True)
    hasty = SendGridSender(
        world.sendgrid.api_key,
        world.sendgrid_url,
        "billing@example.com",
        "Billing",
        timedelta(milliseconds=200),
        REFUSALS,
    )

    with pytest.raises(ProviderTrouble):
        hasty.send(ADA, MESSAGE, KEY)


def test_a_lost_email_is_found_by_its_key(world: ProviderWorld) -> None:
    """Email Activity shows the message although its answer was lost."""
    world.faults.add("sendgrid", "mail/send", "timeout_after")
    mail = sender(world)
    since = datetime.now(UTC)
    with pytest.raises(ProviderTrouble):
        mail.send(ADA, MESSAGE, KEY)

    found = mail.find(ADA, MESSAGE, KEY, since)

    assert str(found and found.provider_id).startswith(world.sendgrid.sent[0].message_id)


def test_a_message_that_does_not_show_yet_is_asked_for_again_later(world: ProviderWorld) -> None:
    """Within the lag "not found" proves nothing."""
    with pytest.raises(ProviderTrouble) as raised:
        sender(world).find(ADA, MESSAGE, KEY, datetime.now(UTC) - timedelta(minutes=2))

    assert raised.value.retry_after is not None
    assert timedelta(minutes=2) < raised.value.retry_after <= timedelta(minutes=3)


def test_a_message_that_never_showed_was_not_sent(world: ProviderWorld) -> None:
    """After the lag "not found" is an answer; another key's message is not ours."""
    mail = sender(world)
    mail.send(ADA, MESSAGE, "dun:in_2:day3-email:email")

    assert mail.find(ADA, MESSAGE, KEY, datetime.now(UTC) - LAG - timedelta(seconds=1)) is None


def test_without_email_activity_nobody_can_tell(world: ProviderWorld) -> None:
    """Then the contact stays unknown, and is not sent twice."""
    with pytest.raises(LookupImpossible):
        sender(world, activity=False).find(ADA, MESSAGE, KEY, datetime.now(UTC))


def test_an_e_mail_says_how_to_end_e_mails_by_one_request(world: ProviderWorld) -> None:
    """RFC 8058: a mail program shows a button of its own."""
    sender(world, unsubscribe=lambda key: f"https://dunning.example.com/preferences/{len(key)}").send(ADA, MESSAGE, KEY)
    sender(world).send(ADA, MESSAGE, KEY)

    told, untold = (email.headers for email in world.sendgrid.sent)
    assert f"<https://dunning.example.com/preferences/{len(KEY)}>" == told["List-Unsubscribe"]
    assert "List-Unsubscribe=One-Click" == told["List-Unsubscribe-Post"]
    assert {} == untold
