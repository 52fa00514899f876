"""Where events are sent: added, listed, removed, their secrets rotated, and events sent once more."""

import base64
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from domain.base import Frozen
from domain.outgoing import TYPES
from gateways.ports.outbox import Endpoint, OutboxBook
from gateways.public_hosts import NotAllowed, check
from service.requests import Refused, WrongRequest

_SECRET_BYTES = 32


class Shown(Frozen):
    """An endpoint without its secrets."""

    endpoint_id: str
    url: str
    types: tuple[str, ...] | None
    made_at: datetime
    waiting: int  # events that it has not taken yet
    given_up: int
    failing_since: datetime | None
    next_try: datetime | None
    disabled_at: datetime | None
    note: str


class Endpoints:
    """Raises ProviderTrouble when the ledger does not answer.

    private: whether http, and hosts that are not public, are allowed.
    """

    def __init__(self, book: OutboxBook, clock: Callable[[], datetime], *, private: bool) -> None:
        self._book = book
        self._clock = clock
        self._private = private

    def add(self, url: str, types: Sequence[str] = ()) -> tuple[str, str]:
        """The new endpoint's id and its secret. It gets what happens from now on. Raises WrongRequest."""
        try:
            check(url, private=self._private)
        except NotAllowed as error:
            raise WrongRequest(str(error)) from None
        if unknown := sorted(set(types) - set(TYPES)):
            raise WrongRequest(f"There is no type of event {', '.join(unknown)}: docs/events.md has them all.")
        endpoint = Endpoint(
            endpoint_id=f"ep_{secrets.token_hex(6)}",
            url=url,
            secret=_secret(),
            types=tuple(dict.fromkeys(types)) or None,
            made_at=self._clock(),
        )
        self._book.add_endpoint(endpoint)
        return endpoint.endpoint_id, endpoint.secret

    def all(self) -> list[Shown]:
        """Oldest first."""
        return [self._shown(endpoint) for endpoint in self._book.endpoints()]

    def remove(self, endpoint_id: str) -> None:
        """Raises Refused."""
        if not self._book.remove_endpoint(endpoint_id):
            raise _none(endpoint_id)

    def rotate(self, endpoint_id: str, grace: timedelta) -> str:
        """A new secret; for `grace` events are signed with the old one as well. Raises Refused."""
        secret = _secret()
        if not self._book.rotate_secret(endpoint_id, secret, self._clock() + grace):
            raise _none(endpoint_id)
        return secret

    def replay(self, endpoint_id: str, since: datetime) -> int:
        """Sends all that happened since then once more, and enables the endpoint; how many events. Raises Refused."""
        if all(endpoint.endpoint_id != endpoint_id for endpoint in self._book.endpoints()):
            raise _none(endpoint_id)
        return self._book.replay(endpoint_id, since)

    def _shown(self, endpoint: Endpoint) -> Shown:
        waiting, given_up = self._book.backlog(endpoint.endpoint_id)
        told = {name: getattr(endpoint, name) for name in Shown.model_fields if name in Endpoint.model_fields}
        return Shown(**told, waiting=waiting, given_up=given_up)


def _secret() -> str:
    """As Standard Webhooks has it: 24 to 64 bytes of chance."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _none(endpoint_id: str) -> Refused:
    return Refused(f"There is no endpoint {endpoint_id}: python starter.py endpoints list shows them all.")
