"""Our own web process as the world reaches it, the merchant's application and the agency."""

from contextlib import closing, suppress

import httpx

from gateways.ports.trouble import NotFound
from runtime import wiring
from runtime.checks.look import Check, Look, fault
from runtime.checks.worker import WHOLE
from runtime.equipment import installation

_NONE = "dunning-doctor"
_START = "start it (python -m web), or correct WEB_PUBLIC_URL and what leads there"


def _web(look: Look) -> str:
    public = look.settings.web_public_url
    if public is None:
        return "WEB_PUBLIC_URL is not set: nobody calls"
    try:
        answer = httpx.get(f"{public.rstrip('/')}/healthz", timeout=look.settings.provider_timeout.total_seconds())
    except (httpx.HTTPError, httpx.InvalidURL):
        raise fault(f"Nothing answers at {public}: {_START}.") from None
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise fault(f"The web process at {public} cannot reach its ledger: check its DUNNING_DATABASE_URL.")
    if not answer.is_success:
        raise fault(f"What answers at {public} is not the web process ({answer.status_code}): {_START}.")
    return f"answers at {public}"


def _application(look: Look) -> str:
    app = wiring.merchant_app(look.settings)
    if app is None:
        with closing(wiring.open_ledger(look.settings)) as ledger:
            here = installation(look.settings).hearing(ledger.an_endpoint_takes)
        access = "nothing is restricted, and no message says so" if here.no_access else "access is told by events alone"
        return f"not set up: no notices; {access}"
    app.ping()
    return f"answers at {look.settings.merchant_webhook_url}"


def _agency(look: Look) -> str:
    agency, endpoint = wiring.agency(look.settings), look.settings.agency_endpoint or ""
    if agency is None:
        return "not set up: what a policy would hand over is written off, and messages say so"
    # Nothing was ever handed over under this reference: an agency that knows us says so.
    with suppress(NotFound):
        agency.recall(_NONE, "doctor", _NONE)
    return f"answers at {endpoint}" if endpoint.startswith("http") else f"bundles are put into {endpoint}"


CHECKS = (
    Check("web", _web),
    Check("application", _application, after=(WHOLE, "ledger")),
    Check("agency", _agency, after=(WHOLE,)),
)
