"""Stripe: the key and what it may do, the account, the webhook endpoint and what did not come, the clocks."""

from contextlib import closing
from datetime import timedelta
from typing import Any

from domain.case import CaseStatus
from gateways import stripe_endpoint
from gateways.ports.trouble import NotFound
from gateways.stripe_origin import Served
from gateways.stripe_payments import EXPAND
from runtime import wiring
from runtime.checks.look import Check, Look, fault
from runtime.connecting import SECRETS, stripe_webhook_url
from runtime.in_clear import is_own
from runtime.settings import several

_SKEW = timedelta(seconds=30)
_SIGNED_FOR = timedelta(minutes=5)
_BACK, _ON_ITS_WAY = timedelta(days=3), timedelta(minutes=10)
# No such object is anywhere: a key that may make the call is told so, and nothing happens.
_NONE = "dunning_doctor"
# What of it is needed stands there, because Stripe looks at the parameters before the permissions.
CALLS: tuple[tuple[str, str, tuple[str, ...], dict[str, Any]], ...] = (
    ("Invoices (write)", "get", ("invoices", f"in_{_NONE}"), {}),
    ("Invoices (write)", "post", ("invoices", f"in_{_NONE}", "pay"), {}),
    ("Invoices (write)", "post", ("invoiceitems", f"ii_{_NONE}"), {}),
    ("Subscriptions (write)", "delete", ("subscriptions", f"sub_{_NONE}"), {}),
    ("Customers", "get", ("customers", f"cus_{_NONE}"), {}),
    ("Payment Methods", "get", ("payment_methods", f"pm_{_NONE}"), {}),
    ("Payment Intents", "get", ("payment_intents", f"pi_{_NONE}"), {}),
    ("Setup Intents", "get", ("setup_intents", f"seti_{_NONE}"), {}),
    ("Charges and Refunds", "get", ("charges", f"ch_{_NONE}"), {}),
    ("Disputes", "get", ("disputes", f"dp_{_NONE}"), {}),
    (
        "Payment Records (write)",
        "post",
        ("payment_records", f"pr_{_NONE}", "report_payment_attempt_guaranteed"),
        {"guaranteed_at": 1},
    ),
    ("Events", "get", ("events", f"evt_{_NONE}"), {}),
)
"""By the Dashboard's name of the permission."""

WHOLE_INVOICE = ("Credit notes", "get", ("invoices", f"in_{_NONE}"), {"expand": EXPAND})
"""What an invoice is read with wants all of the above and one more permission: it is asked where nothing else lacks."""


def _key(look: Look) -> str:
    secret = look.settings.stripe_secret
    if secret.startswith("pk_"):
        raise fault("STRIPE_API_KEY is a publishable key: set it to a secret one (sk_…) or a restricted one (rk_…).")
    wiring.stripe_account(look.settings).now()
    live = Served.by(secret, None).live
    return f"the key works, in {'an unknown' if live is None else 'live' if live else 'test'} mode"


def _permissions(look: Look) -> str:
    api = wiring.stripe_account(look.settings)

    def lacking(*calls: tuple[str, str, tuple[str, ...], dict[str, Any]]) -> list[str]:
        return list(dict.fromkeys(name for name, method, path, more in calls if not api.allows(method, *path, **more)))

    missing = lacking(*CALLS) or lacking(WHOLE_INVOICE)
    if missing:
        raise fault(
            f"The key in STRIPE_API_KEY may not use {', '.join(missing)}: give it these permissions in Stripe's "
            "Dashboard (Developers > API keys)."
        )
    return "the key may do all that cases need"


def _clocks(look: Look) -> str:
    theirs = wiring.stripe_account(look.settings).now()
    if theirs is None:
        return "Stripe does not tell its time"
    apart = look.now() - theirs
    if abs(apart) > _SKEW:
        side = "ahead of" if apart > timedelta(0) else "behind"
        raise fault(
            f"This machine's clock is {abs(apart).total_seconds():.0f} s {side} Stripe's: set it by NTP; signatures "
            f"hold for {_SIGNED_FOR.total_seconds():.0f} s."
        )
    return f"less than {_SKEW.total_seconds():.0f} s from Stripe's"


def _account(look: Look) -> str:
    """An open case is about an invoice of this account and mode, or nothing can be done for it."""
    with closing(wiring.open_ledger(look.settings)) as ledger:
        rows = ledger.cases(CaseStatus.OPEN, limit=1).rows
    if not rows:
        return "there is no open case to compare the key with"
    invoice = rows[0].invoice_id
    try:
        wiring.stripe_payments(look.settings).read_invoice(invoice)
    except NotFound:
        raise fault(
            f"Stripe does not know the invoice {invoice} of an open case: STRIPE_API_KEY is of the other mode (test or "
            "live) or of another account; set the key under which the case was opened."
        ) from None
    return "the open cases' invoices are this account's"


def _secret(look: Look) -> str:
    secrets = several(look.settings.stripe_webhook_secrets)
    if not secrets and look.settings.web_public_url is None:
        return "WEB_PUBLIC_URL is not set: events come as files only"
    if not secrets:
        raise fault(
            f"{SECRETS} is not set, so that no event is taken: run python starter.py connect stripe, which shows it."
        )
    if any(not secret.startswith("whsec_") for secret in secrets):
        raise fault(f"{SECRETS} has something that is no webhook secret: each begins with whsec_.")
    return f"{len(secrets)} set"


def _endpoint(look: Look) -> str:
    if look.settings.web_public_url is None:
        return "WEB_PUBLIC_URL is not set: events come as files only"
    url = stripe_webhook_url(look.settings)
    found = stripe_endpoint.find(wiring.stripe_account(look.settings), url)
    if found is None:
        if is_own(url):
            return f"{url} is this machine's: its events come by stripe listen"
        raise fault(f"Stripe has no webhook endpoint for {url}: run python starter.py connect stripe.")
    if not found.enabled:
        raise fault(
            f"The webhook endpoint {found.id} is disabled: run python starter.py connect stripe, which enables it."
        )
    if found.lacks:
        raise fault(
            f"The webhook endpoint {found.id} does not get {', '.join(found.lacks)}: run python starter.py connect "
            "stripe."
        )
    return f"{found.id} gets all that cases need"


def _delivered(look: Look) -> str:
    if look.settings.web_public_url is None:
        return "events come as files only"
    until = look.now() - _ON_ITS_WAY
    late = stripe_endpoint.undelivered(wiring.stripe_account(look.settings), until - _BACK, until)
    with closing(wiring.open_ledger(look.settings)) as ledger:
        missing = sorted(set(late) - ledger.kept("stripe", late))
    if missing:
        raise fault(
            f"{len(missing)} of Stripe's events of these days were not taken here, such as {missing[0]}: {SECRETS} "
            "has not the endpoint's secret, or the web process was away; run python starter.py connect stripe --renew "
            "and start it again."
        )
    return "none of these days' events is missing"


CHECKS = (
    Check("Stripe", _key),
    Check("Stripe's permissions", _permissions, after=("Stripe",)),
    Check("clock", _clocks, after=("Stripe",)),
    Check("Stripe's account", _account, after=("Stripe", "ledger")),
    Check("webhook secret", _secret),
    Check("webhook endpoint", _endpoint, after=("Stripe",)),
    Check("webhooks", _delivered, after=("webhook endpoint", "ledger")),
)
