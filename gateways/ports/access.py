"""Who may ask by the API, what was asked, and what was answered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import Field

from domain.base import Frozen

CUT_OFF = 0
"""The status of a request whose answer was never written down: it may have been carried out or not."""


class ApiKey(Frozen):
    """A key of the API. Its secret is nowhere: only a digest, by which it is recognized."""

    key_id: str
    name: str  # whose it is, for records
    scope: str
    digest: str = Field(repr=False)
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Asked(Frozen):
    """One request that could change something: who asked for what, and with what result."""

    at: datetime
    request_id: str
    key_id: str
    name: str
    method: str
    path: str
    status: int = CUT_OFF


class Answered(Frozen):
    """The answer that stands for a caller's `Idempotency-Key`."""

    digest: str  # of the request
    status: int | None  # None: it is being worked on
    body: str = Field(default="", repr=False)
    headers: dict[str, str] = Field(default_factory=dict)  # those that belong to the answer, not to its delivery
    at: datetime


class AccessBook(Protocol):
    """Keys, answers and the audit of requests."""

    def keep_key(self, key: ApiKey) -> bool:
        """False: there is a key with this id."""

    def key(self, key_id: str) -> ApiKey | None: ...

    def keys(self) -> list[ApiKey]:
        """Oldest first."""

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """False: there is none, or it works no more by then. One that ends later ends then."""

    def begin_answer(self, key_id: str, token: str, digest: str, at: datetime, gives_up: timedelta) -> Answered | None:
        """Reserves the caller's token; None when it is the caller's to work on, else what stands. One that was begun
        longer ago than `gives_up` and has no answer is begun anew."""

    def finish_answer(self, key_id: str, token: str, status: int, body: str, headers: Mapping[str, str]) -> None: ...

    def drop_answer(self, key_id: str, token: str) -> None:
        """Nothing was done: the token may be used again."""

    def asked(self, asked: Asked) -> int:
        """Appends to the audit; the number of the row."""

    def asked_and_answered(self, number: int, status: int) -> None:
        """Completes a row of the audit, once: the first answer stands."""

    def audit(self, after: int = 0, limit: int = 50) -> list[tuple[int, Asked]]:
        """A page, oldest first, each with its number."""
