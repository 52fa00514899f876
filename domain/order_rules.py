"""What an order runs into that the case by itself does not know: its policy, and what binds every charge.

Asked at the door, before the order is given: the workflow knows the case alone. What a gate refuses later it refuses
still, whatever was said here.
"""

from domain import events, life
from domain.gates import ALLOW, Answer, Refuse
from domain.situation import Situation
from domain.tries import ordered_try

RULED = (events.HandOff, events.RetryNow)
"""The orders to which policy and rules have something to say."""


def ask_rules(now: Situation, name: str, order: events.Order) -> Answer:
    """What policy and rules say to an order that the case would take. One that can change nothing is refused."""
    match order:
        case events.HandOff() if now.policy.endgame.collections is None:
            return Refuse(
                why=f"By its policy ({now.case.policy}) the case ends without an agency: write it off here and give "
                "the debt to an agency by hand, or let it end as announced."
            )
        case events.RetryNow():
            return _retry(now, name, order)
    return ALLOW


def _retry(now: Situation, name: str, order: events.Order) -> Answer:
    """A try that every rule would refuse, asked of the very step that the order brings about."""
    if now.case.invoice.has_no_method:
        return Refuse(why="The customer has no payment method on file: a new one is tried by itself.")
    ordered = now.with_case(life.carry_out(now.case, name, order, now.at))
    for step in ordered_try(ordered):
        if why := ordered.refusal(step):
            return Refuse(why=f"Nothing would be charged: {why}.")
    return ALLOW
