"""SMS through Twilio's real SDK against the stand-in."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from gateways.ports.messages import Rendered
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble
from gateways.rules import load_refusals
from gateways.twilio_sms import TwilioSender
from sandbox.providers.world import ProviderWorld
from tests.gateways.conftest import ADA, RULES

KEY = "dun:in_1:day5-sms:sms"
MESSAGE = Rendered(text="Example: invoice A-1 over 19.99 USD is not paid. https://pay.example.com/1")
NUMBER = "+14155550100"

REFUSALS = load_refusals(RULES, "twilio")


def sender(
    world: ProviderWorld,
    *,
    token: str | None = None,
    sid: str | None = None,
    from_: str = "+15005550006",
    callback: str | None = "https://dunning.example.com/hooks/twilio",
    lag: timedelta = timedelta(0),
    timeout: timedelta = timedelta(seconds=2),
) -> TwilioSender:
    return TwilioSender(
        sid or world.twilio.account_sid,
        token or world.twilio.auth_token,
        world.twilio_url,
        from_,
        timeout,
        REFUSALS,
        status_callback=callback,
        list_lag=lag,
    )


def test_a_text_message_goes_out_with_its_key_in_the_callback(world: ProviderWorld) -> None:
    """Recipient, sender and text; the key comes back with every status report."""
    sent = sender(world).send(ADA, MESSAGE, KEY)

    (message,) = world.twilio.sent
    assert sent.provider_id == message.sid
    assert (NUMBER, "+15005550006", MESSAGE.text) == (message.to, message.from_, message.body)
    assert {"dunning_key": KEY} == message.callback_params


def test_a_callback_address_keeps_its_own_parameters(world: ProviderWorld) -> None:
    """The key is added, nothing is replaced."""
    sender(world, callback="https://dunning.example.com/hooks?tenant=7").send(ADA, MESSAGE, KEY)

    assert {"tenant": "7", "dunning_key": KEY} == world.twilio.sent[0].callback_params


def test_a_messaging_service_sends_in_place_of_a_number(world: ProviderWorld) -> None:
    """A sender that begins with MG is a messaging service; without a callback address none is asked for."""
    sender(world, from_="MG0123", callback=None).send(ADA, MESSAGE, KEY)

    (message,) = world.twilio.sent
    assert (None, "MG0123", None) == (message.from_, message.messaging_service_sid, message.status_callback)


def test_the_log_has_no_number(world: ProviderWorld, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK's own log would name it."""
    caplog.set_level(logging.DEBUG)
    texts = sender(world)

    texts.send(ADA, MESSAGE, KEY)
    texts.find(ADA, MESSAGE, KEY, datetime.now(UTC))

    assert NUMBER not in caplog.text
    assert NUMBER[1:] not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [({"token": "wrong-secret"}, "TWILIO_AUTH_TOKEN"), ({"sid": "ACnobody"}, "TWILIO_ACCOUNT_SID")],
)
def test_wrong_credentials_name_the_settings(world: ProviderWorld, wrong: dict[str, str], setting: str) -> None:
    """One sentence that says what to check; the secret appears nowhere."""
    texts = sender(world, **wrong)  # type: ignore[arg-type]

    with pytest.raises(ProviderMisuse, match=setting) as raised:
        texts.send(ADA, MESSAGE, KEY)

    assert "secret" not in str(raised.value) + repr(texts)


@pytest.mark.parametrize(
    ("mode", "arrived"), [("500", 0), ("timeout_before", 0), ("timeout_after", 1), ("malformed", 1)]
)
def test_failures_leave_the_outcome_unknown(world: ProviderWorld, mode: str, arrived: int) -> None:
    """Whether it went out is told by the look-up."""
    world.faults.add("twilio", "POST", mode)
    texts = sender(world)
    since = datetime.now(UTC)

    with pytest.raises(ProviderTrouble) as raised:
        texts.send(ADA, MESSAGE, KEY)
    found = texts.find(ADA, MESSAGE, KEY, since)

    assert raised.value.not_executed is False
    assert [m.sid for m in world.twilio.sent] == ([found.provider_id] if found else [])
    assert arrived == len(world.twilio.sent)


def test_a_port_where_nobody_listens_was_certainly_not_reached(world: ProviderWorld) -> None:
    """A refused connection needs no look-up."""
    world.stop()

    with pytest.raises(ProviderTrouble) as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert raised.value.not_executed is True


def test_no_call_waits_for_ever(world: ProviderWorld) -> None:
    """The SDK has no time-out by itself."""
    world.faults.add("twilio", "POST", "timeout_before", hang=True)

    with pytest.raises(ProviderTrouble):
        sender(world, timeout=timedelta(milliseconds=200)).send(ADA, MESSAGE, KEY)


@pytest.mark.parametrize(
    ("text", "age"),
    [("Another text", timedelta(0)), (MESSAGE.text, timedelta(minutes=5))],
    ids=["another text", "an older message"],
)
def test_other_messages_to_the_same_number_are_not_ours(world: ProviderWorld, text: str, age: timedelta) -> None:
    """The text has to be the very same and the message no older than the attempt."""
    texts = sender(world)
    since = datetime.now(UTC)
    texts.send(ADA, Rendered(text=text), KEY)
    world.twilio.sent[0].at -= age

    assert texts.find(ADA, MESSAGE, KEY, since) is None


def test_a_trial_accounts_preface_does_not_hide_the_message(world: ProviderWorld) -> None:
    """Twilio puts a sentence of its own in front of the text."""
    texts = sender(world)
    texts.send(ADA, Rendered(text=f"Sent from your Twilio trial account - {MESSAGE.text}"), KEY)

    assert texts.find(ADA, MESSAGE, KEY, datetime.now(UTC)) is not None


def test_an_account_that_redacts_texts_cannot_tell(world: ProviderWorld) -> None:
    """A message without a text may be ours or not."""
    texts = sender(world)
    texts.send(ADA, MESSAGE, KEY)
    world.twilio.sent[0].body = ""

    with pytest.raises(LookupImpossible):
        texts.find(ADA, MESSAGE, KEY, datetime.now(UTC))


def test_a_message_that_does_not_show_yet_is_asked_for_again_later(world: ProviderWorld) -> None:
    """Within the lag "not found" proves nothing."""
    with pytest.raises(ProviderTrouble) as raised:
        sender(world, lag=timedelta(seconds=30)).find(ADA, MESSAGE, KEY, datetime.now(UTC))

    assert raised.value.retry_after is not None
    assert timedelta(0) < raised.value.retry_after <= timedelta(seconds=30)
