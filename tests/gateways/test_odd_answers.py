"""Whatever stands between us and a provider may answer: each of its statuses has one meaning."""

from datetime import timedelta
from http import HTTPStatus

import pytest

from gateways.ports.messages import Sender
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble, Unreachable
from gateways.sendgrid_email import SendGridSender
from gateways.twilio_sms import TwilioSender
from tests.gateways import test_sendgrid, test_twilio
from tests.gateways.conftest import ADA
from tests.sandbox.providers.receiver import Receiver

_ACCOUNT = {401, 403, 404, 405}
_NOW = {408, 409, 425, 429}
_OURS = {"email": {406, 413, 415}, "sms": set[int]()}  # what SendGrid's request itself may be wrong in


def a_sender(channel: str, url: str) -> Sender:
    second = timedelta(seconds=1)
    if channel == "email":
        return SendGridSender("SG.key", url, "billing@example.com", "Billing", second, test_sendgrid.REFUSALS)
    return TwilioSender("AC0", "token", url, "+14155550199", second, test_twilio.REFUSALS)


def meaning(channel: str, status: int) -> type[Exception]:
    """A redirect is no API of the provider's; of the refusals only those without a row are about the address."""
    if 300 <= status < 400 or status in _ACCOUNT | _OURS[channel]:
        return ProviderMisuse
    return ProviderTrouble if status in _NOW or status >= 500 else Unreachable


@pytest.mark.parametrize("channel", ["email", "sms"])
@pytest.mark.parametrize("status", sorted({307, 308, 498, 511, 599} | {s.value for s in HTTPStatus if s >= 300}))
def test_an_answer_without_a_body_has_the_meaning_of_its_status(channel: str, status: int) -> None:
    """A proxy's, a firewall's or a parked domain's."""
    with Receiver(answers=[status]) as receiver, pytest.raises(meaning(channel, status)):
        a_sender(channel, receiver.url.removesuffix("/hook")).send(ADA, test_sendgrid.MESSAGE, "key")
