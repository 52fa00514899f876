"""Whether a payment that was taken back after a case had ended is billed anew, so that it is dunned once more."""

from domain.admission import admission
from domain.gates import Answer, Refuse
from domain.invoice import InvoiceNow, SubscriptionState
from domain.money import Money
from domain.policy import Policy, TakenBack


def billed_anew(
    invoice: InvoiceNow, owed: Money, policy: Policy, *, second_round: bool, given_up: bool, of_subscription: bool
) -> Answer:
    """A refusal says why an operator has to decide.

    invoice:         the one that was paid, in full or in part, as it is now.
    owed:            what was taken back.
    second_round:    whether it was itself billed for money that had been taken back.
    given_up:        whether its case has ended without the money.
    of_subscription: whether it is for a subscription at all.
    """
    if policy.taken_back is TakenBack.OPERATOR:
        return Refuse(why=f"policy {policy.name} leaves it to an operator", rule="taken-back")
    if second_round:
        return Refuse(why="it was billed anew once already", rule="taken-back-twice")
    if given_up:
        return Refuse(why="the case was given up", rule="taken-back-given-up")
    if invoice.subscription is SubscriptionState.ENDED:
        return Refuse(why="the subscription has ended", rule="taken-back-ended")
    return admission(invoice, owed, policy, of_subscription=of_subscription)
