"""An operator's orders about what a case does next: whether they can be carried out, and the case afterwards.

What they bring about goes through the same gates as every other step.
"""

from datetime import datetime

from domain import events
from domain.case import PROTECTIONS, Case, HoldReason, OrderedTry, StepState
from domain.changes import changed, ended, said
from domain.gates import ALLOW, Answer, Refuse
from domain.holds import said as in_words
from domain.kinds.handoff import begun_handoff
from domain.orders import ORDER, ask_any
from domain.outgoing import StepSkipped
from domain.reasons import cause
from domain.record import Entry
from domain.retries import RetryOwner
from domain.steps import CHANNEL_NAMES
from domain.tries import ordered_key


def ask_skip(case: Case, order: events.Skip, _at: datetime) -> Answer:
    if isinstance(refusal := ask_any(case), Refuse):
        return refusal
    step = case.upcoming
    if step is None:
        if case.holds:
            return Refuse(why=f"The case is {in_words(case)}: nothing comes next that could be skipped.")
        return Refuse(why="No step waits for its time: nothing can be skipped at this moment.")
    if order.step and order.step != step.key:
        return Refuse(why=f"What comes next is {step.title} ({step.key}), not {order.step}: name that one, or none.")
    if step.ends:
        return Refuse(why="The end cannot be skipped: pause the case, settle it or write it off.")
    if not step.may_be_skipped:
        return Refuse(why=f"{step.title} cannot be skipped: it follows from what has happened.")
    known = case.unfinished.get(step.key)
    if known and known.begun:
        return Refuse(why=f"{step.title} may have been done already: that is found out first.")
    return ALLOW


def skip(case: Case, order: events.Skip, at: datetime) -> Case:
    step = case.upcoming
    assert step is not None  # noqa: S101 - asked before
    why = f"by {order.by}{_tail(order)}"
    case = changed(ended(case, step, StepState.SKIPPED, at, why), upcoming=None)
    event = StepSkipped(kind=step.kind)
    return said(case, Entry(at=at, step=step.key, what="skipped", why=why, event=event))


def ask_retry_now(case: Case, _order: events.RetryNow, _at: datetime) -> Answer:
    if isinstance(refusal := ask_any(case), Refuse):
        return refusal
    if case.holds:
        return Refuse(why=f"The case is {in_words(case)}: nothing is charged before that has ended.")
    if case.handoff:
        return Refuse(why="The case was handed off: nothing is charged any more.")
    if case.retry_owner is RetryOwner.STRIPE:
        return Refuse(why="By its policy Stripe makes all tries: retry in Stripe.")
    if case.facts.contested:
        return Refuse(why="The customer won a dispute over this payment: nothing is charged any more.")
    if case.awaits_customer:
        return Refuse(
            why=f"Only the customer can help ({cause(case)}): nothing is charged before the payment method changes."
        )
    if case.try_ordered and ordered_key(case.try_ordered) not in case.steps:
        return Refuse(why="A try is ordered already, and is made as soon as the rules allow it.")
    return ALLOW


def retry_now(case: Case, order: events.RetryNow, at: datetime) -> Case:
    number = case.try_ordered.number + 1 if case.try_ordered else 1
    case = changed(case, try_ordered=OrderedTry(number=number, at=at))
    return said(case, Entry(at=at, step=ORDER, what=f"a try at once, ordered by {order.by}", why=order.note))


def ask_hand_off(case: Case, _order: events.HandOff, _at: datetime) -> Answer:
    if isinstance(refusal := ask_any(case), Refuse):
        return refusal
    if case.handoff or begun_handoff(case):
        return Refuse(why="The case was handed off already.")
    if case.handoff_ordered:
        return Refuse(why="The handoff is ordered already: it is the announced end of the case.")
    if any(hold.reason is HoldReason.DISPUTE for hold in case.holds) or case.facts.contested:
        return Refuse(why="The customer contests the payment: a contested debt goes to no agency.")
    if any(hold.reason in PROTECTIONS for hold in case.holds):
        return Refuse(why=f"The case is {in_words(case)}: the debt of somebody who is protected goes to no agency.")
    return ALLOW


def hand_off(case: Case, order: events.HandOff, at: datetime) -> Case:
    case = changed(case, handoff_ordered=True)
    what = f"to go to collections at its announced end, ordered by {order.by}"
    return said(case, Entry(at=at, step=ORDER, what=what, why=order.note))


def ask_recall(case: Case, _order: events.Recall, _at: datetime) -> Answer:
    if isinstance(refusal := ask_any(case), Refuse):
        return refusal
    if case.handoff is None:
        return Refuse(why="The case is with no agency: there is nothing to recall.")
    if case.handoff.is_over:
        return Refuse(why="The agency has given the case back already.")
    if case.recall_ordered:
        return Refuse(why="The recall is ordered already.")
    return ALLOW


def recall(case: Case, order: events.Recall, at: datetime) -> Case:
    case = changed(case, recall_ordered=True)
    what = f"to be recalled from the agency, ordered by {order.by}"
    return said(case, Entry(at=at, step=ORDER, what=what, why=order.note))


def ask_reopen_channel(case: Case, _order: events.ReopenChannel, _at: datetime) -> Answer:
    return ask_any(case)


def reopen_channel(case: Case, order: events.ReopenChannel, at: datetime) -> Case:
    left = {channel: why for channel, why in case.closed_channels.items() if channel is not order.channel}
    what = f"{CHANNEL_NAMES[order.channel]} re-opened by {order.by}"
    return said(changed(case, closed_channels=left), Entry(at=at, step=ORDER, what=what, why=order.note))


def _tail(order: events.Order) -> str:
    return f": {order.note}" if order.note else ""
