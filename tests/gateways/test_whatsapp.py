"""WhatsApp through Twilio's real SDK against the stand-in: approved templates, and what comes back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.events import ContactResult
from domain.steps import DEMANDS, Channel, Stage
from gateways.messages import TemplateMessages
from gateways.ports.messages import Rendered
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, Unreachable
from gateways.provider_facts import ContactHeard, CustomerWrote, Wish
from gateways.rules import load_refusals
from gateways.twilio_account import TwilioAccount
from gateways.twilio_events import read
from gateways.twilio_whatsapp import TwilioWhatsApp
from gateways.whatsapp_templates import LONGEST, load_templates
from gateways.yaml_files import FileError
from sandbox.providers.twilio_whatsapp import TEMPLATES
from sandbox.providers.world import ProviderWorld
from tests.gateways.brands import a_brand
from tests.gateways.conftest import ADA, RULES
from tests.gateways.test_messages import DIRECTORY, MESSAGES, an_invoice, some_facts, someone

KEY = "dun:in_1:day5-whatsapp:whatsapp"
NUMBER = "+14155550100"
REFUSALS = load_refusals(RULES, "twilio")
APPROVED = load_templates(TEMPLATES)
MESSAGE = APPROVED.of("en", Stage.REMINDER).filled("Acme", "invoice A-1 over $19.99\nis not paid.", "https://p.acme/1")


@pytest.fixture
def world(world: ProviderWorld) -> ProviderWorld:
    world.twilio.relent()
    return world


def sender(world: ProviderWorld, **other: str) -> TwilioWhatsApp:
    given = {"from_": min(world.twilio.whatsapp.senders)} | other
    return TwilioWhatsApp(
        world.twilio.account_sid,
        world.twilio.auth_token,
        world.twilio_url,
        given["from_"],
        timedelta(seconds=2),
        REFUSALS,
        status_callback="https://dunning.example.com/webhooks/twilio",
        list_lag=timedelta(0),
    )


def test_what_we_begin_goes_out_by_template_and_is_kept_as_it_is_read(world: ProviderWorld) -> None:
    sent = sender(world).send(ADA, MESSAGE, KEY)

    message = world.twilio.sent[-1]
    assert (sent.provider_id, f"whatsapp:{NUMBER}", MESSAGE.text) == (message.sid, message.to, message.body)
    assert "A reminder from Acme about your subscription. Invoice A-1 over" in message.body
    assert "\n" not in message.body
    assert (None, {"dunning_key": KEY}) == (message.error_code, message.callback_params)


@pytest.mark.parametrize("language", ["en", "th"])
@pytest.mark.parametrize("stage", list(DEMANDS))
def test_the_merchant_is_named_once(stage: Stage, language: str) -> None:
    """By the approved text; where there is none, and on the other channels, by what is said."""
    framed = TemplateMessages([DIRECTORY], a_brand("Acme Cloud"), whatsapp=APPROVED)
    texts = [
        messages.render(channel, some_facts(stage), someone(), an_invoice(), language)
        for messages, channel in (
            (framed, Channel.WHATSAPP),
            (MESSAGES, Channel.WHATSAPP),
            (framed, Channel.LINE),
            (framed, Channel.SMS),
        )
    ]

    assert [1] * 4 == [each.text.count("Acme Cloud") for each in texts]
    assert texts[0].template
    said = texts[0].template.values["2"]
    assert f"{said[0].upper()}{said[1:]}" == said
    assert all(each.text.startswith("Acme Cloud: ") for each in texts[1:])


def test_nothing_is_sent_without_an_approved_template(world: ProviderWorld) -> None:
    """The stand-in would take the text, and WhatsApp would drop it (63016)."""
    before = len(world.twilio.sent)

    with pytest.raises(ProviderMisuse, match="TWILIO_WHATSAPP_TEMPLATES"):
        sender(world).send(ADA, Rendered(text="Hello"), KEY)

    assert before == len(world.twilio.sent)


def test_a_template_that_twilio_does_not_know_is_an_operators_to_mend(world: ProviderWorld) -> None:
    assert MESSAGE.template
    gone = MESSAGE.template.model_copy(update={"id": "HX" + "0" * 32})

    with pytest.raises(ProviderMisuse, match="21655"):
        sender(world).send(ADA, MESSAGE.model_copy(update={"template": gone}), KEY)


def test_another_channels_number_is_no_sender(world: ProviderWorld) -> None:
    with pytest.raises(ProviderMisuse, match="63007"):
        sender(world, from_="+15550006000").send(ADA, MESSAGE, KEY)


def test_who_has_texted_stop_on_whatsapp_is_unreachable_there(world: ProviderWorld) -> None:
    other = ADA.model_copy(update={"phone": "+14155550177"})
    world.twilio.opt_out("whatsapp:+14155550177")

    with pytest.raises(Unreachable, match="STOP"):
        sender(world).send(other, MESSAGE, KEY)


def test_a_lost_answer_is_looked_up_by_the_words_of_the_template(world: ProviderWorld) -> None:
    since = datetime.now(UTC)
    other = ADA.model_copy(update={"phone": "+14155550178"})
    assert sender(world).find(other, MESSAGE, KEY, since) is None
    sent = sender(world).send(other, MESSAGE, KEY)

    assert sent == sender(world).find(other, MESSAGE, KEY, since)


def test_a_message_in_other_words_may_be_ours(world: ProviderWorld) -> None:
    """The approved text may differ from the file by a space: it is not sent twice to find out."""
    since = datetime.now(UTC)
    other = ADA.model_copy(update={"phone": "+14155550179"})
    sender(world).send(other, MESSAGE, KEY)

    with pytest.raises(LookupImpossible):
        sender(world).find(other, Rendered(text="Other words"), KEY, since)


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        ("delivered", None, ContactResult.DELIVERED),
        ("read", None, ContactResult.READ),
        ("undelivered", "63016", ContactResult.UNDELIVERED),
        ("undelivered", "63018", ContactResult.UNDELIVERED),
        ("undelivered", "63041", ContactResult.UNDELIVERED),
        ("undelivered", "63049", ContactResult.UNDELIVERED),
        ("failed", "63003", ContactResult.INVALID_ADDRESS),
        ("undelivered", "63024", ContactResult.INVALID_ADDRESS),
        ("undelivered", "21610", ContactResult.OPTED_OUT),
    ],
)
def test_what_becomes_of_it_is_told_of_the_channel(status: str, code: str | None, result: ContactResult) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": status, "To": f"whatsapp:{NUMBER}", "dunning_key": KEY}

    fact = read(form | ({"ErrorCode": code} if code else {}), datetime.now(UTC), REFUSALS)

    assert isinstance(fact, ContactHeard)
    assert (Channel.WHATSAPP, result, KEY, NUMBER) == (fact.channel, fact.result, fact.key, fact.address)


def test_a_stop_on_whatsapp_says_nothing_of_text_messages() -> None:
    form = {"MessageSid": "SM1", "SmsStatus": "received", "From": f"whatsapp:{NUMBER}", "Body": "Stop"}

    fact = read(form, datetime.now(UTC), REFUSALS)

    assert isinstance(fact, CustomerWrote)
    assert (Channel.WHATSAPP, NUMBER, Wish.STOP) == (fact.channel, fact.address, fact.wish)


def test_the_account_shows_a_templates_words_and_its_approval(world: ProviderWorld) -> None:
    account = TwilioAccount(world.twilio.account_sid, world.twilio.auth_token, world.twilio_url, timedelta(seconds=2))

    for one in APPROVED.every.values():
        assert (one.body, "approved") == account.template(one.sid)
    assert (None, "unknown") == account.template("HX" + "0" * 32)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("subscription. {{2}}", "subscription.", "each of"),
        ("A note from {{1}} about", "{{1}} writes about", "begin"),
        ("sid: HX", "sid: MG", "pattern"),
        ("  friendly:", "  silent:", "friendly"),
        ("en:\n", "fr:\n", "en is missing"),
    ],
)
def test_a_file_that_whatsapp_would_not_take_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "templates.yaml"
    file.write_text(TEMPLATES.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    with pytest.raises(FileError, match=said):
        load_templates(file)


def test_every_template_leaves_room_for_what_must_be_said() -> None:
    assert all(0 < one.room < LONGEST for one in APPROVED.every.values())
    assert ("th", "en", "en") == tuple(APPROVED.language(tag) for tag in ("th-TH", "de", ""))
