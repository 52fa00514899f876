"""The doctor finds what is wrong: each fault is planted in a world that is well, and is told with what to do.

The stand-ins answer in this process; Temporal's own faults are in `test_doctor.py`, on the real server.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.routing import Route

from gateways.ledger.database import upgrade_schema
from gateways.ports.inbox import REFUSED, Arrival
from gateways.ports.rows import CustomerRow
from gateways.stripe_events import TYPES
from sandbox.machine.environment import TWILIO_NUMBER, stand_in_environment, tell_by_webhook, web_environment
from sandbox.providers.world import ProviderWorld
from service.endpoints import Endpoints
from service.keys import KeyRing, Scope
from tests.cases import a_failed_invoice, an_opening_row
from tests.installation import Installation, a_fee, the_terms

AWAY = "http://127.0.0.1:9"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ledger") / "ledger.db"
    upgrade_schema(f"sqlite:///{file}")
    return file


async def _healthy(_: object) -> Response:
    return Response(status_code=204)


@pytest.fixture
def here(tmp_path: Path, empty_ledger: Path) -> Iterator[Installation]:
    """Everything is set up. The stand-ins' clock is an hour behind, so that their events are no news."""
    world = ProviderWorld(clock=lambda: NOW - timedelta(hours=1))
    world.doors.append(Route("/healthz", _healthy))
    with world:
        shutil.copy(empty_ledger, tmp_path / "ledger.db")
        tell_by_webhook(world, world.base_url)
        env = stand_in_environment("127.0.0.1:9", world, tmp_path) | web_environment(world, 0)
        env |= {"WEB_PUBLIC_URL": world.base_url, "TWILIO_STATUS_CALLBACK": f"{world.base_url}/webhooks/twilio"}
        yield Installation(world, tmp_path, env)


def an_open_case(here: Installation) -> None:
    with here.ledger() as ledger:
        row = an_opening_row("in_of_live", "cus_of_live").model_copy(update={"status": "open"})
        ledger.open_case(row, CustomerRow(customer_id="cus_of_live"), "{}")


def two_owners(here: Installation) -> None:
    here.world.stripe.webhooks.configure(None)  # nobody takes the events
    here.world.stripe.use_retries(3)
    a_failed_invoice(here.world)


def an_expired_key(here: Installation) -> None:
    with here.ledger() as ledger:
        KeyRing(ledger, lambda: NOW - timedelta(days=9)).make("billing", Scope.BILLING, timedelta(days=1))


def a_disabled_endpoint(here: Installation) -> None:
    with here.ledger() as ledger:
        endpoint_id, _ = Endpoints(ledger, lambda: NOW, private=True).add("http://127.0.0.1:9/events")
        ledger.disable(endpoint_id, NOW, "it answered 500 for days")


def a_refused_event(here: Installation) -> None:
    with here.ledger() as ledger:
        ledger.keep([Arrival(provider="stripe", event_id="evt_1", kind="invoice.paid", body="{}")], NOW)
        (row,) = ledger.inbox()
        ledger.ended(row.id, REFUSED, "refused", "it is not understood", None, NOW)


def the_ledgers_version(version: str) -> Callable[[Installation], None]:
    def plant(here: Installation) -> None:
        with closing(sqlite3.connect(here.folder / "ledger.db")) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [version])

    return plant


def settings(**changed: str) -> Callable[[Installation], None]:
    return lambda here: here.set(**changed)


def after(act: Callable[[Installation], object]) -> Callable[[Installation], None]:
    return lambda here: (act(here), None)[1]


FAULTS: list[tuple[str, Callable[[Installation], None], str, str]] = [
    ("wrong key of Stripe", settings(STRIPE_API_KEY="sk_test_wrong"), "Stripe", "check STRIPE_API_KEY."),
    ("publishable key", settings(STRIPE_API_KEY="pk_test_1"), "Stripe", "is a publishable key: set it to a secret one"),
    ("no key of Stripe", settings(STRIPE_API_KEY=""), "Stripe", "STRIPE_API_KEY is not set: set it in the environment"),
    (
        "Stripe is away",
        settings(STRIPE_API_BASE=AWAY),
        "Stripe",
        "Stripe cannot be reached: could not read invoices. Check its address in the settings",
    ),
    (
        "a restricted key that may not charge",
        after(lambda here: here.world.stripe.restrict("POST /v1/invoices/[^/]+/pay")),
        "Stripe's permissions",
        "The key in STRIPE_API_KEY may not use Invoices (write): give it these permissions",
    ),
    (
        "a restricted key that may not cancel nor see customers",
        after(lambda here: here.world.stripe.restrict("DELETE /v1/subscriptions|GET /v1/customers")),
        "Stripe's permissions",
        "may not use Subscriptions (write), Customers: give",
    ),
    (
        "a restricted key that may not see what an invoice is shown with",
        after(lambda here: here.world.stripe.restrict(r"GET /v1/invoices/.*expand.*payments\.data")),
        "Stripe's permissions",
        "The key in STRIPE_API_KEY may not use Credit notes: give",
    ),
    (
        "a restricted key that may not record payments",
        after(lambda here: here.world.stripe.restrict("POST /v1/payment_records")),
        "Stripe's permissions",
        "may not use Payment Records (write): give",
    ),
    (
        "a key of the other mode",
        an_open_case,
        "Stripe's account",
        "does not know the invoice in_of_live of an open case: STRIPE_API_KEY is of the other mode (test or live)",
    ),
    (
        "no webhook secret",
        settings(STRIPE_WEBHOOK_SECRETS=""),
        "webhook secret",
        "STRIPE_WEBHOOK_SECRETS is not set, so that no event is taken: run python starter.py connect stripe",
    ),
    (
        "an API key for a webhook secret",
        settings(STRIPE_WEBHOOK_SECRETS="whsec_1,sk_test_1"),
        "webhook secret",
        "has something that is no webhook secret: each begins with whsec_",
    ),
    (
        "a webhook secret of another endpoint",
        after(lambda here: a_failed_invoice(here.world)),
        "webhooks",
        "STRIPE_WEBHOOK_SECRETS has not the endpoint's secret, or the web process was away; run python starter.py",
    ),
    (
        "no webhook endpoint",
        settings(WEB_PUBLIC_URL="https://dunning.invalid"),
        "webhook endpoint",
        "Stripe has no webhook endpoint for https://dunning.invalid/webhooks/stripe: run python starter.py connect",
    ),
    (
        "a disabled webhook endpoint",
        after(lambda here: here.hook.update(status="disabled")),
        "webhook endpoint",
        "is disabled: run python starter.py connect stripe, which enables it.",
    ),
    (
        "an endpoint that lacks events",
        after(lambda here: here.hook.update(enabled_events=sorted(TYPES - {"invoice.paid", "invoice.voided"}))),
        "webhook endpoint",
        "does not get invoice.paid, invoice.voided: run python starter.py connect stripe.",
    ),
    (
        "a clock that is fast",
        after(lambda here: setattr(here, "clock", timedelta(minutes=3))),
        "clock",
        "s ahead of Stripe's: set it by NTP",
    ),
    (
        "a clock that is slow",
        after(lambda here: setattr(here, "clock", timedelta(minutes=-3))),
        "clock",
        "s behind Stripe's: set it by NTP",
    ),
    ("two owners of retries", two_owners, "retries", "Stripe plans tries of its own on 1 open invoices, and so do we"),
    ("wrong key of SendGrid", settings(SENDGRID_API_KEY="SG.no"), "SendGrid", "check SENDGRID_API_KEY."),
    ("SendGrid is away", settings(SENDGRID_API_BASE=AWAY), "SendGrid", "cannot be reached. Check its address"),
    (
        "a key that may not send",
        after(lambda here: setattr(here.world.sendgrid, "scopes", frozenset({"messages.read"}))),
        "SendGrid",
        "The key in SENDGRID_API_KEY may not mail.send: give it that in Settings > API Keys.",
    ),
    (
        "a sender whose domain is not verified",
        settings(SENDGRID_FROM_EMAIL="billing@elsewhere.example"),
        "sender",
        "SendGrid has not verified billing@elsewhere.example or its domain, and sends nothing from it: authenticate",
    ),
    (
        "no verification key",
        settings(SENDGRID_WEBHOOK_KEYS="", WEB_PUBLIC_URL="https://dunning.invalid"),
        "e-mail events",
        "SENDGRID_WEBHOOK_KEYS is not set, so that bounces are not heard of: set it to the verification key",
    ),
    (
        "another verification key",
        settings(SENDGRID_WEBHOOK_KEYS="MFkw"),
        "e-mail events",
        "SENDGRID_WEBHOOK_KEYS has not the verification key of the Event Webhook: switch its signature on",
    ),
    (
        "no event webhook",
        after(lambda here: setattr(here.world.sendgrid, "webhook_url", None)),
        "e-mail events",
        "SendGrid has no enabled Event Webhook for",
    ),
    (
        "wrong credentials of Twilio",
        settings(TWILIO_AUTH_TOKEN="no"),
        "Twilio",
        "Twilio refuses the credentials: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
    ),
    ("Twilio is away", settings(TWILIO_API_BASE=AWAY), "Twilio", "cannot be reached. Check its address"),
    (
        "a suspended account",
        after(lambda here: setattr(here.world.twilio, "status", "suspended")),
        "Twilio",
        "Twilio's account is suspended: open it again",
    ),
    (
        "another's number",
        settings(TWILIO_FROM="+15550001111"),
        "number",
        "has no number +15550001111: buy it",
    ),
    (
        "a number without SMS",
        after(lambda here: here.world.twilio.numbers[TWILIO_NUMBER].update(sms=False)),
        "number",
        f"{TWILIO_NUMBER} cannot send text messages: set TWILIO_FROM to a number with SMS.",
    ),
    (
        "answers that go elsewhere",
        after(lambda here: here.world.twilio.numbers[TWILIO_NUMBER].update(sms_url="https://old.example")),
        "number",
        "STOP among them, do not come here: set the number's webhook for incoming messages to",
    ),
    (
        "no status callback",
        settings(TWILIO_STATUS_CALLBACK="", WEB_PUBLIC_URL="https://dunning.invalid"),
        "number",
        "TWILIO_STATUS_CALLBACK is not set, so that what becomes of text messages is not known: set it to",
    ),
    (
        "web is not reachable",
        settings(WEB_PUBLIC_URL=AWAY),
        "web",
        f"Nothing answers at {AWAY}: start it",
    ),
    (
        "the application is away",
        settings(MERCHANT_WEBHOOK_URL=AWAY),
        "application",
        "The merchant's application cannot be reached. Check its address",
    ),
    (
        "wrong secret of the application",
        settings(MERCHANT_WEBHOOK_SECRET="no"),
        "application",
        "refuses the message (400): check MERCHANT_WEBHOOK_URL and MERCHANT_WEBHOOK_SECRET",
    ),
    ("the agency is away", settings(AGENCY_ENDPOINT=AWAY), "agency", "The collections agency cannot be reached. Check"),
    ("wrong token of the agency", settings(AGENCY_TOKEN="no"), "agency", "check AGENCY_TOKEN."),
    (
        "an API key that has run out",
        an_expired_key,
        "API keys",
        "(billing) have run out: rotate or revoke them",
    ),
    (
        "an endpoint that took nothing",
        a_disabled_endpoint,
        "events out",
        "are disabled: mend them, then send",
    ),
    (
        "an event that nobody could read",
        a_refused_event,
        "inbox",
        "could not be taken: see why (python starter.py inbox",
    ),
    ("older tables", the_ledgers_version("0001"), "ledger", "run python starter.py setup."),
    (
        "newer tables",
        the_ledgers_version("9999"),
        "ledger",
        "of a newer release than this program: install",
    ),
    (
        "terms that lack the merchant's language",
        the_terms(a_fee("Nach 30 Tagen kommen 40 EUR hinzu.", language="de")),
        "terms",
        "segments.any.late_fee: it lacks en, the merchant's language, which all others fall back to",
    ),
    (
        "terms that are not filled in",
        the_terms(a_fee("After 30 days we add [AMOUNT].")),
        "terms",
        "terms.yaml:4: segments.any.late_fee.en: '[AMOUNT]' is a placeholder, and customers would read it: write",
    ),
    ("no way to answer", settings(MERCHANT_CONTACT=""), "message texts", "MERCHANT_CONTACT is not set: set it to"),
    (
        "no name",
        settings(MERCHANT_NAME=""),
        "message texts",
        "MERCHANT_NAME is not set, and customers would read messages of Example: set it to the name",
    ),
    (
        "an old time zone table",
        after(lambda here: setattr(here, "clock", timedelta(days=3 * 366))),
        "time zones",
        "is years old, and steps would come at wrong hours: install a newer release",
    ),
    (
        "no sender's number",
        settings(TWILIO_FROM="", TWILIO_WHATSAPP_FROM="", TWILIO_WHATSAPP_TEMPLATES=""),
        "channels' settings",
        "TWILIO_FROM not set, beside TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN: set all of them",
    ),
]


def test_a_world_that_is_well_has_no_fault(here: Installation) -> None:
    assert {} == here.bad()


@pytest.mark.parametrize(("plant", "what", "said"), [pytest.param(*rest, id=name) for name, *rest in FAULTS])
def test_a_planted_fault_is_found_and_its_fix_named(
    here: Installation, plant: Callable[[Installation], None], what: str, said: str
) -> None:
    plant(here)

    bad = here.bad(what)

    assert [what] == list(bad)
    assert said in bad[what]
    assert "\n" not in bad[what]


def test_what_was_taken_here_is_not_missing_although_another_endpoint_lacks_it(here: Installation) -> None:
    """Stripe tells only that some endpoint of the account has not taken it."""
    a_failed_invoice(here.world)
    with here.ledger() as ledger:
        ledger.keep(
            [Arrival(provider="stripe", event_id=e["id"], kind=e["type"], body="{}") for e in here.world.stripe.events],
            NOW,
        )

    assert {} == here.bad()


def test_on_a_machine_of_ones_own_nobody_misses_what_no_provider_could_bring(here: Installation) -> None:
    """Events come by `stripe listen`; SendGrid and Twilio cannot call such an address, whatever is set."""
    here.world.stripe.webhooks.configure(None)
    here.world.sendgrid.webhook_url = None
    here.world.twilio.numbers[TWILIO_NUMBER].update(sms_url=None)
    here.set(SENDGRID_WEBHOOK_KEYS="", TWILIO_STATUS_CALLBACK="")

    assert {} == here.bad()


def test_what_stands_on_a_fault_is_not_said_again(here: Installation) -> None:
    here.set(STRIPE_API_KEY="sk_test_wrong")

    assert ["Stripe"] == list(here.bad())


def test_a_key_that_may_not_see_it_is_no_fault(here: Installation) -> None:
    """A key of SendGrid that may only send is a good one."""
    here.world.sendgrid.scopes = frozenset({"mail.send", "messages.read"})

    assert {} == here.bad()
