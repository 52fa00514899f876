"""Every identity that must be the same on every retry and every replay is built here, and only here."""

import hashlib
from datetime import UTC, datetime


def workflow_id(invoice_id: str) -> str:
    """The workflow id of an invoice's dunning case: one invoice, one case."""
    return f"dunning-{invoice_id}"


def renewal_id(subscription_id: str, renews_at: datetime) -> str:
    """The workflow id of the notices before one renewal of a subscription."""
    return f"renewal-{subscription_id}-{renews_at.astimezone(UTC):%Y%m%d}"


def notice_key(subscription_id: str, renews_at: datetime, notice: str) -> str:
    """The key of one notice before a renewal: at most one of each kind, carried to the provider as a contact's is."""
    return f"{renewal_id(subscription_id, renews_at)}:{notice}"


def closing_id(invoice_id: str, occasion: str) -> str:
    """The workflow id of what is left to do towards the customer on one occasion of a case."""
    return f"closing-{invoice_id}-{occasion}"


def withdrawal_key(notice: str) -> str:
    """The idempotency key by which the notice with a contact's key is withdrawn."""
    return f"{notice}:withdrawn"


def charge_key(invoice_id: str, attempt: int) -> str:
    """The provider's idempotency key of one charge attempt. A new attempt is a new key; a repeated request is not."""
    return f"dun:{invoice_id}:{attempt}"


def contact_key(invoice_id: str, step: str, channel: str) -> str:
    """The key of one contact, carried to the provider so that an unknown outcome can be looked up."""
    return f"dun:{invoice_id}:{step}:{channel}"


def effect_key(invoice_id: str, step: str) -> str:
    """The idempotency key of any other effect of a step (handoff, cancellation)."""
    return f"dun:{invoice_id}:{step}"


def bill_key(invoice_id: str, loss: str) -> str:
    """The key of the invoice that bills a payment anew which was taken back; `loss` is the dispute's id."""
    return f"dun:{invoice_id}:again:{loss}"


def access_key(invoice_id: str, step: str, changes: int, access: str) -> str:
    """The key of one word about the access: another one when any wish for the subscription has changed since."""
    return f"{effect_key(invoice_id, step)}:{changes}:{access}"


def is_ours(key: str, invoice_id: str) -> bool:
    """Whether a key that a provider hands back was made here for something done to this invoice."""
    return key.startswith(effect_key(invoice_id, ""))


def spread(case: str, occasion: str, limit_seconds: int) -> int:
    """Seconds in [0, limit] by which this case is late for this occasion, the same on every replay.

    Spreads the cases that would otherwise wake in the same second. A hash, never a random number.
    """
    if limit_seconds <= 0:
        return 0
    digest = hashlib.sha256(f"{case}/{occasion}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % (limit_seconds + 1)
