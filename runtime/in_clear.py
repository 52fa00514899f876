"""Secrets that would go out in clear: an API key over a connection without TLS, to anywhere but this machine."""

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from runtime.settings import Settings

# Where a secret goes along with every request.
_PROVIDERS = {
    "stripe_api_base": "STRIPE_API_KEY",
    "sendgrid_api_base": "SENDGRID_API_KEY",
    "twilio_api_base": "TWILIO_AUTH_TOKEN",
    "line_api_base": "LINE_CHANNEL_ACCESS_TOKEN",
    "letter_url": "LETTER_KEY",
}


def is_loopback(host: str | None) -> bool:
    """Whether a host is this very machine, by its name or its address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_own(url: str) -> bool:
    """Whether a URL leads to this very machine: no provider can call it."""
    return is_loopback(urlsplit(url).hostname)


def in_clear(settings: "Settings") -> Iterator[str]:
    """One sentence for each secret that would be sent in clear, with what to set."""
    host = urlsplit(f"//{settings.temporal_address}").hostname
    if settings.temporal_api_key and settings.temporal_tls is False and not is_loopback(host):
        yield "TEMPORAL_TLS is false, so that TEMPORAL_API_KEY would go out in clear: leave TEMPORAL_TLS out"
    for name, key in _PROVIDERS.items():
        if _is_open(getattr(settings, name) or ""):
            yield f"{name.upper()} is http, so that {key} would go out in clear: use https"
    if settings.otel_exporter_otlp_headers and _is_open(settings.otel_exporter_otlp_endpoint or ""):
        yield "OTEL_EXPORTER_OTLP_ENDPOINT is http, so that OTEL_EXPORTER_OTLP_HEADERS would go out in clear: use https"
    if settings.agency_token and _is_open(settings.agency_endpoint or ""):
        yield "AGENCY_ENDPOINT is http, so that AGENCY_TOKEN would go out in clear: use https"


def _is_open(url: str) -> bool:
    target = urlsplit(url)
    return target.scheme == "http" and not is_loopback(target.hostname)
