"""The SendGrid and Twilio stand-ins answer the real SDKs as the providers do."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from python_http_client.exceptions import BadRequestsError, HTTPError, TooManyRequestsError, UnauthorizedError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import Content, CustomArg, From, Mail, To
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.receiver import Receiver

NUMBER = "+14155550100"
SENDER = "+14155550199"


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderWorld]:
    with ProviderWorld() as started:
        yield started


@pytest.fixture
def world(running: ProviderWorld) -> Iterator[ProviderWorld]:
    """One server for all tests of this file: each has its own keys and recipients."""
    yield running
    running.faults.clear()
    running.sendgrid.webhook_url = None


@pytest.fixture
def mail_client(world: ProviderWorld) -> Any:
    return SendGridAPIClient(world.sendgrid.api_key, host=world.sendgrid_url)


class LocalTwilio(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """Twilio's SDK has no base URL: its HTTP client rewrites the host."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=5)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._base_url), *args, **kwargs)


@pytest.fixture
def text_client(world: ProviderWorld) -> Any:
    return Client(world.twilio.account_sid, world.twilio.auth_token, http_client=LocalTwilio(world.twilio_url))


def a_mail(to: str, key: str) -> Any:
    mail = Mail(from_email=From("billing@example.com"), to_emails=To(to), subject="Payment failed")
    mail.content = [Content("text/plain", "Please pay."), Content("text/html", "<p>Please pay.</p>")]
    mail.custom_arg = [CustomArg("dunning_key", key), CustomArg("invoice", "in_1")]
    return mail


def test_mail_is_accepted_and_kept(world: ProviderWorld, mail_client: Any) -> None:
    """202 with X-Message-Id and an empty body; the message with both parts and its keys."""
    reply = mail_client.send(a_mail("kept@example.com", "case-1:friendly"))

    email = world.sendgrid.sent[-1]
    assert (202, b"", email.message_id) == (reply.status_code, reply.body, reply.headers["X-Message-Id"])
    assert ("Payment failed", "Please pay.", "<p>Please pay.</p>") == (email.subject, email.text, email.html)
    entry = world.log[-1]
    assert ("email.accepted", "case-1:friendly", "in_1") == (entry.kind, entry.key, entry.subjects["invoice"])


def test_sending_twice_sends_twice(world: ProviderWorld, mail_client: Any) -> None:
    """SendGrid has no idempotency: the duplicate is visible to the audit."""
    for _ in range(2):
        mail_client.send(a_mail("twice@example.com", "case-2:friendly"))

    assert 2 == sum(entry.key == "case-2:friendly" for entry in world.log)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"content": []}, "content"),
        ({"custom_args": {"attempt": 3}}, "custom_args.attempt"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "a@example.com, b@example.com"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "a@" + "b" * 320 + ".com"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"name": "n/a"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": []}, "personalizations"),
        ({"subject": ""}, "subject"),
        ({"from": {}}, "from.email"),
    ],
    ids=[
        "html first",
        "no content",
        "number in custom_args",
        "bad address",
        "two",
        "long",
        "no address",
        "nobody",
        "no subject",
        "no sender",
    ],
)
def test_a_wrong_payload_is_400_and_names_the_field(
    world: ProviderWorld, mail_client: Any, change: dict[str, Any], field: str
) -> None:
    """SendGrid's error list, and nothing is sent."""
    before = len(world.sendgrid.sent)

    with pytest.raises(BadRequestsError) as refused:
        mail_client.client.mail.send.post(request_body={**a_mail("wrong@example.com", "k").get(), **change})

    assert field == refused.value.to_dict["errors"][0]["field"]
    assert before == len(world.sendgrid.sent)


def test_a_query_that_sendgrid_does_not_have_is_noticed(mail_client: Any) -> None:
    """The SDK sends whatever it is given, and SendGrid would pass it by."""
    for reading, query in (
        (mail_client.client.whitelabel.domains, {"page_size": 200}),
        (mail_client.client.verified_senders, {"offset": 1}),
        (mail_client.client.user.webhooks.event.settings.all, {"limit": 1}),
        (mail_client.client.messages, {"filter": "x"}),
        (mail_client.client.scopes, {"limit": 1}),
    ):
        with pytest.raises(BadRequestsError):
            reading.get(query_params=query)


def test_an_address_without_its_sign_never_reaches_sendgrid(mail_client: Any) -> None:
    """R30: the SDK's helper takes it for a name, and fails on its own request."""
    with pytest.raises(KeyError):
        mail_client.send(a_mail("n/a", "k"))


def test_a_sender_that_is_not_verified_is_403(world: ProviderWorld, mail_client: Any) -> None:
    """An address or a whole domain can be verified."""
    world.sendgrid.verified_senders = frozenset({"example.org"})
    with pytest.raises(HTTPError) as refused:
        mail_client.send(a_mail("ann@example.com", "k"))
    world.sendgrid.verified_senders = frozenset({"example.com"})

    assert (403, "from") == (refused.value.status_code, refused.value.to_dict["errors"][0]["field"])
    assert 202 == mail_client.send(a_mail("ann@example.com", "k")).status_code
    world.sendgrid.verified_senders = None


def test_a_plan_that_is_used_up_is_401(world: ProviderWorld, mail_client: Any) -> None:
    """SendGrid says it with the status of a wrong key."""
    world.sendgrid.credits_left = 1
    mail_client.send(a_mail("ann@example.com", "k"))
    with pytest.raises(UnauthorizedError) as refused:
        mail_client.send(a_mail("ann@example.com", "k"))
    world.sendgrid.credits_left = None

    assert "Maximum credits exceeded" == refused.value.to_dict["errors"][0]["message"]


def test_a_wrong_sendgrid_key_is_401(world: ProviderWorld) -> None:
    """The key is checked before the payload."""
    with pytest.raises(UnauthorizedError):
        SendGridAPIClient("SG.wrong", host=world.sendgrid_url).send(a_mail("nobody@example.com", "k"))


def test_an_unknown_send_can_be_looked_up(world: ProviderWorld, mail_client: Any) -> None:
    """The answer got lost: Email Activity finds the message by the step's key."""
    world.faults.add("sendgrid", "POST /v3/mail/send", "timeout_after")
    with pytest.raises(OSError, match=r".*"):
        mail_client.send(a_mail("lost@example.com", "case-3:final"))

    def look_up(key: str) -> Any:
        query = {"query": f"(unique_args['dunning_key']=\"{key}\")", "limit": 1}
        return json.loads(mail_client.client.messages.get(query_params=query).body)["messages"]

    assert ("lost@example.com", "delivered") == tuple(look_up("case-3:final")[0][n] for n in ("to_email", "status"))
    assert [] == look_up("case-3:other")


def test_sendgrid_limits_and_breaks_on_demand(world: ProviderWorld, mail_client: Any) -> None:
    """429 with Retry-After, then 500, then it works again."""
    world.faults.add("sendgrid", "/v3/mail/send", "429", retry_after=3)
    world.faults.add("sendgrid", "/v3/mail/send", "500")

    with pytest.raises(TooManyRequestsError) as limited:
        mail_client.send(a_mail("busy@example.com", "k"))
    with pytest.raises(HTTPError) as broken:
        mail_client.send(a_mail("busy@example.com", "k"))

    assert ("3", 500) == (limited.value.headers["retry-after"], broken.value.status_code)
    assert 202 == mail_client.send(a_mail("busy@example.com", "k")).status_code


def test_bounces_come_by_a_signed_webhook(world: ProviderWorld, mail_client: Any) -> None:
    """A bouncing address is accepted first; the events of the signed batch carry the step's key at the top level."""
    world.sendgrid.bounce("gone@example.com")
    with Receiver() as receiver:
        world.sendgrid.webhook_url = receiver.url
        mail_client.send(a_mail("gone@example.com", "case-4:friendly"))
        assert world.outbox.flush()

    [request] = receiver.requests
    events = json.loads(request.body)
    assert ["processed", "bounce"] == [event["event"] for event in events]
    assert "case-4:friendly" == events[1]["dunning_key"]
    assert events[1]["sg_message_id"].startswith(world.sendgrid.sent[-1].message_id)
    headers = request.headers
    assert EventWebhook(world.sendgrid.public_key).verify_signature(
        request.body.decode(),
        headers["x-twilio-email-event-webhook-signature"],
        headers["x-twilio-email-event-webhook-timestamp"],
    )


def test_a_text_is_accepted_and_kept(world: ProviderWorld, text_client: Any) -> None:
    """201 queued, with the keys that the sender put into the callback's address."""
    callback = "https://dunning.example.com/twilio?dunning_key=case-1:sms&invoice=in_1"

    message = text_client.messages.create(to=NUMBER, from_=SENDER, body="Please pay.", status_callback=callback)

    assert ("queued", None, "outbound-api") == (message.status, message.error_code, message.direction)
    assert (world.twilio.sent[-1].sid, 34) == (message.sid, len(message.sid))
    assert abs(datetime.now(UTC) - message.date_created) < timedelta(minutes=1)
    entry = world.log[-1]
    assert ("sms.accepted", "case-1:sms", "in_1") == (entry.kind, entry.key, entry.subjects["invoice"])


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+14155550111", 21610),
        ("+14155550112", 21614),
        ("nonsense", 21211),
        ("12345", 21265),
        ("+19005550100", 21268),
        (SENDER, 21266),
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
    ],
)
def test_texts_that_cannot_be_sent(world: ProviderWorld, text_client: Any, to: str, code: int) -> None:
    """Twilio's own error codes, and nothing is sent."""
    world.twilio.opt_out("+14155550111")
    world.twilio.landline("+14155550112")
    before = len(world.twilio.sent)

    with pytest.raises(TwilioRestException) as refused:
        text_client.messages.create(to=to, from_=SENDER, body="Please pay.")

    assert (400, code) == (refused.value.status, refused.value.code)
    assert before == len(world.twilio.sent)


@pytest.mark.parametrize(("from_", "code"), [("+15005550001", 21212), ("+15005550007", 21606), ("+15005550008", 21611)])
def test_senders_that_cannot_send(text_client: Any, from_: str, code: int) -> None:
    """The magic senders of Twilio's test credentials."""
    with pytest.raises(TwilioRestException) as refused:
        text_client.messages.create(to=NUMBER, from_=from_, body="Please pay.")

    assert (400, code) == (refused.value.status, refused.value.code)


def test_a_country_can_be_closed(world: ProviderWorld, text_client: Any) -> None:
    """Every number that begins so, with any of Twilio's codes and statuses, until it is opened again."""
    world.twilio.refuse("+66", 21408)
    with pytest.raises(TwilioRestException) as refused:
        text_client.messages.create(to="+66812345678", from_=SENDER, body="Please pay.")
    world.twilio.relent("+66")

    assert (400, 21408) == (refused.value.status, refused.value.code)
    assert "queued" == text_client.messages.create(to="+66812345678", from_=SENDER, body="Please pay.").status


def test_start_ends_an_opt_out(world: ProviderWorld, text_client: Any) -> None:
    """START lifts the block."""
    world.twilio.opt_out("+14155550113")
    world.twilio.opt_in("+14155550113")

    assert "queued" == text_client.messages.create(to="+14155550113", from_=SENDER, body="Hello").status


def test_a_wrong_twilio_token_is_20003(world: ProviderWorld) -> None:
    """401 with Twilio's code."""
    client = Client(world.twilio.account_sid, "wrong", http_client=LocalTwilio(world.twilio_url))

    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=NUMBER, from_=SENDER, body="Hello")

    assert (401, 20003) == (refused.value.status, refused.value.code)


def test_twilio_limits_on_demand(world: ProviderWorld, text_client: Any) -> None:
    """429 with Twilio's code 20429."""
    world.faults.add("twilio", "POST .*/Messages", "429")

    with pytest.raises(TwilioRestException) as limited:
        text_client.messages.create(to=NUMBER, from_=SENDER, body="Hello")

    assert (429, 20429) == (limited.value.status, limited.value.code)


def test_lists_messages_to_a_number_over_pages(world: ProviderWorld, text_client: Any) -> None:
    """An unknown send is looked up by recipient and day; the SDK walks the pages."""
    to = "+14155550120"
    sids = [text_client.messages.create(to=to, from_=SENDER, body=f"Part {n}").sid for n in range(3)]
    yesterday = datetime.now(UTC) - timedelta(days=1)

    found = text_client.messages.list(to=to, date_sent_after=yesterday, page_size=2)

    assert list(reversed(sids)) == [message.sid for message in found]
    assert [] == text_client.messages.list(to=to, date_sent_after=yesterday + timedelta(days=3))
    assert "Part 0" == text_client.messages(sids[0]).fetch().body


def test_a_whatsapp_message_is_its_own_channel(world: ProviderWorld, text_client: Any) -> None:
    """The prefix decides the channel in the journal."""
    sender = min(world.twilio.whatsapp.senders)
    text_client.messages.create(to=f"whatsapp:{NUMBER}", from_=f"whatsapp:{sender}", body="Hello")

    assert "whatsapp.accepted" == world.log[-1].kind


def test_who_opens_and_who_unsubscribes_is_told(world: ProviderWorld, mail_client: Any) -> None:
    """As a second event of the newest mail to the address; further mail there is dropped."""
    with Receiver() as receiver:
        world.sendgrid.webhook_url, world.sendgrid.opens = receiver.url, True
        mail_client.send(a_mail("reader@example.com", "case-6:friendly"))
        world.sendgrid.unsubscribe("reader@example.com")
        mail_client.send(a_mail("reader@example.com", "case-6:firm"))
        assert world.outbox.flush()
        world.sendgrid.webhook_url, world.sendgrid.opens = None, False

    told = [[event["event"] for event in json.loads(request.body)] for request in receiver.requests]
    assert [["processed", "delivered", "open"], ["unsubscribe"], ["processed", "dropped"]] == told
    assert "case-6:friendly" == json.loads(receiver.requests[1].body)[0]["dunning_key"]


def test_a_stop_comes_signed_as_twilio_signs_it(world: ProviderWorld) -> None:
    """What people write goes to the number's own webhook."""
    with Receiver() as receiver:
        world.twilio.numbers[world.twilio.number]["sms_url"] = receiver.url
        world.twilio.opt_out("+14155550177")
        assert world.outbox.flush()
        world.twilio.numbers[world.twilio.number]["sms_url"] = None

    [request] = receiver.requests
    fields = dict(parse_qsl(request.body.decode()))
    assert ("received", "STOP", "+14155550177") == (fields["SmsStatus"], fields["Body"], fields["From"])
    validator = RequestValidator(world.twilio.auth_token)
    assert validator.validate(receiver.url, fields, request.headers["x-twilio-signature"])


def test_the_carrier_says_of_each_text_that_it_arrived(world: ProviderWorld, text_client: Any) -> None:
    world.twilio.delivers = True
    with Receiver() as receiver:
        text_client.messages.create(to=NUMBER, from_=SENDER, body="Hello", status_callback=receiver.url)
        assert world.outbox.flush()
    world.twilio.delivers = False

    told = [dict(parse_qsl(request.body.decode()))["MessageStatus"] for request in receiver.requests]
    assert ["sent", "delivered"] == told


def test_status_callbacks_are_signed(world: ProviderWorld, text_client: Any) -> None:
    """The carrier's word reaches the message's own callback, signed as the SDK checks."""
    with Receiver() as receiver:
        callback = f"{receiver.url}?dunning_key=case-5:sms"
        sid = text_client.messages.create(to=NUMBER, from_=SENDER, body="Hello", status_callback=callback).sid
        world.twilio.report(sid, "undelivered", 30003)
        assert world.outbox.flush()

    request = receiver.requests[0]
    fields = dict(parse_qsl(request.body.decode()))
    assert ("undelivered", "30003") == (fields["MessageStatus"], fields["ErrorCode"])
    assert RequestValidator(world.twilio.auth_token).validate(callback, fields, request.headers["x-twilio-signature"])
