"""Calls to the customer: what a task for a person of the merchant holds, and what can come of a call."""

import hashlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.base import Message
from domain.calendar import local, minute

LEASE = timedelta(minutes=30)
"""How long a task is kept for who took it, within its hours. After that somebody else may take it."""
LONGEST_PROMISE = timedelta(days=60)
AUTOMATIC = "the automatic service"
"""Who has taken a call that no person makes."""


class MadeBy(StrEnum):
    """Who makes a call, by the policy."""

    PERSON = "person"
    MACHINE = "machine"  # the automatic service, to who has agreed to such calls; nobody else
    MACHINE_OR_PERSON = "machine_or_person"  # where the automatic service may not, a person


class Offer(StrEnum):
    """What may be offered on the telephone, by the policy."""

    PROMISE = "promise"  # the customer names a day, and until then the case stands still
    INSTALMENTS = "instalments"  # to pay in parts: agreed by hand
    PAY_LINK = "pay_link"  # the payment page, by e-mail or text message


class CallResult(StrEnum):
    """What came of one call."""

    REACHED = "reached"
    PROMISE = "promise"  # to pay by a day
    PAY_LINK = "pay_link"  # the customer wants it: the case sends it
    PAID = "paid"  # says the customer; only the money counts
    REFUSED = "refused"  # the customer will not pay, or not talk
    CALL_BACK = "call_back"  # at another time
    OPTED_OUT = "opted_out"  # of calls
    WRONG_NUMBER = "wrong_number"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


CONVERSATIONS = frozenset(
    {
        CallResult.REACHED,
        CallResult.PROMISE,
        CallResult.PAY_LINK,
        CallResult.PAID,
        CallResult.REFUSED,
        CallResult.CALL_BACK,
        CallResult.OPTED_OUT,
    }
)
"""In which the customer was spoken to: after them laws want a pause."""
NOBODY = frozenset({CallResult.WRONG_NUMBER, CallResult.VOICEMAIL, CallResult.NO_ANSWER})


class TaskState(StrEnum):
    """How a call task stands."""

    OPEN = "open"  # anybody may take it, in its hours
    TAKEN = "taken"  # by somebody, for `LEASE`
    DONE = "done"  # a call has a result
    EXPIRED = "expired"  # nobody made the call in time
    WITHDRAWN = "withdrawn"  # there is nothing to say any more


class CallWindow(Message):
    """Hours in which the customer may be called: by the law of the place and the policy. UTC."""

    start: datetime
    end: datetime

    def said(self, zone: str) -> str:
        """By the customer's clock: `2030-04-05 09:00 to 18:00`."""
        return f"{minute(local(self.start, zone))} to {local(self.end, zone):%H:%M}"


def call_id(invoice_id: str, step: str) -> str:
    """The id of the task of one step: the same on every try."""
    return f"call_{hashlib.sha256(f'{invoice_id}/{step}'.encode()).hexdigest()[:20]}"


def in_utc(at: datetime) -> str:
    return f"{minute(at.astimezone(UTC))} UTC"
