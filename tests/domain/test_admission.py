"""Which failed invoices become cases."""

import pytest

from domain.admission import admission
from domain.gates import Refuse
from domain.invoice import InvoiceNow, SubscriptionState
from domain.policy import Admission, Policy
from domain.rules.invoice import CancelledSubscription
from tests.domain.builders import PLAIN, usd

SENT = PLAIN.model_copy(update={"sent_invoices": True})
CLOSING = PLAIN.model_copy(update={"cancelled_subscription": CancelledSubscription.CLOSE})
CHOOSY = PLAIN.model_copy(update={"admission": Admission(one_off_invoices=False, minimum=(usd("5"),))})
RUNS = InvoiceNow(subscription=SubscriptionState.RUNS)
ENDED = InvoiceNow(subscription=SubscriptionState.ENDED)


@pytest.mark.parametrize(
    ("invoice", "due", "policy", "one_off", "rule"),
    [
        (RUNS, "20", PLAIN, False, None),
        (InvoiceNow(subscription=SubscriptionState.NOT_BEGUN), "20", PLAIN, False, "admission-sign-up"),
        (InvoiceNow(customer_deleted=True), "20", PLAIN, False, "admission-deleted"),
        (InvoiceNow(sent=True), "20", PLAIN, False, "admission-sent"),
        (InvoiceNow(sent=True), "20", SENT, False, None),
        (InvoiceNow(sent=False), "20", SENT, False, "admission-not-sent"),
        (ENDED, "20", PLAIN, False, None),
        (ENDED, "20", CLOSING, False, "admission-ended"),
        (InvoiceNow(), "20", PLAIN, True, None),
        (InvoiceNow(), "20", CHOOSY, True, "admission-one-off"),
        (RUNS, "4.99", CHOOSY, False, "admission-minimum"),
        (RUNS, "5", CHOOSY, False, None),
        (InvoiceNow(paying=True), "20", PLAIN, False, None),  # it becomes one, and waits
    ],
)
def test_the_table_of_admission(invoice: InvoiceNow, due: str, policy: Policy, one_off: bool, rule: str | None) -> None:
    answer = admission(invoice, usd(due), policy, of_subscription=not one_off)

    assert rule == (answer.rule if isinstance(answer, Refuse) else None)
