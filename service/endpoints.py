"""Where events are sent: added, listed, changed, tried, removed, their secrets rotated, and events sent once more."""

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from domain.base import Frozen
from domain.outgoing import TYPES
from gateways.ports.outbox import GIVEN_UP, WAITING, Answer, DeliveryRow, Endpoint, OutboxBook, Post
from gateways.public_hosts import NotAllowed, check
from service.requests import Unknown, WrongRequest
from service.threads import Threads

__all__ = ["GIVEN_UP", "WAITING", "Answer", "DeliveryRow", "Endpoints", "Shown", "Trial"]

TEST = "endpoint.test"
"""The type of an event that tells of nothing: docs/events.md."""
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
        self._check(url)
        endpoint = Endpoint(
            endpoint_id=f"ep_{secrets.token_hex(6)}",
            url=url,
            secret=_secret(),
            types=_known(types),
            made_at=self._clock(),
        )
        self._book.add_endpoint(endpoint)
        return endpoint.endpoint_id, endpoint.secret

    def all(self) -> list[Shown]:
        """Oldest first."""
        return [self._shown(endpoint) for endpoint in self._book.endpoints()]

    def one(self, endpoint_id: str) -> Shown:
        """Raises Unknown."""
        return self._shown(_found(self._book, endpoint_id))

    def change(self, endpoint_id: str, url: str | None = None, types: Sequence[str] | None = None) -> Shown:
        """None stays as it is; no types are every type. Raises Unknown or WrongRequest."""
        before = _found(self._book, endpoint_id)
        if url is not None:
            self._check(url)
        wanted = before.types if types is None else _known(types)
        if not self._book.change_endpoint(endpoint_id, url or before.url, wanted):
            raise _none(endpoint_id)
        return self.one(endpoint_id)

    def enable(self, endpoint_id: str) -> Shown:
        """It gets what happens from now on; a replay also brings what happened before. Raises Unknown."""
        if not self._book.enable(endpoint_id):
            raise _none(endpoint_id)
        return self.one(endpoint_id)

    def disable(self, endpoint_id: str) -> Shown:
        """Nothing is sent there until it is enabled, and what waits is given up. Raises Unknown."""
        if _found(self._book, endpoint_id).disabled_at is None:
            self._book.disable(endpoint_id, self._clock(), "Disabled by hand.")
        return self.one(endpoint_id)

    def deliveries(
        self, endpoint_id: str, state: str | None, after: int, limit: int
    ) -> tuple[list[DeliveryRow], int | None]:
        """A page, oldest first, and after which number the next one begins; None: there is no next one. Raises
        Unknown."""
        _found(self._book, endpoint_id)
        found = self._book.deliveries(endpoint_id, state, after, limit + 1)
        return found[:limit], found[limit - 1].number if len(found) > limit else None

    def remove(self, endpoint_id: str) -> None:
        """Raises Unknown."""
        if not self._book.remove_endpoint(endpoint_id):
            raise _none(endpoint_id)

    def rotate(self, endpoint_id: str, grace: timedelta) -> str:
        """A new secret; for `grace` events are signed with the old one as well. Raises Unknown."""
        secret = _secret()
        if not self._book.rotate_secret(endpoint_id, secret, self._clock() + grace):
            raise _none(endpoint_id)
        return secret

    def replay(self, endpoint_id: str, since: datetime) -> int:
        """Sends all that happened since then once more, and enables the endpoint; how many events. Raises Unknown."""
        _found(self._book, endpoint_id)
        return self._book.replay(endpoint_id, since)

    def _check(self, url: str) -> None:
        try:
            check(url, private=self._private)
        except NotAllowed as error:
            raise WrongRequest(str(error)) from None

    def _shown(self, endpoint: Endpoint) -> Shown:
        waiting, given_up = self._book.backlog(endpoint.endpoint_id)
        told = {name: getattr(endpoint, name) for name in Shown.model_fields if name in Endpoint.model_fields}
        return Shown(**told, waiting=waiting, given_up=given_up)


class Trial:
    """Sends one event that tells of nothing, by the way that all others go."""

    def __init__(self, book: OutboxBook, post: Post, threads: Threads, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._post = post
        self._threads = threads
        self._clock = clock

    async def send(self, endpoint_id: str) -> Answer:
        """What the endpoint answered, also if it is disabled. Nothing is written down. Raises Unknown."""
        endpoint = await self._threads.run(_found, self._book, endpoint_id)
        moment = self._clock().astimezone(UTC).isoformat().replace("+00:00", "Z")
        body = {"type": TEST, "timestamp": moment, "data": {"endpoint": endpoint_id}}
        message_id = f"msg_test_{secrets.token_hex(12)}"
        return await self._post.send(endpoint.url, [endpoint.secret], message_id, json.dumps(body))


def _known(types: Sequence[str]) -> tuple[str, ...] | None:
    """Raises WrongRequest."""
    if unknown := sorted(set(types) - set(TYPES)):
        raise WrongRequest(f"There is no type of event {', '.join(unknown)}: docs/events.md has them all.")
    return tuple(dict.fromkeys(types)) or None


def _found(book: OutboxBook, endpoint_id: str) -> Endpoint:
    """Raises Unknown."""
    for endpoint in book.endpoints():
        if endpoint.endpoint_id == endpoint_id:
            return endpoint
    raise _none(endpoint_id)


def _secret() -> str:
    """As Standard Webhooks has it: 24 to 64 bytes of chance."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _none(endpoint_id: str) -> Unknown:
    return Unknown(f"There is no endpoint {endpoint_id}: python starter.py endpoints list shows them all.")
