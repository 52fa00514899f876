"""SMS through Twilio's real SDK against the stand-in."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from gateways.ports.messages import Rendered
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable
from gateways.twilio_sms import TwilioSender
from sandbox.providers.world import ProviderWorld
from tests.gateways.conftest import ADA

KEY = "dun:in_1:day5-sms:sms"
MESSAGE = Rendered(text="Example: invoice A-1 over 19.99 USD is not paid. https://pay.example.com/1")
NUMBER = "+15005550006"


def sender(
    world: ProviderWorld,
    *,
    token: str | None = None,
    sid: str | None = None,
    from_: str = "+15005550001",
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
        status_callback=callback,
        list_lag=lag,
    )


def test_a_text_message_goes_out_with_its_key_in_the_callback(world: ProviderWorld) -> None:
    """Recipient, sender and text; the key comes back with every status report."""
    sent = sender(world).send(ADA, MESSAGE, KEY)

    (message,) = world.twilio.sent
    assert sent.provider_id == message.sid
    assert (NUMBER, "+15005550001", MESSAGE.text) == (message.to, message.from_, message.body)
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


def test_who_opted_out_is_unreachable(world: ProviderWorld) -> None:
    """Twilio's 21610, in a sentence without the number."""
    world.twilio.opt_out(NUMBER)

    with pytest.raises(Unreachable, match="opted out") as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert NUMBER not in str(raised.value)


def test_a_landline_is_unreachable(world: ProviderWorld) -> None:
    """Twilio's 21614."""
    world.twilio.landline(NUMBER)

    with pytest.raises(Unreachable, match="not a mobile number"):
        sender(world).send(ADA, MESSAGE, KEY)


@pytest.mark.parametrize("phone", [None, "", "0800-PIZZA"])
def test_a_number_that_is_none_is_unreachable(world: ProviderWorld, phone: str | None) -> None:
    """Missing, or refused with Twilio's 21211; the sentence does not repeat it."""
    with pytest.raises(Unreachable) as raised:
        sender(world).send(ADA.model_copy(update={"phone": phone}), MESSAGE, KEY)

    assert "PIZZA" not in str(raised.value)


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


def test_a_message_that_twilio_refuses_is_misuse(world: ProviderWorld) -> None:
    """Too long: our mistake, by its code."""
    with pytest.raises(ProviderMisuse, match="21617"):
        sender(world).send(ADA, Rendered(text="x" * 1601), KEY)


def test_too_many_requests_carries_the_wait(world: ProviderWorld) -> None:
    """`Retry-After` reaches the caller; nothing was sent, so there is nothing to look up."""
    world.faults.add("twilio", "Messages", "429", retry_after=4)

    with pytest.raises(ProviderTrouble) as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert (timedelta(seconds=4), True) == (raised.value.retry_after, raised.value.not_executed)
    assert [] == world.twilio.sent


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
