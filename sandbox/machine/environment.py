"""The environment in which worker and starter use the stand-in world: base URLs and keys, nothing else."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from gateways import stripe_events
from runtime.settings import Settings
from sandbox.providers.twilio_whatsapp import TEMPLATES
from sandbox.providers.world import ProviderWorld

TWILIO_NUMBER = "+15550006000"


def stand_in_environment(temporal_address: str, world: ProviderWorld, data_dir: Path) -> dict[str, str]:
    """Environment variables by name. The database lies in `data_dir`, next to the server's files."""
    return {
        "TEMPORAL_ADDRESS": temporal_address,
        "DUNNING_DATABASE_URL": f"sqlite:///{data_dir / 'ledger.db'}",
        "DUNNING_STICKY_TIMEOUT": "PT3S",  # workers are killed here all the time, and no herd comes
        "STRIPE_API_KEY": world.stripe.api_key,
        "STRIPE_API_BASE": world.stripe_url,
        "SENDGRID_API_KEY": world.sendgrid.api_key,
        "SENDGRID_API_BASE": world.sendgrid_url,
        "SENDGRID_EMAIL_ACTIVITY": "true",
        "SENDGRID_ACTIVITY_LAG": "PT0S",
        "SENDGRID_FROM_EMAIL": "billing@sandbox.example",
        "SENDGRID_FROM_NAME": "Nimbus",
        "TWILIO_ACCOUNT_SID": world.twilio.account_sid,
        "TWILIO_AUTH_TOKEN": world.twilio.auth_token,
        "TWILIO_API_BASE": world.twilio_url,
        "TWILIO_FROM": TWILIO_NUMBER,
        "TWILIO_LIST_LAG": "PT0S",
        "TWILIO_WHATSAPP_FROM": min(world.twilio.whatsapp.senders),
        "TWILIO_WHATSAPP_TEMPLATES": str(TEMPLATES),
        # The callback carries the contact's key to Twilio, so that its journal can be audited.
        "TWILIO_STATUS_CALLBACK": f"{world.base_url}/callbacks/twilio",
        "MERCHANT_WEBHOOK_URL": f"{world.merchant_url}/webhooks/dunning",
        "MERCHANT_WEBHOOK_SECRET": world.merchant.secret,
        "MERCHANT_NAME": "Nimbus",
        "MERCHANT_CONTACT": "help@nimbus.example",
        "MERCHANT_ACCOUNT_URL": "https://nimbus.example/account",
        "AGENCY_ENDPOINT": world.agency_url,
        "AGENCY_TOKEN": world.agency.token,
        # Several workers run on this machine: the first would have the ports.
        "WORKER_METRICS_PORT": "0",
        "TEMPORAL_METRICS_PORT": "0",
        "WEB_METRICS_PORT": "0",
    }


def line_environment(world: ProviderWorld) -> dict[str, str]:
    """What LINE needs beyond that. A process that has it is slower to start: its SDK takes two seconds."""
    return {"LINE_CHANNEL_ACCESS_TOKEN": world.line.token, "LINE_API_BASE": world.line_url}


def letter_environment(world: ProviderWorld) -> dict[str, str]:
    """What letters need beyond that, beside a brand with a postal address. A process that has it prints, which takes
    fonts of some megabytes."""
    return {"LETTER_URL": f"{world.letters_url}/letters", "LETTER_KEY": world.letters.token}


def web_environment(world: ProviderWorld, port: int) -> dict[str, str]:
    """What the web process needs beyond that, where messages' fates are told, and LINE, which is heard of there."""
    url = f"http://127.0.0.1:{port}"
    return line_environment(world) | {
        "WEB_PORT": str(port),
        "WEB_PUBLIC_URL": url,
        "STRIPE_WEBHOOK_SECRETS": world.stripe.webhooks.secret,
        "SENDGRID_WEBHOOK_KEYS": world.sendgrid.public_key,
        "TWILIO_STATUS_CALLBACK": f"{url}/webhooks/twilio",
        "LINE_WEBHOOK_SECRETS": world.line.secret,
        "DUNNING_LINK_SECRETS": "sandbox-links",
        "DUNNING_OUTBOX_PRIVATE": "true",
    }


def tell_by_webhook(world: ProviderWorld, url: str) -> None:
    """Lets the providers call the web process at `url` with everything that it reads; where Twilio tells of a message's
    fate stands in each message."""
    world.stripe.webhooks.configure(f"{url}/webhooks/stripe", types=stripe_events.TYPES)
    world.sendgrid.webhook_url = f"{url}/webhooks/sendgrid"
    world.sendgrid.opens = True
    world.twilio.numbers[TWILIO_NUMBER]["sms_url"] = f"{url}/webhooks/twilio"
    world.twilio.delivers = True
    world.twilio.voice.plays = True
    world.line.webhook_url = f"{url}/webhooks/line"


def stand_in_settings(temporal_address: str, world: ProviderWorld, data_dir: Path) -> Settings:
    """The same as settings, for code in this process."""
    return settings_of(stand_in_environment(temporal_address, world, data_dir))


def settings_of(environment: Mapping[str, str]) -> Settings:
    """What a process with these variables would read."""
    return Settings.model_validate({name.lower(): value for name, value in environment.items()})


def write_environment(environment: Mapping[str, str], folder: Path) -> Path:
    """The same as a file for a shell, `. env`. The keys are the stand-ins' own and open nothing else."""
    file = folder / "env"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
