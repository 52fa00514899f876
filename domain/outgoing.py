"""What the merchant's systems are told of a case: one small fact for each thing that happens, made where it happens.

They travel with entries of the record, and become events in `domain/outbox.py`. No personal data: ids, amounts, times,
and sentences of our own; never an operator's remark, a name or an address.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from domain.base import Message
from domain.money import Money
from domain.steps import Access, AttemptKind, Channel


class Fact(Message):
    """What all have in common."""

    says_why: ClassVar[bool] = False
    """Whether the reason of its entry is a sentence of our own, which may go out."""


class CaseOpened(Fact):
    """A case begins: an invoice could not be collected, or was not paid by its date."""

    type: Literal["case.opened"] = "case.opened"
    amount: Money


class CaseHeld(Fact):
    """The case stands still, until a time or until something ends it."""

    type: Literal["case.held"] = "case.held"
    reason: str  # a value of domain.case.HoldReason
    until: datetime | None = None


class OperatorNeeded(Fact):
    """The case stands still until somebody looks at it."""

    says_why: ClassVar[bool] = True
    type: Literal["case.operator_needed"] = "case.operator_needed"


class CaseResumed(Fact):
    """The case no longer stands still."""

    type: Literal["case.resumed"] = "case.resumed"


class CaseRecovered(Fact):
    """The debt is paid. `late`: after the case had been given up."""

    type: Literal["case.recovered"] = "case.recovered"
    late: bool = False


class CaseClosed(Fact):
    """The case is over, and all that its end needed is done. What became of a debit on its way may still be told."""

    type: Literal["case.closed"] = "case.closed"
    outcome: str  # a value of domain.case.Outcome


class CaseHandedOff(Fact):
    """The agency has the case, under its reference. Told again when it was delivered once more."""

    type: Literal["case.handed_off"] = "case.handed_off"
    reference: str


class CaseRecalled(Fact):
    """The agency was told that the case is no longer its own."""

    type: Literal["case.recalled"] = "case.recalled"
    reference: str


class StepPostponed(Fact):
    """A step whose time has come is done later."""

    says_why: ClassVar[bool] = True
    type: Literal["step.postponed"] = "step.postponed"
    kind: str  # of step
    until: datetime


class StepSkipped(Fact):
    """A step is not done, on purpose."""

    says_why: ClassVar[bool] = True
    type: Literal["step.skipped"] = "step.skipped"
    kind: str


class StepRefused(Fact):
    """A rule forbids a step."""

    says_why: ClassVar[bool] = True
    type: Literal["step.refused"] = "step.refused"
    kind: str


class _Charge(Fact):
    attempt: int  # its number within the case
    kind: AttemptKind
    amount: Money


class ChargeSucceeded(_Charge):
    """A charge of ours went through."""

    type: Literal["charge.succeeded"] = "charge.succeeded"


class ChargeDeclined(_Charge):
    """A charge of ours was declined, or could not be made: `code` is then `no_payment_method`."""

    type: Literal["charge.declined"] = "charge.declined"
    code: str | None = None  # the bank's or the provider's
    decline_class: str | None = None  # what we make of it


class ChargeProcessing(_Charge):
    """A bank debit was accepted; its answer comes days later, as `charge.succeeded` or `charge.declined`."""

    type: Literal["charge.processing"] = "charge.processing"


class _Contact(Fact):
    channel: Channel
    stage: str  # of the message: friendly, reminder, firm, final, action, closing


class ContactSent(_Contact):
    """A message was handed to its provider. `certain` is false when the provider's answer was lost; `said_with` is the
    other invoice whose message said it as well."""

    type: Literal["contact.sent"] = "contact.sent"
    certain: bool = True
    said_with: str | None = None


class ContactUnreachable(_Contact):
    """Nothing can be sent on this channel; the policy's fallback is tried."""

    type: Literal["contact.unreachable"] = "contact.unreachable"


class ContactDelivered(_Contact):
    """The provider reports that the message arrived."""

    type: Literal["contact.delivered"] = "contact.delivered"


class ContactRead(_Contact):
    """The customer had the message open, by the report of your application or of a chat."""

    type: Literal["contact.read"] = "contact.read"


class ContactBounced(_Contact):
    """The provider reports that the message did not arrive."""

    type: Literal["contact.bounced"] = "contact.bounced"
    result: Literal["bounced", "invalid_address", "undelivered"]


class ContactObjected(_Contact):
    """The customer wants no more on this channel, and answered a message so."""

    type: Literal["contact.objected"] = "contact.objected"
    result: Literal["opted_out", "complained"]


class CustomerWrote(Fact):
    """The customer wrote something that somebody has to read. `GET /v1/customers/{customer}` has the words, under the
    id `reply`."""

    says_why: ClassVar[bool] = True
    type: Literal["customer.wrote"] = "customer.wrote"
    channel: Channel
    reply: str


class CallDue(Fact):
    """A call waits for a person of yours: `GET /v1/calls/{call}` has number, hours and script. After `until` it is not
    made any more."""

    type: Literal["call.due"] = "call.due"
    call: str
    until: datetime


class CallDone(Fact):
    """A call that was due, or that the automatic service was to make, is over. `result`: what came of it, or `expired`
    (nobody took it in time) or `withdrawn` (there is nothing to say any more). What comes of a call that was on its way
    then is told after it."""

    type: Literal["call.done"] = "call.done"
    call: str
    result: str  # a value of domain.calls.CallResult, expired or withdrawn


class ServiceRestricted(Fact):
    """The customer may use less. `in_force` is what holds, by all open cases together."""

    type: Literal["service.restricted"] = "service.restricted"
    level: Access
    in_force: Access


class ServiceRestored(Fact):
    """The case takes its restriction back. `in_force` is what holds, by all open cases together."""

    type: Literal["service.restored"] = "service.restored"
    in_force: Access


class SubscriptionCancelled(Fact):
    """The subscription was cancelled for the debt."""

    type: Literal["subscription.cancelled"] = "subscription.cancelled"


class InvoiceUncollectible(Fact):
    """The invoice was marked uncollectible."""

    type: Literal["invoice.marked_uncollectible"] = "invoice.marked_uncollectible"


class PaymentReceived(Fact):
    """Money came in, which no event has told before. `late`: after the case was closed."""

    type: Literal["payment.received"] = "payment.received"
    amount: Money
    late: bool = False


class PaymentRecorded(Fact):
    """Money that came in by another way was recorded at the payment provider."""

    type: Literal["payment.recorded"] = "payment.recorded"
    amount: Money


class PaymentTakenBack(Fact):
    """Money was taken back: after the case was closed a debit returned, or a dispute lost; before that, a debit that
    had paid a part. `billed_as` is the invoice by which it is owed now; null: somebody has to decide."""

    type: Literal["payment.taken_back"] = "payment.taken_back"
    amount: Money
    billed_as: str | None = None


class RefundDue(Fact):
    """Money came in twice, or too much of it: it has to be given back, and nobody does it by itself."""

    type: Literal["refund.due"] = "refund.due"
    amount: Money


class PaymentMethodChanged(Fact):
    """The customer gave another payment method, or confirmed the payment."""

    says_why: ClassVar[bool] = True
    type: Literal["payment_method.changed"] = "payment_method.changed"


Outgoing = Annotated[
    CaseOpened
    | CaseHeld
    | OperatorNeeded
    | CaseResumed
    | CaseRecovered
    | CaseClosed
    | CaseHandedOff
    | CaseRecalled
    | StepPostponed
    | StepSkipped
    | StepRefused
    | ChargeSucceeded
    | ChargeDeclined
    | ChargeProcessing
    | ContactSent
    | ContactUnreachable
    | ContactDelivered
    | ContactRead
    | ContactBounced
    | ContactObjected
    | CustomerWrote
    | CallDue
    | CallDone
    | ServiceRestricted
    | ServiceRestored
    | SubscriptionCancelled
    | InvoiceUncollectible
    | PaymentReceived
    | PaymentRecorded
    | PaymentTakenBack
    | RefundDue
    | PaymentMethodChanged,
    Field(discriminator="type"),
]

FACTS: tuple[type[Fact], ...] = get_args(get_args(Outgoing)[0])
TYPES: dict[str, type[Fact]] = {fact.model_fields["type"].default: fact for fact in FACTS}
"""Every type of event, by its name."""


def known_or_none(value: object) -> object:
    """What a newer release tells of a case that this one still holds is left to the newer one."""
    return None if isinstance(value, dict) and value.get("type") not in TYPES else value
