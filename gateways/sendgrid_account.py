"""How SendGrid's account stands: what its key may do, whether the sender is verified, and where its events go."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.client import HTTPException
from typing import Any

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from gateways.http_errors import never_reached
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

_MOST = 200


class NotShown(Exception):
    """The key may not see that. It may still do all that is needed."""


class SendGridAccount:
    """Reads only. Raises ProviderTrouble or ProviderMisuse, each with one sentence; NotShown where a method says so."""

    def __init__(self, api_key: str, base_url: str, timeout: timedelta) -> None:
        api = SendGridAPIClient(api_key, host=base_url.rstrip("/"))
        api.client.timeout = timeout.total_seconds()
        self._client = api.client

    def __repr__(self) -> str:
        return "SendGridAccount()"

    def scopes(self) -> frozenset[str]:
        """What the key may do."""
        found = self._read(self._client.scopes.get)
        return frozenset(map(str, found["scopes"] if isinstance(found, Mapping) else ()))

    def is_verified(self, address: str) -> bool:
        """Whether mail may go out from this address: by its domain, or by itself. Raises NotShown."""
        domain = address.rpartition("@")[2].lower()
        domains = self._read(lambda: self._client.whitelabel.domains.get(query_params={"limit": _MOST}))
        if any(one.get("valid") is True and _covers(str(one.get("domain")), domain) for one in _objects(domains)):
            return True
        senders = self._read(lambda: self._client.verified_senders.get(query_params={"limit": _MOST}))
        listed = _objects(senders.get("results") if isinstance(senders, Mapping) else ())
        return any(
            one.get("verified") is True and str(one.get("from_email")).lower() == address.lower() for one in listed
        )

    def event_webhook(self, url: str) -> str | None:
        """The public key of the enabled Event Webhook at this address: empty when it does not sign, None without one.

        Raises NotShown.
        """
        found = self._read(self._client.user.webhooks.event.settings.all.get)
        for one in _objects(found.get("webhooks") if isinstance(found, Mapping) else ()):
            if one.get("url") == url and one.get("enabled") is True:
                return str(one.get("public_key") or "")
        return None

    def _read(self, request: Callable[[], Any]) -> Any:
        try:
            return json.loads(request().body)
        except HTTPError as error:
            raise _translated(error) from None
        except (OSError, HTTPException) as error:
            raise ProviderTrouble("SendGrid cannot be reached.", not_executed=never_reached(error)) from None
        except ValueError:
            raise ProviderTrouble("SendGrid gave an answer that cannot be read.") from None


def _covers(authenticated: str, domain: str) -> bool:
    return domain == authenticated.lower() or domain.endswith(f".{authenticated.lower()}")


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _translated(error: HTTPError) -> Exception:
    status = error.status_code
    if status == 401:
        return ProviderMisuse("SendGrid refuses the API key: check SENDGRID_API_KEY.")
    if status in (403, 404):
        return NotShown()
    if status == 429 or status >= 500:
        return ProviderTrouble(f"SendGrid answered {status}.")
    return ProviderMisuse(f"SendGrid answered {status}: check SENDGRID_API_BASE.")
