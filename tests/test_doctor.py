"""`starter.py doctor`: a line for each thing that is needed, and what to do about each that is not right."""

import asyncio
import platform
import sqlite3
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from gateways.ledger.database import place
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CustomerRow
from gateways.ports.trouble import ProviderMisuse
from runtime import wiring
from runtime.checks.worker import WORKER_NEEDS
from runtime.schedule import schedule_id, schedule_sweep
from runtime.settings import ROOT, ZONES, Settings, SettingsError
from runtime.version import VERSION
from sandbox.providers.world import ProviderWorld
from tests.cases import a_failed_invoice, an_opening_row
from tests.doctors import NO_SERVER, Doctor, doctor_in


@pytest.fixture
def world() -> Iterator[ProviderWorld]:
    """The doctor looks at the whole account: it is this test's own."""
    with ProviderWorld() as world:
        yield world


@pytest.fixture
def doctor(environment: dict[str, str]) -> Doctor:
    return doctor_in(environment)


async def test_a_good_installation(
    doctor: Doctor, environment: dict[str, str], client: Client, ledger: SqlLedger, settings: Settings, tmp_path: Path
) -> None:
    """Every line is there, with versions and editions."""
    assert client.namespace == "default"
    assert () == ledger.cases().rows
    table = wiring.decline_table(Settings())
    await schedule_sweep(client, settings)

    code, good, bad = await asyncio.to_thread(doctor)

    assert (0, {}) == (code, bad)
    assert {
        "program": VERSION,
        "Python": platform.python_version(),
        "temporalio": version("temporalio"),
        "time zones": f"{ZONES.iana} (tzdata {version('tzdata')})",
        "public holidays": f"holidays {version('holidays')}",
        "Stripe": "the key works, in test mode",
        "Stripe's permissions": "the key may do all that cases need",
        "clock": "less than 30 s from Stripe's",
        "Stripe's account": "there is no open case to compare the key with",
        "webhook secret": "WEB_PUBLIC_URL is not set: events come as files only",
        "webhook endpoint": "WEB_PUBLIC_URL is not set: events come as files only",
        "webhooks": "events come as files only",
        "SendGrid": "the key may send",
        "sender": "billing@sandbox.example is verified",
        "e-mail events": "WEB_PUBLIC_URL is not set: what becomes of e-mails is not known",
        "Twilio": "the credentials work",
        "number": "+15550006000 sends text messages",
        "WhatsApp templates": good["WhatsApp templates"],
        "LINE": "not set up: no LINE messages",
        "LINE events": "no LINE messages",
        "letters": "not set up: no letters",
        "web": "WEB_PUBLIC_URL is not set: nobody calls",
        "application": f"answers at {environment['MERCHANT_WEBHOOK_URL']}",
        "agency": f"answers at {environment['AGENCY_ENDPOINT']}",
        "API keys": "none in use",
        "events out": "no endpoints",
        "inbox": "all that came was taken",
        "terms": good["terms"],
        "worker's settings": "all that are needed are set",
        "channels' settings": "of each channel all are set, or none",
        "channels": "e-mail, SMS, in-app notice, WhatsApp message open; "
        "no policy writes by WhatsApp message; LINE message closed: LINE_CHANNEL_ACCESS_TOKEN not set; "
        "letter closed: LETTER_URL, LETTER_KEY not set",
        "policies": "sent-invoices@1, standard@1, stripe-retries@1",
        "decline table": f"edition {table.edition}",
        "network rules": good["network rules"],
        "minimum charges": good["minimum charges"],
        "law of contacts": good["law of contacts"],
        "Twilio's refusals": good["Twilio's refusals"],
        "SendGrid's refusals": good["SendGrid's refusals"],
        "LINE's refusals": good["LINE's refusals"],
        "print services' refusals": good["print services' refusals"],
        "message texts": "well formed; Nimbus answers customers at help@nimbus.example",
        "renewals": "said before them by policy standard",
        "automatic calls": "no policy has any",
        "closing messages": "told by policy sent-invoices, standard, stripe-retries",
        "ledger": f"SQLite, {tmp_path / 'ledger.db'}, its tables are current",
        "Temporal server": f"{environment['TEMPORAL_ADDRESS']}, namespace default",
        "retries": "each invoice has one owner; Stripe plans tries of its own on none",
        "search attributes": "registered",
        "sweep": "every 6:00:00",
        "last sweep": "none yet",
    } == good
    for line, file in (
        ("network rules", "networks"),
        ("minimum charges", "minimum-charges"),
        ("Twilio's refusals", "twilio-errors"),
        ("SendGrid's refusals", "sendgrid-errors"),
    ):
        assert f"edition: {good[line].split()[1].rstrip(',')}\n" in (ROOT / f"policies/rules/{file}.yaml").read_text()


def test_r19_two_owners_of_retries_are_named_with_the_setting_to_switch_off(
    doctor: Doctor, world: ProviderWorld, ledger: SqlLedger
) -> None:
    """Stripe's API does not tell whether its retries are on: the open invoices do."""
    world.stripe.use_retries(3)
    invoice, customer = a_failed_invoice(world)
    a_failed_invoice(world)

    _, _, bad = doctor(NO_SERVER)

    assert bad["retries"].startswith("Stripe plans tries of its own on 2 open invoices, and so do we: turn its retries")
    assert "Billing > Revenue recovery > Retries" in bad["retries"]
    theirs = wiring.policy_store(Settings()).get("stripe-retries")
    ledger.keep_policy("d" * 16, theirs.name, theirs.version, theirs.model_dump_json())
    row = an_opening_row(invoice, customer).model_copy(update={"policy_digest": "d" * 16})
    ledger.open_case(row, CustomerRow(customer_id=customer), "{}")
    assert "on 1 open invoices" in doctor(NO_SERVER)[2]["retries"]


async def test_a_new_installation_is_sent_to_setup(doctor: Doctor, client: Client, tmp_path: Path) -> None:
    """A ledger without tables and a namespace without attributes; looking makes neither."""
    namespace = f"fresh-{uuid4().hex[:8]}"
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=Duration(seconds=86_400))
    )

    code, good, bad = await asyncio.to_thread(doctor, {"TEMPORAL_NAMESPACE": namespace})

    assert 1 == code
    assert good["Temporal server"].endswith(f", namespace {namespace}")
    assert {
        "ledger": "The ledger is not set up, or not for this version: run python starter.py setup.",
        "search attributes": "Not all that cases have are in the namespace: run python starter.py setup.",
        "sweep": "The sweep has no schedule, and what no webhook brings is missed: run python starter.py setup.",
    } == bad
    assert not (tmp_path / "ledger.db").exists()


async def test_a_paused_sweep_is_told(doctor: Doctor, client: Client, ledger: SqlLedger, settings: Settings) -> None:
    assert () == ledger.cases().rows
    await schedule_sweep(client, settings)
    await client.get_schedule_handle(schedule_id(settings)).pause()

    _, _, bad = await asyncio.to_thread(doctor)

    assert {"sweep": f"The schedule {schedule_id(settings)} of the sweep is paused: resume it in Temporal's UI."} == bad


def test_no_server_says_where_it_was_looked_for(doctor: Doctor, ledger: SqlLedger) -> None:
    """The rest is looked at all the same."""
    assert () == ledger.cases().rows

    code, good, bad = doctor(NO_SERVER)

    assert 1 == code
    assert {
        "Temporal server": "No Temporal server answers at 127.0.0.1:9: start one (make up) or set TEMPORAL_ADDRESS."
    } == bad
    assert "its tables are current" in good["ledger"]


async def test_an_unknown_namespace_is_told_from_a_missing_server(doctor: Doctor, client: Client) -> None:
    assert client.namespace == "default"

    _, _, bad = await asyncio.to_thread(doctor, {"TEMPORAL_NAMESPACE": "nowhere"})

    assert "The Temporal server does not know the namespace: check TEMPORAL_NAMESPACE." == bad["Temporal server"]


def test_missing_settings_of_the_worker_are_all_named_at_once(doctor: Doctor) -> None:
    _, _, bad = doctor({**NO_SERVER, "STRIPE_API_KEY": "", "MERCHANT_CONTACT": ""})

    assert (
        "STRIPE_API_KEY, MERCHANT_CONTACT not set: set them in the environment (README, Settings)."
        == bad["worker's settings"]
    )


@pytest.mark.parametrize("missing", WORKER_NEEDS)
def test_a_worker_does_not_start_without_one_of_them(settings: Settings, missing: str) -> None:
    """The doctor's list is the worker's own."""
    with pytest.raises(SettingsError, match=missing):
        wiring.activities(settings.model_copy(update={missing.lower(): None}))


def test_a_worker_starts_with_no_more_than_these(environment: dict[str, str]) -> None:
    """The other settings have a default or may be missing: no case would be opened, but none that runs stands still."""
    given = {name.lower(): environment[name] for name in (*WORKER_NEEDS, "DUNNING_DATABASE_URL")}

    assert wiring.activities(Settings.model_validate(given))


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ("", "MERCHANT_CONTACT is not set: set it to the e-mail address, link or phone number"),
        ("ask our staff", "MERCHANT_CONTACT is neither an e-mail address, nor an http(s) link, nor a phone number"),
    ],
)
def test_without_a_way_to_answer_nothing_is_said_to_anybody(
    doctor: Doctor, settings: Settings, contact: str, said: str
) -> None:
    """The doctor says what to do, and the worker the same before it starts."""
    _, _, bad = doctor({**NO_SERVER, "MERCHANT_CONTACT": contact})

    assert bad["message texts"].startswith(said)
    with pytest.raises(SettingsError, match=r"^MERCHANT_CONTACT is n"):
        wiring.activities(settings.model_copy(update={"merchant_contact": contact}))


def test_a_wrong_setting_is_named_without_its_value(doctor: Doctor) -> None:
    """Nothing else can be looked at: the settings say where it is."""
    code, good, bad = doctor({"DUNNING_LOG_LEVEL": "LOUD"})

    assert 1 == code
    assert ["settings"] == list(bad)
    assert bad["settings"].startswith("DUNNING_LOG_LEVEL: the value is not allowed")
    assert "LOUD" not in bad["settings"]
    assert "Python" in good


def test_a_folder_without_policies_is_bad_and_the_releases_tables_are_read(doctor: Doctor, tmp_path: Path) -> None:
    _, good, bad = doctor({**NO_SERVER, "DUNNING_POLICIES": str(tmp_path)})

    assert (
        f"{tmp_path}: no policy (*.yaml) is in this folder: set DUNNING_POLICIES to the right one." == bad["policies"]
    )
    assert good.keys() >= {"decline table", "network rules", "Twilio's refusals", "message texts"}


def test_without_a_page_for_the_account_nothing_is_said_before_renewals(doctor: Doctor) -> None:
    _, good, _ = doctor({**NO_SERVER, "MERCHANT_ACCOUNT_URL": ""})

    assert "nothing is said before them, as policy standard wants: MERCHANT_ACCOUNT_URL is not set" == good["renewals"]


def test_tables_and_texts_of_ones_own_are_bad_in_each_of_their_lines(doctor: Doctor, tmp_path: Path) -> None:
    """Each names the file that could not be read."""
    for folder in ("rules", "messages"):
        (tmp_path / folder).mkdir()
    sentence = tmp_path / "messages" / "en" / "phrases.yaml"
    sentence.parent.mkdir()
    sentence.write_text("regard: Yours\n")

    _, _, bad = doctor({**NO_SERVER, "DUNNING_POLICIES": str(tmp_path)})

    assert str(tmp_path / "rules" / "declines.yaml") in bad["decline table"]
    assert str(tmp_path / "rules" / "networks.yaml") in bad["network rules"]
    assert str(tmp_path / "rules" / "twilio-errors.yaml") in bad["Twilio's refusals"]
    assert str(tmp_path / "rules" / "sendgrid-errors.yaml") in bad["SendGrid's refusals"]
    assert f"{sentence}:1: regard: unknown key" in bad["message texts"]


def test_mistakes_of_a_policy_stand_in_one_line(doctor: Doctor, tmp_path: Path) -> None:
    text = (ROOT / "policies/standard.yaml").read_text()
    wrong = text.replace("jitter:", "jiter:").replace("version: 1", "version: one")
    (tmp_path / "standard.yaml").write_text(wrong)

    _, _, bad = doctor({**NO_SERVER, "DUNNING_POLICIES": str(tmp_path)})

    assert "jiter" in bad["policies"]
    assert "; " in bad["policies"]


def test_a_ledger_of_an_older_release_is_sent_to_setup(doctor: Doctor, ledger: SqlLedger, tmp_path: Path) -> None:
    """The tables are there, under another edition of the schema."""
    assert () == ledger.cases().rows
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'older'")

    _, _, bad = doctor(NO_SERVER)

    assert "The ledger is not set up, or not for this version: run python starter.py setup." == bad["ledger"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://ada:hunter2@db/x", "The ledger's URL is wrong: use sqlite:///FILE or postgresql://"),
        ("postgresql://ada:hunter2@127.0.0.1:9/x", "The ledger's database does not answer"),
    ],
)
def test_a_ledger_that_cannot_be_reached_is_one_sentence(doctor: Doctor, url: str, sentence: str) -> None:
    """The URL holds a password: it is not repeated."""
    _, _, bad = doctor({**NO_SERVER, "DUNNING_DATABASE_URL": url})

    assert bad["ledger"].startswith(sentence)
    assert "hunter2" not in bad["ledger"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:pa%2Fss@db.example:5432/dunning?password=second", "PostgreSQL, dunning at db.example"),
        ("postgresql:///dunning", "PostgreSQL, dunning at the default host"),
        ("sqlite:////srv/ledger.db", "SQLite, /srv/ledger.db"),
        ("sqlite://", "SQLite, in memory"),
    ],
)
def test_the_place_of_the_ledger_has_no_secret(url: str, shown: str) -> None:
    assert shown == place(url)


def test_the_place_of_a_wrong_url_is_refused() -> None:
    with pytest.raises(ProviderMisuse, match="URL is wrong"):
        place("ledger.db")


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert VERSION == project["version"]
