"""What a worker reads before it starts: its settings, the policies and tables, the texts, the time zones."""

from pydantic import SecretStr

from gateways.messages import TemplateMessages
from gateways.rules import load_decline_table, load_minimum_charges, load_network_rules, load_refusals
from runtime import wiring
from runtime.checks.look import Check, Look, fault
from runtime.settings import ZONES

WORKER_NEEDS = (
    "STRIPE_API_KEY",
    "SENDGRID_API_KEY",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_FROM",
    "MERCHANT_WEBHOOK_URL",
    "MERCHANT_WEBHOOK_SECRET",
    "MERCHANT_CONTACT",
)
"""The settings without which no worker starts."""

_OLD_ZONES = 2  # years: a country changes its clocks every year


def _worker_settings(look: Look) -> str:
    missing = [name for name in WORKER_NEEDS if not _text(getattr(look.settings, name.lower()))]
    if missing:
        raise fault(f"{', '.join(missing)} not set: set them in the environment (README, Settings).")
    return "all that are needed are set"


def _text(value: str | SecretStr | None) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def _zones(look: Look) -> str:
    if int(ZONES.iana[:4]) <= look.now().year - _OLD_ZONES:
        raise fault(
            f"The time zone table {ZONES.iana} is years old, and steps would come at wrong hours: install a newer "
            "release, or a newer tzdata."
        )
    return f"{ZONES.iana} (tzdata {ZONES.package})"


def _policies(look: Look) -> str:
    return ", ".join(f"{policy.name}@{policy.version}" for policy in wiring.policy_store(look.settings).policies)


def _declines(look: Look) -> str:
    return f"edition {load_decline_table(look.settings.dunning_policies / 'rules').edition}"


def _network_rules(look: Look) -> str:
    rules = load_network_rules(look.settings.dunning_policies / "rules")
    return f"edition {rules.networks.edition}, rails {rules.rails.edition}"


def _minimums(look: Look) -> str:
    return f"edition {load_minimum_charges(look.settings.dunning_policies / 'rules').edition}"


def _twilios(look: Look) -> str:
    return f"edition {load_refusals(look.settings.dunning_policies / 'rules', 'twilio').edition}"


def _sendgrids(look: Look) -> str:
    return f"edition {load_refusals(look.settings.dunning_policies / 'rules', 'sendgrid').edition}"


def _messages(look: Look) -> str:
    contact = look.settings.customers_contact
    TemplateMessages(look.settings.dunning_policies / "messages", look.settings.merchant_name, contact)
    return f"well formed; customers get an answer at {contact.shown}"


CHECKS = (
    Check("worker's settings", _worker_settings),
    Check("time zones", _zones),
    Check("policies", _policies),
    Check("decline table", _declines),
    Check("network rules", _network_rules),
    Check("minimum charges", _minimums),
    Check("Twilio's refusals", _twilios),
    Check("SendGrid's refusals", _sendgrids),
    Check("message texts", _messages),
)
