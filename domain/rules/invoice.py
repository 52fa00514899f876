"""What the invoice's own standing allows: one answer for every effect, asked when deciding and again when acting.

When deciding, of the invoice as it was last read; when acting, of the invoice as it was read a moment before. What an
activity finds in the way therefore stands in the way of the next decision as well: a step that may not be done is not
tried again and again.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.gates import ALLOW, Answer, Postpone, Refuse
from domain.invoice import InvoiceNow, InvoiceState, SubscriptionState
from domain.retries import CLEAR_OF, RetryOwner, in_utc

if TYPE_CHECKING:
    from domain.situation import Situation
    from domain.steps import Step

LOOK_AGAIN = timedelta(days=1)
_RUNNING = (None, SubscriptionState.RUNS)
_RULE = "invoice"
PAYING = f"{_RULE}-paying"
"""The rule that puts off whatever is due while a payment is on its way."""


class CancelledSubscription(StrEnum):
    """What a policy does when the subscription was ended by the customer, or in the provider's dashboard."""

    STOP_CHARGING = "stop_charging"  # the customer is asked for what was used, and pays it or does not
    GO_ON = "go_on"  # as before
    CLOSE = "close"  # the case ends as cancelled


class Aim(StrEnum):
    """What an effect does with a debt."""

    CHARGE = "charge"
    SAY = "say"
    LIMIT = "limit"  # restrict the service
    END = "end"  # cancel the subscription
    HAND_OVER = "hand_over"
    GIVE_UP = "give_up"
    SETTLE = "settle"  # take money in that came another way
    GIVE_BACK = "give_back"  # restore, recall: always right


_BEFORE_DUE = frozenset({Aim.SAY, Aim.SETTLE})
"""What may be done before the money is owed."""
_TAKES_AWAY = frozenset({Aim.LIMIT, Aim.END, Aim.HAND_OVER, Aim.GIVE_UP})
"""What is not done before a try that was announced."""


def judge_now(
    invoice: InvoiceNow, aim: Aim, at: datetime, *, after_cancellation: bool = False, waits: bool = False
) -> Answer:
    """Whether an effect is right at this moment: `judge`, and that no payment of the invoice is on its way."""
    if invoice.paying and invoice.state is InvoiceState.OPEN and aim is not Aim.GIVE_BACK:
        return Postpone(until=at + LOOK_AGAIN, why="a payment of the invoice is on its way", rule=PAYING)
    if invoice.voucher and invoice.state is InvoiceState.OPEN and (aim is Aim.CHARGE or aim in _TAKES_AWAY):
        why = "the customer has a voucher for it, and may have paid it in cash"
        return Postpone(until=at + LOOK_AGAIN, why=why, rule=f"{_RULE}-voucher")
    if invoice.verifying and aim is Aim.CHARGE:
        # A charge of another method would take the place of the payment that the customer has begun.
        why = "the customer's bank account is being verified"
        return Postpone(until=at + LOOK_AGAIN, why=why, rule=f"{_RULE}-verifying")
    return judge(invoice, aim, at, after_cancellation=after_cancellation, waits=waits)


def judge(
    invoice: InvoiceNow, aim: Aim, at: datetime, *, after_cancellation: bool = False, waits: bool = False
) -> Answer:
    """Whether an effect is right as the invoice stands. What is on its way is a hold's business (`changes.invoice_is`).

    A due date that has not come postpones, and so does a try of the provider's own; all else is refused until a new
    fact comes. `after_cancellation`: the policy goes on charging for a subscription that was ended; `waits`: the
    provider makes all tries, and nothing is taken away before its next one.
    """
    if aim is Aim.GIVE_BACK:
        return ALLOW
    if invoice.state is InvoiceState.UNCOLLECTIBLE and aim is Aim.SETTLE:
        return ALLOW  # it was given up, and may still be paid
    if invoice.state is not InvoiceState.OPEN:
        return Refuse(why=f"the invoice is {invoice.state.value}", rule=f"{_RULE}-open")
    if invoice.subscription is SubscriptionState.NOT_BEGUN:
        return Refuse(why="the sign-up was never finished: there is no customer yet", rule=f"{_RULE}-sign-up")
    if invoice.due_at and at < invoice.due_at and aim not in _BEFORE_DUE:
        why = f"the invoice is due on {invoice.due_at:%Y-%m-%d}"
        return Postpone(until=invoice.due_at, why=why, rule=f"{_RULE}-due")
    answer = _by_aim(invoice, aim, after_cancellation)
    return _beside_their_tries(invoice, aim, at, waits) if answer is ALLOW else answer


def _beside_their_tries(invoice: InvoiceNow, aim: Aim, at: datetime, waits: bool) -> Answer:
    """Nothing is charged in the same hours as the provider's own try, and where it owns the tries, nothing is taken
    away before the next one."""
    planned = invoice.next_try_at
    if planned is None or at >= planned + CLEAR_OF:
        return ALLOW
    near = aim is Aim.CHARGE and at >= planned - CLEAR_OF
    if near or (waits and aim in _TAKES_AWAY):
        why = f"Stripe's own try is planned for {in_utc(planned)}"
        return Postpone(until=planned + CLEAR_OF, why=why, rule=f"{_RULE}-own-try")
    return ALLOW


def _by_aim(invoice: InvoiceNow, aim: Aim, after_cancellation: bool) -> Answer:
    ended = invoice.subscription is SubscriptionState.ENDED
    match aim:
        case Aim.SAY | Aim.CHARGE if invoice.customer_deleted:
            return Refuse(why="the customer was deleted at the payment provider", rule=f"{_RULE}-deleted")
        case Aim.CHARGE if invoice.sent:
            return Refuse(why="the invoice was sent to be paid by the customer", rule=f"{_RULE}-sent")
        case Aim.CHARGE if invoice.transfer:
            why = "the customer chose to pay it by bank transfer, and sends the money"
            return Refuse(why=why, rule=f"{_RULE}-transfer")
        case Aim.CHARGE if ended and not after_cancellation:
            return Refuse(why="the subscription has ended: nothing is charged any more", rule=f"{_RULE}-ended")
        case Aim.LIMIT if ended:
            return Refuse(why="the subscription has ended: there is nothing to restrict", rule=f"{_RULE}-ended")
    return ALLOW


def is_ordinary(invoice: InvoiceNow) -> bool:
    """Whether an invoice that is open allows whatever there is to do: then no step need be judged."""
    plain = invoice.subscription in _RUNNING and not invoice.customer_deleted
    untried = invoice.tries is None or invoice.tries.next_at is None
    return plain and untried and not invoice.sent and not invoice.transfer and invoice.due_at is None


def invoice_gate(now: "Situation", step: "Step") -> Answer:
    """The same judgement while the case goes on, of the invoice as the case knows it."""
    if now.end:
        return ALLOW  # what the end still needs, its activities judge
    after = now.policy.cancelled_subscription is CancelledSubscription.GO_ON
    waits = now.case.retry_owner is RetryOwner.STRIPE
    return judge(now.case.invoice, step.aim, max(now.at, step.due), after_cancellation=after, waits=waits)
