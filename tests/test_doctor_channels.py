"""The doctor of a merchant who has not set up everything: what is closed is a note, and a fault where it is needed."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateways.ledger.sql_ledger import SqlLedger
from runtime import wiring
from runtime.doors import doors
from runtime.equipment import CHANNELS
from runtime.settings import ROOT, Settings, SettingsError
from sandbox.machine.environment import letter_environment, line_environment
from sandbox.providers.twilio_whatsapp import TEMPLATES
from sandbox.providers.world import ProviderWorld
from service.endpoints import Endpoints
from tests.doctors import NO_SERVER, Doctor, doctor_in
from tests.letters import policies_with_a_sender

WHATSAPP = ("TWILIO_WHATSAPP_FROM", "TWILIO_WHATSAPP_TEMPLATES")


@pytest.fixture
def doctor(environment: dict[str, str]) -> Doctor:
    return doctor_in(environment)


def test_an_e_mail_only_merchant_is_well_and_told_what_is_closed(doctor: Doctor, ledger: SqlLedger) -> None:
    """Notes, no faults: every message of the shipped policies goes out by e-mail."""
    assert () == ledger.cases().rows
    names = [name for group in CHANNELS.values() for name in group if not name.startswith("SENDGRID")]

    _, good, bad = doctor(NO_SERVER | dict.fromkeys([*names, "AGENCY_ENDPOINT", "AGENCY_TOKEN"], ""))

    assert ["Temporal server"] == list(bad)
    assert (
        "e-mail open; SMS closed: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM not set; "
        "in-app notice closed: MERCHANT_WEBHOOK_URL, MERCHANT_WEBHOOK_SECRET not set; "
        "WhatsApp message closed: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_WHATSAPP_FROM, "
        "TWILIO_WHATSAPP_TEMPLATES not set; LINE message closed: LINE_CHANNEL_ACCESS_TOKEN not set; "
        "letter closed: LETTER_URL, LETTER_KEY not set"
    ) == good["channels"]
    assert ("not set up: no text messages", "no text messages") == (good["Twilio"], good["number"])
    assert "not set up: no notices; nothing is restricted, and no message says so" == good["application"]
    assert "not set up: what a policy would hand over is written off, and messages say so" == good["agency"]


def test_an_endpoint_that_hears_of_access_is_named_where_there_is_no_application(
    doctor: Doctor, ledger: SqlLedger
) -> None:
    Endpoints(ledger, lambda: datetime.now(UTC), private=True).add("http://127.0.0.1:9/events")

    _, good, _ = doctor(NO_SERVER | {"MERCHANT_WEBHOOK_URL": "", "MERCHANT_WEBHOOK_SECRET": ""})

    assert "not set up: no notices; access is told by events alone" == good["application"]


def test_an_sms_only_merchant_is_well(doctor: Doctor, ledger: SqlLedger) -> None:
    assert () == ledger.cases().rows
    _, good, bad = doctor(NO_SERVER | {"SENDGRID_API_KEY": "", "SENDGRID_FROM_EMAIL": ""})

    assert ["Temporal server"] == list(bad)
    lines = [good[line] for line in ("SendGrid", "sender", "e-mail events")]
    assert ["not set up: no e-mails", "no e-mails", "no e-mails"] == lines


def test_a_channel_that_is_set_up_and_that_no_policy_writes_by_is_named(
    doctor: Doctor, tmp_path: Path, world: ProviderWorld
) -> None:
    """The shipped policies name no chat; where one takes the best channel, a customer may prefer any."""
    text = (ROOT / "policies/standard.yaml").read_text()
    (tmp_path / "standard.yaml").write_text(text.replace("action_request: email", "action_request: best"))
    line = {**NO_SERVER, **line_environment(world)}

    _, shipped, _ = doctor(line)
    _, own, _ = doctor({**line, "DUNNING_POLICIES": str(tmp_path)})

    opened = "e-mail, SMS, in-app notice, WhatsApp message, LINE message open"
    closed = "letter closed: LETTER_URL, LETTER_KEY not set"
    assert f"{opened}; no policy writes by WhatsApp message, LINE message; {closed}" == shipped["channels"]
    assert f"{opened}; {closed}" == own["channels"]


def test_whatsapp_without_text_messages_needs_the_callback_as_well(doctor: Doctor, ledger: SqlLedger) -> None:
    assert () == ledger.cases().rows
    alone = {**NO_SERVER, "TWILIO_FROM": "", "TWILIO_STATUS_CALLBACK": ""}

    _, good, bad = doctor(alone | {"WEB_PUBLIC_URL": "https://dunning.invalid"})
    _, here, _ = doctor(alone | {"WEB_PUBLIC_URL": "http://127.0.0.1:9"})

    assert "no text messages" == good["number"]
    assert (
        "TWILIO_STATUS_CALLBACK is not set, so that what becomes of WhatsApp messages is not known: set it to "
        "https://dunning.invalid/webhooks/twilio."
    ) == bad["WhatsApp templates"]
    assert here["WhatsApp templates"].endswith("templates, all approved")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            dict.fromkeys(("TWILIO_AUTH_TOKEN", "TWILIO_FROM", *WHATSAPP), ""),
            "TWILIO_AUTH_TOKEN, TWILIO_FROM not set, beside TWILIO_ACCOUNT_SID: set all of them, or none",
        ),
        ({"SENDGRID_FROM_EMAIL": ""}, "SENDGRID_FROM_EMAIL not set, beside SENDGRID_API_KEY: set all of them,"),
        ({"MERCHANT_WEBHOOK_SECRET": ""}, "MERCHANT_WEBHOOK_SECRET not set, beside MERCHANT_WEBHOOK_URL: set all"),
        ({"AGENCY_ENDPOINT": ""}, "AGENCY_TOKEN is set, and AGENCY_ENDPOINT is not: set it as well, or none of them."),
    ],
)
async def test_what_is_half_set_stops_doctor_worker_and_web(
    doctor: Doctor, settings: Settings, ledger: SqlLedger, given: dict[str, str], said: str
) -> None:
    assert () == ledger.cases().rows
    half = settings.model_copy(update={name.lower(): None for name in given})

    _, good, bad = await asyncio.to_thread(doctor, NO_SERVER | given)

    assert {"channels' settings", "Temporal server"} == set(bad)
    assert bad["channels' settings"].startswith(said)
    assert not good.keys() & {"channels", "SendGrid", "Twilio", "application", "agency"}
    with pytest.raises(SettingsError, match=said.partition(":")[0]):
        wiring.activities(half)
    with pytest.raises(SettingsError, match=said.partition(":")[0]):
        async with doors(half):
            pass


def test_a_policy_that_needs_a_closed_channel_is_a_fault(doctor: Doctor, tmp_path: Path) -> None:
    """The policy's file says where nothing takes a message over."""
    text = (ROOT / "policies/standard.yaml").read_text()
    (tmp_path / "standard.yaml").write_text(text.replace("fallback: {email: sms, sms: email, notice: email}", ""))
    names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM", *WHATSAPP)

    _, _, bad = doctor({**NO_SERVER, "DUNNING_POLICIES": str(tmp_path)} | dict.fromkeys(names, ""))

    assert (
        "No channel is left for what policies have to say (policy standard: the reminder SMS of day 5, the final SMS "
        "of day 21). SMS closed: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM not set: set them, or change the "
        "policy."
    ) == bad["channels"]


def test_a_closing_message_without_a_template_is_a_fault_where_nothing_takes_its_place(
    doctor: Doctor, tmp_path: Path
) -> None:
    """Where the policy has a fallback, the line says that it is used. Here Thai has a template, and English none."""
    text = (ROOT / "sandbox/play/policies/chat.yaml").read_text().replace("segments: [chat]", "segments: [any]")
    chat, templates = tmp_path / "chat.yaml", tmp_path / "templates.txt"
    lines = TEMPLATES.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(line for line in lines if "closing:" in line)
    templates.write_text("".join(line for line in lines if line != first), encoding="utf-8")
    settings = {**NO_SERVER, "DUNNING_POLICIES": str(tmp_path), "TWILIO_WHATSAPP_TEMPLATES": str(templates)}

    chat.write_text(text)
    _, taken_over, _ = doctor(settings)
    chat.write_text(text.replace("whatsapp: email, ", ""))
    _, _, bad = doctor(settings)

    assert (
        "policy chat tells them by WhatsApp, and TWILIO_WHATSAPP_TEMPLATES has no closing in en: by fallback"
    ) == taken_over["closing messages"]
    assert (
        "Policy chat tells by WhatsApp how a case ended, and TWILIO_WHATSAPP_TEMPLATES has no closing in en: have one "
        "approved, or name another channel under closing or in fallback."
    ) == bad["closing messages"]


def test_with_no_channel_the_first_thing_to_set_up_is_named_and_no_list_of_messages(doctor: Doctor) -> None:
    """It is what everybody sees who begins."""
    names = [name for group in CHANNELS.values() for name in group]

    _, _, bad = doctor(NO_SERVER | dict.fromkeys(names, ""))

    assert (
        "Nothing can be said to anybody, and no case is opened: set SENDGRID_API_KEY, SENDGRID_FROM_EMAIL for e-mail, "
        "or TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM for SMS. Alone these are not enough: "
        "MERCHANT_WEBHOOK_URL, MERCHANT_WEBHOOK_SECRET for in-app notice, or TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, "
        "TWILIO_WHATSAPP_FROM, TWILIO_WHATSAPP_TEMPLATES for WhatsApp message, or LINE_CHANNEL_ACCESS_TOKEN for LINE "
        "message, or LETTER_URL, LETTER_KEY for letter; policies would have to write there for all that they say "
        "(docs/connect.md, step 6)."
    ) == bad["channels"]


def test_what_is_named_to_begin_with_leaves_nothing_else_to_be_named(
    doctor: Doctor, tmp_path: Path, world: ProviderWorld
) -> None:
    """A policy whose messages take the best channel is content with LINE; that its events are heard of, is said as
    well where LINE can call."""
    text = (ROOT / "sandbox/play/policies/chat.yaml").read_text()
    (tmp_path / "chat.yaml").write_text(text.replace("segments: [chat]", "segments: [any]"))
    names = [name for group in CHANNELS.values() for name in group]
    none = {**NO_SERVER, "DUNNING_POLICIES": str(tmp_path), "WEB_PUBLIC_URL": "https://dunning.invalid"}
    none |= dict.fromkeys([*names, "TWILIO_STATUS_CALLBACK"], "")

    _, _, before = doctor(none)
    _, good, after = doctor(none | line_environment(world) | {"LINE_WEBHOOK_SECRETS": "of the channel"})

    assert "or LINE_CHANNEL_ACCESS_TOKEN, LINE_WEBHOOK_SECRETS for LINE message. Alone these" in before["channels"]
    assert "TWILIO_FROM, TWILIO_STATUS_CALLBACK for SMS" in before["channels"]
    assert good["channels"].startswith("LINE message open; ")
    assert not {"channels' settings", "channels"} & set(after)


def test_policies_for_which_no_channel_is_enough_alone_name_all_of_theirs(doctor: Doctor, tmp_path: Path) -> None:
    text = (ROOT / "policies/standard.yaml").read_text()
    (tmp_path / "standard.yaml").write_text(text.replace("fallback: {email: sms, sms: email, notice: email}", ""))
    names = [name for group in CHANNELS.values() for name in group]

    _, _, bad = doctor(NO_SERVER | {"DUNNING_POLICIES": str(tmp_path)} | dict.fromkeys(names, ""))

    assert (
        "set SENDGRID_API_KEY, SENDGRID_FROM_EMAIL for e-mail, and TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM "
        "for SMS, and MERCHANT_WEBHOOK_URL, MERCHANT_WEBHOOK_SECRET for in-app notice."
    ) in bad["channels"]


def test_letters_are_printed_in_every_language_before_any_is_sent(
    doctor: Doctor, tmp_path: Path, world: ProviderWorld
) -> None:
    with_a_sender = {**NO_SERVER, "DUNNING_POLICIES": policies_with_a_sender(tmp_path / "policies")}
    folder = tmp_path / "post"

    _, here, _ = doctor(with_a_sender | {"LETTER_FOLDER": str(folder)})
    _, service, _ = doctor(with_a_sender | letter_environment(world))
    _, _, wrong = doctor(with_a_sender | letter_environment(world) | {"LETTER_KEY": "typo"})
    _, _, nameless = doctor({**NO_SERVER, **letter_environment(world)})
    _, off, _ = doctor(NO_SERVER)

    assert "printed in 7 languages, and LETTER_FOLDER takes them" == here["letters"]
    assert [] == [file for file in folder.rglob("*") if file.is_file()]
    assert "printed in 7 languages, and LETTER_URL takes them" == service["letters"]
    assert "The print service refuses the key: check LETTER_KEY." == wrong["letters"]
    assert "A letter names its sender: say postal_address in brand.yaml (docs/brand.md)." == nameless["letters"]
    assert "not set up: no letters" == off["letters"]


def test_a_language_whose_signs_no_font_has_is_told_before_a_letter_is_refused(doctor: Doctor, tmp_path: Path) -> None:
    policies = Path(policies_with_a_sender(tmp_path / "policies"))
    words = policies / "messages/en/phrases.yaml"
    words.write_text(words.read_text("utf-8").replace('regards: "Kind', 'regards: "ᠮ'), "utf-8")

    _, _, bad = doctor({**NO_SERVER, "DUNNING_POLICIES": str(policies), "LETTER_FOLDER": str(tmp_path)})

    assert bad["letters"].startswith("Letters in en cannot be printed. No font here has signs of the letter (U+182E):")
