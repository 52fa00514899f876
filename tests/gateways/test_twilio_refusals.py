"""Every refusal of Twilio's is one of: this number, this country, our account, for now."""

from datetime import UTC, datetime, timedelta

import pytest

from gateways.ports.messages import Rendered
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable
from gateways.twilio_sms import TwilioSender
from sandbox.providers.world import ProviderWorld
from tests.gateways.conftest import ADA
from tests.gateways.test_twilio import KEY, MESSAGE, NUMBER, sender


def refused(world: ProviderWorld, code: int, status: int = 400, prefix: str = "+") -> Exception:
    """What the gateway makes of one code."""
    world.twilio.refuse(prefix, code, status=status)
    with pytest.raises((Unreachable, ProviderMisuse, ProviderTrouble)) as raised:
        sender(world).send(ADA, MESSAGE, KEY)
    assert NUMBER not in str(raised.value)
    assert [] == world.twilio.sent
    return raised.value


@pytest.mark.parametrize("code", [21211, 21265, 21268, 21421, 21614, 21635, 30004, 30005, 30006, 30640, 63003])
def test_a_refusal_about_the_number_leaves_the_rest_of_the_case_alone(world: ProviderWorld, code: int) -> None:
    """The record counts it by its code and the table's edition."""
    error = refused(world, code)

    assert isinstance(error, Unreachable)
    assert f"twilio-{code}@2026-11-26" == error.rule


@pytest.mark.parametrize(("code", "status"), [(99999, 400), (21634, 400), (21999, 422), (31999, 410)])
def test_a_code_that_twilio_invented_last_week_held_every_case_for_an_operator(
    world: ProviderWorld, code: int, status: int
) -> None:
    """R31: what nobody knows yet is about this one number, and the message goes another way."""
    error = refused(world, code, status)

    assert isinstance(error, Unreachable)
    assert f"twilio-{code}@2026-11-26" == error.rule


@pytest.mark.parametrize("code", [21408, 21612, 21703, 30041])
def test_a_country_that_the_account_may_not_write_to_stopped_the_case(world: ProviderWorld, code: int) -> None:
    """R31: nobody there can be reached until the merchant changes something, and nobody else is concerned."""
    error = refused(world, code, prefix="+1")

    assert isinstance(error, Unreachable)
    assert f"twilio-{code}@2026-11-26" == error.rule


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        (20003, 401, "TWILIO_AUTH_TOKEN"),
        (20404, 404, "TWILIO_ACCOUNT_SID"),
        (20005, 403, "not active"),
        (21606, 400, "TWILIO_FROM"),
        (21608, 400, "trial"),
        (21659, 400, "TWILIO_FROM"),
        (21704, 400, "messaging service"),
        (30034, 400, "registered"),
        (63016, 400, "templates"),
        (99999, 401, "TWILIO_AUTH_TOKEN"),
        (99999, 403, "TWILIO_ACCOUNT_SID"),
    ],
)
def test_our_own_account_needs_an_operator(world: ProviderWorld, code: int, status: int, says: str) -> None:
    """One sentence that says what to look at. A status that is about the credentials stays so under any code: read as
    one number's fault it would close everybody's."""
    error = refused(world, code, status)

    assert isinstance(error, ProviderMisuse)
    assert says in str(error)


@pytest.mark.parametrize(("code", "status"), [(20429, 429), (21611, 400), (21730, 400), (30001, 400), (63018, 400)])
def test_for_now_means_that_it_is_tried_again(world: ProviderWorld, code: int, status: int) -> None:
    """Certainly nothing was sent, so there is nothing to look up."""
    error = refused(world, code, status)

    assert isinstance(error, ProviderTrouble)
    assert error.not_executed is True


@pytest.mark.parametrize(
    ("to", "rule"),
    [
        ("+15005550001", "twilio-21211@2026-11-26"),
        ("+15005550002", "twilio-21612@2026-11-26"),
        ("+15005550003", "twilio-21408@2026-11-26"),
        ("+15005550004", "twilio-21610@2026-11-26"),
        ("+15005550009", "twilio-21614@2026-11-26"),
        ("+19005550100", "twilio-21268@2026-11-26"),
    ],
)
def test_twilios_magic_recipients_are_unreachable(world: ProviderWorld, to: str, rule: str) -> None:
    """Those of Twilio's test credentials, and a premium rate."""
    with pytest.raises(Unreachable) as raised:
        sender(world).send(ADA.model_copy(update={"phone": to}), MESSAGE, KEY)

    assert rule == raised.value.rule


@pytest.mark.parametrize(
    ("from_", "expected"),
    [("+15005550001", ProviderMisuse), ("+15005550007", ProviderMisuse), ("+15005550008", ProviderTrouble)],
)
def test_twilios_magic_senders_concern_everybody(world: ProviderWorld, from_: str, expected: type[Exception]) -> None:
    """Not valid, not ours, and with a full queue."""
    with pytest.raises(expected):
        sender(world, from_=from_).send(ADA, MESSAGE, KEY)


@pytest.mark.parametrize(
    "phone", [None, "", " ", "n/a", "12345", "0800-PIZZA", "555-2671", "+1 415 555 0100", "\ud800"]
)
def test_what_is_no_number_is_unreachable_without_asking(world: ProviderWorld, phone: str | None) -> None:
    """The sentence does not repeat it."""
    with pytest.raises(Unreachable) as raised:
        sender(world).send(ADA.model_copy(update={"phone": phone}), MESSAGE, KEY)

    assert "PIZZA" not in str(raised.value)
    assert [] == world.log


def test_who_opted_out_is_unreachable_and_the_record_says_why(world: ProviderWorld) -> None:
    """Twilio's 21610, by which an opt-out is told from a number that is out of order."""
    world.twilio.opt_out(NUMBER)

    with pytest.raises(Unreachable, match="opted out") as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert "twilio-21610@2026-11-26" == raised.value.rule


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [({"token": "wrong-secret"}, "TWILIO_AUTH_TOKEN"), ({"sid": "ACnobody"}, "TWILIO_ACCOUNT_SID")],
)
def test_wrong_credentials_name_the_settings(world: ProviderWorld, wrong: dict[str, str], setting: str) -> None:
    """One sentence that says what to check; the secret appears nowhere."""
    texts: TwilioSender = sender(world, **wrong)  # type: ignore[arg-type]

    with pytest.raises(ProviderMisuse, match=setting) as raised:
        texts.send(ADA, MESSAGE, KEY)

    assert "secret" not in str(raised.value) + repr(texts)


def test_a_text_that_is_too_long_is_our_mistake(world: ProviderWorld) -> None:
    """Twilio's 21617: every customer's text would be."""
    with pytest.raises(ProviderMisuse, match=r"shorten .*21617"):
        sender(world).send(ADA, Rendered(text="x" * 1601), KEY)


def test_too_many_requests_carries_the_wait(world: ProviderWorld) -> None:
    """`Retry-After` reaches the caller; nothing was sent, so there is nothing to look up."""
    world.faults.add("twilio", "Messages", "429", retry_after=4)

    with pytest.raises(ProviderTrouble) as raised:
        sender(world).send(ADA, MESSAGE, KEY)

    assert (timedelta(seconds=4), True) == (raised.value.retry_after, raised.value.not_executed)
    assert [] == world.twilio.sent


def test_half_a_character_in_the_text_was_retried_for_ever(world: ProviderWorld) -> None:
    """It can never be sent: somebody has to look at where it came from."""
    with pytest.raises(ProviderMisuse, match="Half a character"):
        sender(world).send(ADA, Rendered(text="Invoice \ud800"), KEY)


def test_a_number_that_went_away_after_a_lost_answer_raised_what_no_activity_knows(world: ProviderWorld) -> None:
    """A look-up cannot say that somebody is unreachable: only that it does not know what was sent."""
    with pytest.raises(LookupImpossible):
        sender(world).find(ADA.model_copy(update={"phone": None}), MESSAGE, KEY, datetime.now(UTC))
