"""No case is opened by a policy that could not say a word."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import PolicyError
from runtime import wiring
from runtime.settings import SHIPPED, Settings
from sandbox.providers.world import ProviderWorld
from service.feed import REFUSED, take_all
from service.opening import Taken
from tests.cases import a_failed_invoice, failed

_WHATSAPP = ("twilio_whatsapp_from", "twilio_whatsapp_templates")
NO_TWILIO = dict.fromkeys(("twilio_account_sid", "twilio_auth_token", "twilio_from", *_WHATSAPP))
SAID = (
    "No message of policy standard@1 could be sent (SMS: TWILIO_ACCOUNT_SID is not set): set what is missing, or give "
    "the policy a channel that is set up."
)


@pytest.fixture
def texts_only(settings: Settings, tmp_path: Path) -> Settings:
    """The standard policy, all by text message."""
    policy = (SHIPPED / "standard.yaml").read_text()
    for before, after in (
        ("channel: email", "channel: sms"),
        ("channel: notice", "channel: sms"),
        ("      - remind: {channel: sms, stage: friendly}\n      - remind: {channel: sms, stage: friendly}\n", ""),
        ("      - remind: {channel: sms, stage: final}\n      - remind", "      - remind"),
        ("  action_request: email\n", "  action_request: sms\n"),
        ("fallback: {email: sms, sms: email, notice: email}", "fallback: {}"),
    ):
        assert before in policy
        policy = policy.replace(before, after)
    (tmp_path / "standard.yaml").write_text(policy)
    return settings.model_copy(update={"dunning_policies": tmp_path})


async def test_a_policy_of_closed_channels_opens_nothing_until_its_setting_is_there(
    world: ProviderWorld, texts_only: Settings, ledger: SqlLedger, client: Client
) -> None:
    """The record is refused in one sentence, and taken when it is given again: nothing of it was kept."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)

    with closing(wiring.intake(texts_only.model_copy(update=NO_TWILIO), client, ledger)) as intake:
        with pytest.raises(PolicyError) as refused:
            await intake.take_event(event)
        lines = [line async for line in take_all(intake, json.dumps({"invoice_id": invoice_id}))]
    assert ledger.case(invoice_id) is None

    with closing(wiring.intake(texts_only, client, ledger)) as intake:
        taken = await intake.take_event(event)

    assert SAID == str(refused.value)
    assert [(REFUSED, SAID)] == [(line.result, line.problem) for line in lines]
    assert Taken.OPENED is taken
