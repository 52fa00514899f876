"""What a message says about the case. Every word of it has to be true at the moment of sending."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.base import Message, unchecked
from domain.declines import DeclineClass, Reason
from domain.money import Money
from domain.steps import Access, Stage

if TYPE_CHECKING:
    from domain.situation import Situation


class Ending(StrEnum):
    """What happens at the end, as the final notice names it."""

    COLLECTIONS = "collections"
    WRITE_OFF = "write_off"


class MessageFacts(Message):
    """What a message says, all of it true at `as_of`. Names, amounts and links are read when it is sent."""

    stage: Stage
    reason: Reason
    action: DeclineClass | None = None  # what the customer has to do, if retrying alone will not help
    tried: bool = True  # whether a charge was tried at all
    next_charge_on: date | None = None  # None: we will not try again by ourselves
    access: Access = Access.FULL
    restricts_on: date | None = None
    ends_on: date | None = None
    ending: Ending | None = None
    cancels: bool = True  # the subscription, if there is one, is cancelled at the end; a policy need not
    due_on: date | None = None  # of an invoice that was sent to be paid by a day; None: it was not
    overdue: bool = False  # that day is over
    agency_from: Money | None = None  # the least amount that is handed over; None: what is due decides nothing

    def with_due(self, remaining: Money) -> "MessageFacts":
        """The facts for what is due at the moment of sending: it may have become too little for the agency."""
        if self.ending is None or self.agency_from is None or self.agency_from.currency != remaining.currency:
            return self
        ending = Ending.COLLECTIONS if self.agency_from <= remaining else Ending.WRITE_OFF
        return self.model_copy(update={"ending": ending})


new_facts = unchecked(MessageFacts)


def message_facts(now: "Situation", stage: Stage) -> MessageFacts:
    """The facts for one message that is sent now, from the same schedule that the case follows."""
    # What a step means is its kind's business; these files read this one in turn.
    from domain.kinds.access import AccessStep, standing_access  # noqa: PLC0415
    from domain.kinds.cancellation import CancelStep, has_ended  # noqa: PLC0415
    from domain.kinds.charge import ChargeStep  # noqa: PLC0415
    from domain.kinds.escalation import goes_to_collections  # noqa: PLC0415
    from domain.kinds.handoff import begun_handoff  # noqa: PLC0415

    case, ends = now.case, now.ends_at
    steps = now.possible
    charges = [max(step.due, now.not_before(step) or step.due) for step in steps if isinstance(step, ChargeStep)]
    charges = [at for at in charges if now.at < at < ends]
    # A subscription that is cancelled is not restored by paying: nothing is said of an access that returns.
    served = not has_ended(case)
    restricts = [step.due for step in steps if isinstance(step, AccessStep) and served]
    collections = now.policy.endgame.collections
    minimum = [] if collections is None or begun_handoff(case) else collections.minimum
    reason = case.decline.reason if case.decline else Reason.DECLINED
    due_on = now.local(case.invoice.due_at or case.facts.opened_at).date() if case.invoice.sent else None
    return new_facts(
        stage=stage,
        reason=reason if case.tried else Reason.NO_PAYMENT_METHOD,
        action=case.decline_class if now.awaits_customer else None,
        tried=case.tried,
        next_charge_on=now.local(min(charges)).date() if charges else None,
        access=standing_access(case) if served else Access.FULL,
        restricts_on=now.local(max(min(restricts), now.at)).date() if restricts else None,
        ends_on=now.local(ends).date(),
        ending=Ending.COLLECTIONS if goes_to_collections(now) else Ending.WRITE_OFF,
        due_on=due_on,
        overdue=due_on is not None and due_on < now.today,
        cancels=served and any(isinstance(step, CancelStep) and step.due >= ends for step in steps),
        agency_from=next((row for row in minimum if row.currency == case.due.currency), None),
    )
