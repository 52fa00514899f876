"""Posting to an application whose contract is ours: the merchant's and the agency's."""

from dataclasses import dataclass
from http import HTTPStatus

import httpx

from gateways.http_errors import retry_after
from gateways.ports.metering import Meter
from gateways.ports.trouble import NotFound, ProviderMisuse, ProviderTrouble


@dataclass(frozen=True)
class Party:
    """Whom we post to, in the words of an error message, and the settings that an operator would check."""

    word: str  # for whoever counts requests
    name: str
    url_setting: str
    secret_setting: str


def post(
    client: httpx.Client, url: str, body: bytes, headers: dict[str, str], party: Party, meter: Meter, operation: str
) -> httpx.Response:
    """Posts JSON and returns the answer when it is a success. Raises ProviderTrouble, ProviderMisuse or NotFound."""
    try:
        with meter.call(party.word, operation) as call:
            answer = client.post(url, content=body, headers={"Content-Type": "application/json", **headers})
            call.answered(answer.status_code)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise ProviderMisuse(f"{party.url_setting} is not an http or https address: correct it.") from None
    except httpx.HTTPError as error:
        never_reached = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
        raise ProviderTrouble(f"{party.name} cannot be reached.", not_executed=never_reached) from None
    status = answer.status_code
    if answer.is_success:
        return answer
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY) or status >= 500:
        raise ProviderTrouble(f"{party.name} answered {status}.", retry_after(answer.headers))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderTrouble(f"{party.name} asks to wait ({status}).", retry_after(answer.headers), not_executed=True)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise ProviderMisuse(f"{party.name} refuses our credentials ({status}): check {party.secret_setting}.")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise NotFound(f"{party.name} has nothing at this address ({status}): check {party.url_setting}.")
    raise ProviderMisuse(
        f"{party.name} refuses the message ({status}): check {party.url_setting} and {party.secret_setting}, "
        "and what its log says."
    )
