"""Which failed invoices become cases: one table of reasons, asked once, before anything is done."""

from domain.gates import ALLOW, Answer, Refuse
from domain.invoice import InvoiceNow, SubscriptionState
from domain.money import Money
from domain.policy import Policy
from domain.rules.invoice import CancelledSubscription


def admission(invoice: InvoiceNow, due: Money, policy: Policy, *, of_subscription: bool) -> Answer:
    """Whether an open invoice becomes a case under a policy; a refusal says why not.

    due:             what remains of the invoice.
    of_subscription: whether it is for a subscription at all.
    """

    def no(rule: str, why: str) -> Refuse:
        return Refuse(why=why, rule=f"admission-{rule}")

    rules = policy.admission
    least = next((row for row in rules.minimum if row.currency == due.currency), None)
    if invoice.subscription is SubscriptionState.NOT_BEGUN:
        return no("sign-up", "the sign-up was never finished: nobody has become a customer yet")
    if invoice.customer_deleted:
        return no("deleted", "the customer was deleted at the payment provider")
    if invoice.sent and not policy.sent_invoices:
        return no("sent", f"it was sent to be paid by its due date, and policy {policy.name} is not for sent invoices")
    if policy.sent_invoices and invoice.sent is False:
        return no("not-sent", f"it is charged by itself, and policy {policy.name} is for sent invoices only")
    closes = policy.cancelled_subscription is CancelledSubscription.CLOSE
    if closes and invoice.subscription is SubscriptionState.ENDED:
        return no("ended", f"the subscription has ended, and by policy {policy.name} the debt with it")
    if not of_subscription and not rules.one_off_invoices:
        return no("one-off", f"it is for no subscription, and policy {policy.name} takes only those that are")
    if least is not None and due < least:
        return no("minimum", f"{due} is less than the {least} from which policy {policy.name} takes cases")
    return ALLOW
