"""`connect stripe`: the endpoint with exactly the events that are read, and its secret where settings read it."""

import json
import stat
from pathlib import Path

import pytest

from gateways.stripe_events import TYPES
from sandbox.providers.world import ProviderWorld
from tests.cli.commands import Starter, said

URL = "https://dunning.example.com"
HOOK = f"{URL}/webhooks/stripe"


@pytest.fixture
def environment(world: ProviderWorld) -> dict[str, str]:
    """All that the command needs: no Temporal, no ledger."""
    return {"STRIPE_API_KEY": world.stripe.api_key, "STRIPE_API_BASE": world.stripe_url, "WEB_PUBLIC_URL": URL}


def test_the_endpoint_gets_exactly_the_events_that_are_read(starter: Starter, world: ProviderWorld) -> None:
    result = starter("connect", "stripe")

    assert 0 == result.exit_code, result.output
    (endpoint,) = world.stripe.webhooks.endpoints.all()
    assert (HOOK, "enabled", sorted(TYPES)) == (endpoint["url"], endpoint["status"], endpoint["enabled_events"])
    assert "2026-10-28.endive" == endpoint["api_version"]
    assert f"STRIPE_WEBHOOK_SECRETS={endpoint['secret']}" == result.stdout.splitlines()[-1]
    assert (
        f"The endpoint {endpoint['id']} was made: Stripe sends {len(TYPES)} types of events to {HOOK}" in result.stdout
    )


def test_an_endpoint_that_is_there_is_changed_and_not_doubled(starter: Starter, world: ProviderWorld) -> None:
    """It was switched off, and lacks all events but one."""
    world.stripe.webhooks.configure(HOOK, types=["invoice.paid"])
    (endpoint,) = world.stripe.webhooks.endpoints.all()
    endpoint["status"] = "disabled"

    result = starter("connect", "stripe")

    assert [endpoint] == world.stripe.webhooks.endpoints.all()
    assert (sorted(TYPES), "enabled") == (endpoint["enabled_events"], endpoint["status"])
    assert "was there, and is up to date" in result.stdout
    assert "give this command with --renew" in result.stdout
    known = starter("connect", "stripe", env={"STRIPE_WEBHOOK_SECRETS": "whsec_known"})
    assert (0, 1) == (known.exit_code, len(known.stdout.splitlines()))


def test_the_secret_is_written_where_settings_are(starter: Starter, world: ProviderWorld, tmp_path: Path) -> None:
    """In front of the old one, which signs what is under way; the other lines stay."""
    file = tmp_path / ".env"
    file.write_text("# ours\nSTRIPE_API_KEY=sk_test_1\nexport STRIPE_WEBHOOK_SECRETS='whsec_old, whsec_older'\nX=\n")
    file.chmod(0o640)

    result = starter("connect", "stripe", "--env-file", str(file))

    (endpoint,) = world.stripe.webhooks.endpoints.all()
    secrets = f"export STRIPE_WEBHOOK_SECRETS={endpoint['secret']},whsec_old,whsec_older"
    assert ["# ours", "STRIPE_API_KEY=sk_test_1", secrets, "X="] == file.read_text().splitlines()
    assert 0o640 == stat.S_IMODE(file.stat().st_mode)
    assert endpoint["secret"] not in result.output


def test_a_file_that_is_made_is_its_owners_alone(starter: Starter, world: ProviderWorld, tmp_path: Path) -> None:
    file = tmp_path / "env"

    starter("connect", "stripe", "--env-file", str(file))

    (endpoint,) = world.stripe.webhooks.endpoints.all()
    assert f"STRIPE_WEBHOOK_SECRETS={endpoint['secret']}\n" == file.read_text()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_renewed_there_is_one_endpoint_with_a_new_secret(starter: Starter, world: ProviderWorld) -> None:
    world.stripe.webhooks.configure(HOOK)
    (old,) = world.stripe.webhooks.endpoints.all()

    told = json.loads(starter("connect", "stripe", "--renew", "--json").stdout)

    (new,) = world.stripe.webhooks.endpoints.all()
    assert new["id"] != old["id"]
    assert (new["id"], new["secret"], True, HOOK) == (told["endpoint"], told["secret"], told["made"], told["url"])


@pytest.mark.parametrize(
    ("words", "env", "sentence"),
    [
        ([], {"WEB_PUBLIC_URL": ""}, "WEB_PUBLIC_URL is not set: set it to what the world calls"),
        (["--url", "http://dunning.example.com"], {}, "is not an https address: Stripe calls no other one."),
        ([], {"STRIPE_API_KEY": "sk_test_wrong"}, "Stripe refuses the API key: check STRIPE_API_KEY."),
        (["--env-file", "/nowhere/env"], {}, "/nowhere/env cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    starter: Starter, world: ProviderWorld, words: list[str], env: dict[str, str], sentence: str
) -> None:
    """Nothing was made then: the secret of what is made is shown once."""
    code, told = said(starter("connect", "stripe", *words, env=env))

    assert 2 == code
    assert sentence in told
    assert [] == world.stripe.webhooks.endpoints.all()


def test_a_key_without_that_permission_is_told_so(starter: Starter, world: ProviderWorld) -> None:
    world.stripe.restrict("POST /v1/webhook_endpoints")

    code, told = said(starter("connect", "stripe"))

    assert 2 == code
    assert "The Stripe key may not make the webhook endpoint: give the key in STRIPE_API_KEY that permission" in told
    assert [] == world.stripe.webhooks.endpoints.all()
