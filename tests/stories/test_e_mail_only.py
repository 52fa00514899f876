"""A merchant with Stripe and SendGrid alone: worker, web process, and one case from its webhook to its end."""

import json
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import Client

from domain.case import Outcome
from domain.steps import Channel
from runtime.equipment import CHANNELS
from runtime.settings import Settings
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import START, Scene, StagedCase, staged
from sandbox.providers.stripe_outcomes import Decline
from tests.stories.test_standard_policy import told
from tests.web.conftest import Web, serving, until

ZONE = "America/New_York"
NO_TWILIO, NO_APP = "TWILIO_ACCOUNT_SID is not set", "MERCHANT_WEBHOOK_URL is not set"
NOBODY_HEARS = f"{NO_APP}, and no endpoint takes service.restricted and service.restored"
SAID = "the e-mail of day"
NOT_SET = dict.fromkeys(
    name.lower()
    for channel, names in {**CHANNELS, "agency": ("AGENCY_ENDPOINT", "AGENCY_TOKEN")}.items()
    for name in names
    if channel is not Channel.EMAIL
)


def web_settings(stage: Scene) -> Settings:
    """What the web process is told of Stripe and SendGrid."""
    world = stage.world
    secrets = {
        "stripe_webhook_secrets": SecretStr(world.stripe.webhooks.secret),
        "sendgrid_webhook_keys": SecretStr(world.sendgrid.public_key),
    }
    return stage.settings.model_copy(update=secrets)


async def a_case_by_webhook(stage: Scene, web: Web) -> StagedCase:
    """As Stripe tells of a first payment that failed."""
    stripe = stage.world.stripe
    customer = stripe.add_customer(
        email="ada@customers.example", phone="+15005550010", country="US", metadata={"time_zone": ZONE}
    )
    card = stripe.add_card(customer, behaviour=Decline("generic_decline"))
    invoice = stripe.fail_first_payment(customer, amount=20_000, currency="usd")
    event = {**stripe.last_event("invoice.payment_failed", invoice), "created": int(START.timestamp())}
    body = json.dumps(event).encode()
    answer = await web.http.post("/webhooks/stripe", content=body, headers=stripe.webhooks.sign(body))
    assert 204 == answer.status_code
    await until(lambda: (row := stage.ledger.case(invoice)) and row.decided_at)
    return stage.case(customer, card, invoice, ZONE)


async def test_stripe_and_sendgrid_are_enough(temporal: TemporalServer, client: Client, tmp_path: Path) -> None:
    """Every message by e-mail, none twice on a day; nothing is restricted or handed over, and no message says so."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path, **NOT_SET) as stage:
        async with serving(web_settings(stage)) as web:
            case = await a_case_by_webhook(stage, web)
            doors = ("twilio", "agency", "nobody")
            closed = [await web.http.post(f"/webhooks/{name}", content=b"{}") for name in doors]
            result = await case.finish()
        view = await case.status()
        record = stage.ledger.record(case.invoice)

    assert Outcome.WRITTEN_OFF is result.outcome
    assert [404, 404, 404] == [answer.status_code for answer in closed]
    assert [
        "04-01 case opened: 200.00 USD due by policy standard@1",
        "04-02 retry on day 1: declined, generic_decline",
        f"04-04 friendly e-mail on day 3: skipped, in-app notice ({NO_APP}) is closed and {SAID} 3 says the same",
        "04-04 retry on day 3: declined, generic_decline",
        "04-04 friendly e-mail on day 3: sent",
        "04-06 retry on day 5: declined, generic_decline",
        "04-06 reminder e-mail on day 5: sent",
        "04-08 retry on day 7: declined, generic_decline",
        "04-08 reminder e-mail on day 7: sent",
        f"04-11 service read-only on day 10: skipped, nobody would restrict the service: {NOBODY_HEARS}",
        "04-11 retry on day 10: declined, generic_decline",
        "04-11 firm e-mail on day 10: sent",
        "04-15 retry on day 14: declined, generic_decline",
        f"04-22 final e-mail on day 21: skipped, SMS ({NO_TWILIO}) is closed and {SAID} 21 says the same",
        "04-22 final e-mail on day 21: sent",
        "04-29 subscription cancelled on day 28: done",
        "04-29 invoice marked uncollectible: done",
        "04-29 closed as written_off: the announced end came; there is no agency (AGENCY_ENDPOINT is not set)",
    ] == told(view)
    assert 5 == len(case.mails) == len(case.messages)
    assert [] == [mail for mail in case.mails if "read-only" in mail or "collections agency" in mail]
    assert (
        "cancel your subscription, close the invoice as unpaid and send no further reminders of it." in case.mails[-1]
    )
    [swapped] = [
        entry.why for entry in record if entry.step == "d05-remind-sms-reminder" and entry.what == "email sent"
    ]
    assert "reminder e-mail on day 5 of the timeline, in place of SMS (TWILIO_ACCOUNT_SID is not set)" == swapped
    assert [] == stage.world.twilio.sent + stage.world.merchant.received + stage.world.agency.handoffs
