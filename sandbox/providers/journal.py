"""The one journal of the stand-in world: every charge, message, webhook and status change, in order."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

Json = dict[str, Any]
Clock = Callable[[], datetime]

# What an audit looks for in `LogEntry.kind`.
CHARGES = frozenset({"charge.succeeded", "charge.failed", "charge.processing"})
CHANNELS = {
    "email.accepted": "email",
    "sms.accepted": "sms",
    "notice.created": "notice",
    "whatsapp.accepted": "whatsapp",
    "line.accepted": "line",
    "letter.accepted": "letter",
    "phone.called": "phone",
}
"""Each kind of entry that is a contact, and its channel."""
CONTACTS = frozenset(CHANNELS)
MESSAGES = CONTACTS - {"phone.called"}
"""Those that a person has before their eyes: a call announces nothing."""
INVOICE_ENDS = frozenset({"invoice.paid", "invoice.paid_out_of_band", "invoice.voided", "invoice.marked_uncollectible"})


def copied(json: Any) -> Any:
    """A deep copy of what came from JSON: `copy.deepcopy` takes five times as long for it."""
    if isinstance(json, dict):
        return {name: copied(value) for name, value in json.items()}
    return [copied(value) for value in json] if isinstance(json, list) else json


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class LogEntry:
    """One thing that happened.

    seq:      1, 2, 3, … without gaps, over all providers.
    at:       the world's clock at that moment (UTC).
    provider: stripe, sendgrid, twilio, merchant, agency, or phone (who lifts the receiver).
    kind:     what happened, for example ``charge.succeeded``, ``email.accepted``, ``invoice.paid``.
    subjects: ids by role, for example ``{"invoice": "in_…", "customer": "cus_…"}``.
    key:      the caller's idempotency or step key, when it gave one.
    """

    seq: int
    at: datetime
    provider: str
    kind: str
    subjects: Mapping[str, str]
    key: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """Append-only log, clock, id source and the one lock of a world. Every method may be called by any thread."""

    def __init__(self, clock: Clock = utc_now, world_id: str | None = None) -> None:
        self.lock = threading.RLock()
        self.entries: list[LogEntry] = []
        self.clock = clock
        # Ids differ between worlds, because the Temporal server and the ledger may outlive one of them.
        self._world_id = world_id or token_hex(4)
        self._ids = 0

    def record(
        self,
        provider: str,
        kind: str,
        subjects: Mapping[str, str | None],
        *,
        key: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> LogEntry:
        with self.lock:
            entry = LogEntry(
                seq=len(self.entries) + 1,
                at=self.clock(),
                provider=provider,
                kind=kind,
                subjects={role: value for role, value in subjects.items() if value is not None},
                key=key,
                data=dict(data or {}),
            )
            self.entries.append(entry)
            return entry

    def new_id(self, prefix: str) -> str:
        """A fresh id in the provider's style: ``in_1S<world><counter>``."""
        with self.lock:
            self._ids += 1
            return f"{prefix}_1S{self._world_id}{self._ids:010d}"

    def new_hex(self, digits: int) -> str:
        """A fresh lower-case hexadecimal id without prefix, as Twilio's SIDs use."""
        with self.lock:
            self._ids += 1
            return f"{self._world_id}{self._ids:0{digits - 8}x}"

    def timestamp(self) -> int:
        """The world's time in whole Unix seconds."""
        return int(self.clock().timestamp())
