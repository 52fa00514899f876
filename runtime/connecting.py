"""Connecting a provider: what has to be registered there, through its API."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from gateways import stripe_endpoint
from gateways.stripe_events import TYPES
from runtime import wiring
from runtime.env_file import put_first, require_writable
from runtime.in_clear import is_loopback
from runtime.settings import Settings, SettingsError

WEBHOOK_PATH = "/webhooks/stripe"
SECRETS = "STRIPE_WEBHOOK_SECRETS"


class Connected(NamedTuple):
    """What was done.

    secret: to be pasted where settings are; None when it stands in a file, or when Stripe did not show one.
    events: how many types of events come.
    known:  whether this installation has a secret already.
    """

    url: str
    endpoint: str
    made: bool
    events: int
    secret: str | None
    file: Path | None
    known: bool


def stripe_webhook_url(settings: Settings, public_url: str | None = None) -> str:
    """Where Stripe calls. Raises SettingsError without a public address."""
    base = public_url or settings.web_public_url
    if not base:
        raise SettingsError(
            "WEB_PUBLIC_URL is not set: set it to what the world calls the web process by, such as "
            "https://dunning.example.com, or give --url."
        )
    parts = urlsplit(base)
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        raise SettingsError(f"{base} is not an https address: Stripe calls no other one.")
    return base.rstrip("/") + WEBHOOK_PATH


def connect_stripe(
    settings: Settings, public_url: str | None = None, file: Path | None = None, *, renew: bool = False
) -> Connected:
    """Registers the webhook endpoint and puts its secret into the file, when one is given and there is a secret.

    renew: make a new endpoint, with a new secret, in place of the one that is there. Raises SettingsError,
    ProviderTrouble or ProviderMisuse.
    """
    url = stripe_webhook_url(settings, public_url)
    if file:
        require_writable(file)  # a secret that could not be written would be lost
    api = wiring.stripe_account(settings)
    old = stripe_endpoint.find(api, url) if renew else None
    registered = stripe_endpoint.register(api, url, connected=bool(settings.stripe_account), anew=renew)
    if file and registered.secret:
        put_first(file, SECRETS, registered.secret)
    if old:
        stripe_endpoint.remove(api, old.id)
    return Connected(
        url=url,
        endpoint=registered.id,
        made=registered.secret is not None,
        events=len(TYPES),
        secret=None if file else registered.secret,
        file=file,
        known=bool(settings.stripe_webhook_secrets),
    )
