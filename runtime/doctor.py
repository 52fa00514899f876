"""Looks an installation over: one line for each thing that a worker or a command needs. Changes nothing."""

import asyncio
import platform
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from importlib.metadata import version
from typing import NamedTuple

from pydantic import SecretStr
from temporalio.service import RPCError

from domain.policy import Policy
from domain.retries import TURN_OFF, RetryOwner
from gateways.ledger.database import place
from gateways.messages import TemplateMessages
from gateways.phrases import PhrasesError
from gateways.policy_files import ANY_SEGMENT, PolicyError
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.rules import load_decline_table, load_minimum_charges, load_network_rules, load_refusals
from gateways.yaml_files import FileError
from runtime import wiring
from runtime.books import require_schema
from runtime.set_up import knows_search_attributes
from runtime.settings import ZONES, Settings, SettingsError, load_settings
from runtime.temporal import connect
from runtime.version import VERSION

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

_ANSWER_WITHIN = 10.0  # seconds; a firewall that swallows everything never refuses

_WRONG = (SettingsError, PolicyError, FileError, PhrasesError, ProviderMisuse, ProviderTrouble)
"""What says in one sentence what is wrong and what to do."""


class Finding(NamedTuple):
    """One line. A bad one says what to do; none holds a secret."""

    what: str
    good: bool
    said: str

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'BAD'}  {self.what}: {self.said}"


async def examine() -> list[Finding]:
    """Everything, in the order in which it is put right."""
    found = [
        Finding("program", True, VERSION),
        Finding("Python", True, platform.python_version()),
        Finding("temporalio", True, version("temporalio")),
        Finding("time zones", True, f"{ZONES.iana} (tzdata {ZONES.package})"),
        Finding("public holidays", True, f"holidays {version('holidays')}"),
    ]
    try:
        settings = load_settings()
    except SettingsError as error:
        return [*found, Finding("settings", False, f"{error} Nothing else can be looked at before it is right.")]
    return [*found, *await _installation(settings)]


async def _installation(settings: Settings) -> list[Finding]:
    checks: dict[str, Callable[[Settings], str]] = {
        "worker's settings": _worker_settings,
        "policies": _policies,
        "decline table": lambda s: f"edition {load_decline_table(s.dunning_policies / 'rules').edition}",
        "network rules": _network_rules,
        "minimum charges": lambda s: f"edition {load_minimum_charges(s.dunning_policies / 'rules').edition}",
        "Twilio's refusals": lambda s: f"edition {load_refusals(s.dunning_policies / 'rules', 'twilio').edition}",
        "SendGrid's refusals": lambda s: f"edition {load_refusals(s.dunning_policies / 'rules', 'sendgrid').edition}",
        "message texts": _messages,
        "ledger": _ledger,
        "retries": _retries,
    }
    found = [await _found(what, asyncio.to_thread(check, settings)) for what, check in checks.items()]
    return [*found, *await _temporal(settings)]


async def _found(what: str, asked: Awaitable[str]) -> Finding:
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            return Finding(what, True, await asked)
    except _WRONG as error:
        return Finding(what, False, "; ".join(str(error).splitlines()))
    except RPCError as error:
        why = f"the server refuses ({error.status.name}): check TEMPORAL_API_KEY and TEMPORAL_NAMESPACE."
        return Finding(what, False, why)
    except TimeoutError:
        why = f"no answer within {_ANSWER_WITHIN:.0f} s: check its address, and that it can be reached from here."
        return Finding(what, False, why)


def _worker_settings(settings: Settings) -> str:
    missing = [name for name in WORKER_NEEDS if not _text(getattr(settings, name.lower()))]
    if missing:
        raise SettingsError(f"{', '.join(missing)} not set: set them in the environment (README, Settings).")
    return "all that are needed are set"


def _text(value: str | SecretStr | None) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def _policies(settings: Settings) -> str:
    return ", ".join(f"{policy.name}@{policy.version}" for policy in wiring.policy_store(settings).policies)


def _network_rules(settings: Settings) -> str:
    rules = load_network_rules(settings.dunning_policies / "rules")
    return f"edition {rules.networks.edition}, rails {rules.rails.edition}"


def _retries(settings: Settings) -> str:
    """Stripe's API does not show whether its retries are on: the invoices show what it plans."""
    planned = wiring.stripe_payments(settings).retried_by_itself()
    ours = sum(1 for policy in _policies_of(settings, planned) if policy.retries.owner is RetryOwner.OURS)
    if ours:
        raise SettingsError(f"Stripe plans tries of its own on {ours} open invoices, and so do we: {TURN_OFF}.")
    return f"each invoice has one owner; Stripe plans tries of its own on {len(planned) or 'none'}"


def _policies_of(settings: Settings, invoices: Sequence[str]) -> list[Policy]:
    """The policy that each invoice's case follows, or would follow if it had one."""
    if not invoices:
        return []
    usual = wiring.policy_store(settings).for_segment(ANY_SEGMENT)
    with closing(wiring.open_ledger(settings)) as ledger:
        digests = Counter(case.policy_digest if (case := ledger.case(invoice)) else "" for invoice in invoices)
        known = {digest: Policy.stored(ledger.policy(digest)) if digest else usual for digest in digests}
    return [known[digest] for digest in digests.elements()]


def _messages(settings: Settings) -> str:
    contact = settings.customers_contact
    TemplateMessages(settings.dunning_policies / "messages", settings.merchant_name, contact)
    return f"well formed; customers get an answer at {contact.shown}"


def _ledger(settings: Settings) -> str:
    require_schema(settings)
    return f"{place(settings.dunning_database_url)}, its tables are current"


async def _temporal(settings: Settings) -> list[Finding]:
    server = await _found("Temporal server", _reach(settings))
    return [server, await _found("search attributes", _attributes(settings))] if server.good else [server]


async def _reach(settings: Settings) -> str:
    await connect(settings)
    return f"{settings.temporal_address}, namespace {settings.temporal_namespace}"


async def _attributes(settings: Settings) -> str:
    if not await knows_search_attributes(await connect(settings)):
        raise SettingsError("Not all that cases have are in the namespace: run python starter.py setup.")
    return "registered"
