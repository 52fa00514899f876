"""Requests that could change something: answered once for a caller's token, and written down."""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from gateways.ports.access import AccessBook, Asked
from service.keys import Caller
from service.requests import Busy, WrongRequest

GIVES_UP = timedelta(minutes=2)
"""A request that has no answer by then was cut off: its token may be used again."""
_TOKEN = re.compile("[!-~]{1,255}")


class StandingAnswer(NamedTuple):
    status: int
    body: str
    headers: Mapping[str, str]


class Register:
    """Raises ProviderTrouble when the ledger does not answer."""

    def __init__(self, book: AccessBook, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._clock = clock

    def begin(self, caller: Caller, token: str, request: bytes) -> StandingAnswer | None:
        """What was answered to this token before; None: the request is to be worked on now.

        Raises WrongRequest for a token that came with another request, Busy for one that is being worked on.
        """
        if not _TOKEN.fullmatch(token):
            raise WrongRequest("Idempotency-Key has to have 1 to 255 characters of ASCII, without spaces.")
        digest = hashlib.sha256(request).hexdigest()
        standing = self._book.begin_answer(caller.key_id, token, digest, self._clock(), GIVES_UP)
        if standing is None:
            return None
        if standing.digest != digest:
            raise WrongRequest("This Idempotency-Key came with another request: use a new one for each request.")
        if standing.status is None:
            raise Busy("A request with this Idempotency-Key is being worked on: ask again in a moment.")
        return StandingAnswer(standing.status, standing.body, standing.headers)

    def finish(self, caller: Caller, token: str, status: int, body: str, headers: Mapping[str, str]) -> None:
        """The answer stands from now on. One that says that nothing was done leaves the token free."""
        if status >= 500 or status == 429:
            self._book.drop_answer(caller.key_id, token)
        else:
            self._book.finish_answer(caller.key_id, token, status, body, headers)

    def asked(self, caller: Caller, request_id: str, method: str, path: str) -> int:
        """Writes down that this is asked for, before it is done; the number of the row."""
        return self._book.asked(
            Asked(
                at=self._clock(),
                request_id=request_id,
                key_id=caller.key_id,
                name=caller.name,
                method=method,
                path=path,
            )
        )

    def answered(self, number: int, status: int) -> None:
        """Writes down what was answered."""
        self._book.asked_and_answered(number, status)

    def page(self, after: int, limit: int) -> list[tuple[int, Asked]]:
        """The audit, oldest first, each with its number."""
        return self._book.audit(after, limit)
