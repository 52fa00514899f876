"""Keys of the API: made, recognized and revoked. The secret is shown once, and kept nowhere."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from gateways.ports.access import AccessBook, ApiKey
from service.requests import Refused, WrongRequest


class Scope(StrEnum):
    """What a key may do. All but `privacy` may read cases; only `admin` may do everything."""

    BILLING = "billing"  # opens cases and reports facts
    OPERATOR = "operator"  # gives orders, reads messages
    AUDITOR = "auditor"  # reads everything, the audit included, and changes nothing
    PRIVACY = "privacy"  # reads and erases all that is held of one customer, and nothing else
    ADMIN = "admin"


class Caller(NamedTuple):
    """Who asks."""

    key_id: str
    name: str
    scope: Scope


_TOKEN = re.compile(r"dun_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_LONGEST_NAME = 100


class KeyRing:
    """Raises ProviderTrouble when the ledger does not answer."""

    def __init__(self, book: AccessBook, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._clock = clock

    def make(self, name: str, scope: Scope, lasts: timedelta | None = None) -> str:
        """A new key's token, which nobody can ask for again. Raises WrongRequest."""
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise WrongRequest(f"A key needs a name of at most {_LONGEST_NAME} characters: say whose it is.")
        if lasts is not None and lasts <= timedelta(0):
            raise WrongRequest("A key has to last for some time: give a number of days above 0.")
        now, key_id, secret = self._clock(), secrets.token_hex(6), secrets.token_urlsafe(32)
        until = now + lasts if lasts else None
        key = ApiKey(
            key_id=key_id, name=name.strip(), scope=scope, digest=_digest(secret), made_at=now, expires_at=until
        )
        if not self._book.keep_key(key):  # pragma: no cover - one chance in 2^48
            raise Refused("That key's id is taken: try again.")
        return f"dun_{key_id}_{secret}"

    def caller(self, token: str) -> Caller | None:
        """Whose token it is; None for one that is none, or that is over."""
        parts = _TOKEN.fullmatch(token)
        key = self._book.key(parts[1]) if parts else None
        if parts is None or key is None or not hmac.compare_digest(key.digest, _digest(parts[2])):
            return None
        now = self._clock()
        if any(end and end <= now for end in (key.revoked_at, key.expires_at)):
            return None
        return Caller(key.key_id, key.name, Scope(key.scope))

    def rotate(self, key_id: str, grace: timedelta, lasts: timedelta | None = None) -> str:
        """A new key of the same name and scope; the old one is revoked after `grace`. Raises Refused."""
        old = self._book.key(key_id)
        if old is None or old.revoked_at:
            raise Refused(f"There is no key {key_id} that could be rotated: python starter.py keys lists them.")
        token = self.make(old.name, Scope(old.scope), lasts)
        self._book.revoke_key(key_id, self._clock() + grace)
        return token

    def revoke(self, key_id: str) -> None:
        """Raises Refused."""
        if not self._book.revoke_key(key_id, self._clock()):
            raise Refused(f"There is no key {key_id} that could be revoked: python starter.py keys lists them.")

    def all(self) -> list[ApiKey]:
        return self._book.keys()


def _digest(secret: str) -> str:
    """The secret has 256 bits of chance: a slow hash would protect it no better."""
    return hashlib.sha256(secret.encode()).hexdigest()
