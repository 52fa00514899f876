"""R10: another payment method on file, which Stripe would not use for this invoice: by policy it is tried."""

from datetime import datetime, timedelta

import pytest

from domain import events, life
from domain.case import Case, ChargeOutcome, HoldReason
from domain.changes import invoice_is
from domain.decisions import Effect
from domain.declines import Decline, DeclineClass
from domain.events import MethodChange
from domain.invoice import NO_METHOD, InvoiceNow, MethodRef
from domain.kinds.charge import ChargeResult, ChargeTask
from domain.policy import Policy
from domain.steps import AttemptKind, Stage
from tests.domain.builders import PLAIN, Answer, a_case, a_decline, a_policy, at, facts_of, live, new_method

NOON = at("04-01 10:00")
USE = a_policy(retries={"other_methods": "use"})
OWN = MethodRef(id="pm_own", fingerprint="fp_own", expiry="1/2030")


def on(method: MethodRef, code: str) -> Decline:
    decline = a_decline(code, NOON)
    return decline.model_copy(update={"raw": decline.raw.model_copy(update={"method": method})})


def unpaid(policy: Policy = USE, code: str = "expired_card") -> Case:
    """The invoice's own card cannot pay."""
    return invoice_is(a_case(on(OWN, code), policy=policy), InvoiceNow(method=OWN), NOON, "opening")


def wallet(*answers: str) -> Answer:
    """The customer's other cards, as their banks answer one after the other; after the last there is none."""
    left = [MethodRef(id=f"pm_{n}", fingerprint=f"fp_{n}", expiry="1/2033") for n in range(len(answers))]
    codes = dict(zip([method.id for method in left], answers, strict=True))

    def answer(_case: Case, effect: Effect, _now: datetime) -> ChargeResult | None:
        task = effect.task
        if not isinstance(task, ChargeTask) or task.kind is not AttemptKind.OTHER_METHOD:
            return None
        found = next((method for method in left if method not in task.refused), None)
        invoice = InvoiceNow(method=OWN)
        if found is None:
            return ChargeResult(outcome=ChargeOutcome.REFUSED, why="none is left", invoice=invoice)
        if codes[found.id] == "paid":
            return ChargeResult(outcome=ChargeOutcome.PAID)
        return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=on(found, codes[found.id]), invoice=invoice)

    return answer


def others(lines: list[str]) -> list[str]:
    return [line for line in lines if " o" in line]


@pytest.mark.parametrize("policy", [PLAIN, USE])
def test_r10_whether_another_card_is_used_the_policy_says(policy: Policy) -> None:
    """Asking the customer is the default."""
    lived = live(unpaid(policy), answers=wallet("paid"), until=at("04-02 00:00"))

    if policy is USE:
        assert ["04-01 10:00 o0-0-1-charge", "04-01 10:00 recovered"] == lived.table
    else:
        assert ["04-01 10:00 ask-0"] == lived.table


def test_r10_a_detached_card_is_made_good_by_another_one() -> None:
    """Nothing that could be charged is left of the invoice's own: the case would wait for the customer."""
    case = invoice_is(a_case(None, policy=USE, tried_before=False), InvoiceNow(method=NO_METHOD), NOON, "opening")
    nothing = Decline(
        decline_class=DeclineClass.NEW_METHOD, code="no_payment_method", reason="no_payment_method", rule="t"
    )
    lived = live(case.but(decline=nothing), answers=wallet("paid"))

    assert ["04-01 10:00 o0-0-1-charge", "04-01 10:00 recovered"] == lived.table


def test_r10_a_decline_of_another_card_belongs_to_that_card() -> None:
    """One after the other, each once; what stands in the way of the invoice's own card still does, and the customer is
    asked once."""
    lived = live(unpaid(), answers=wallet("insufficient_funds", "stolen_card"), until=at("04-03 00:00"))

    case = lived.case
    assert ["o0-0-1-charge", "o0-0-2-charge", "o0-0-3-charge", "ask-0"] == [line[12:] for line in lived.table]
    assert ("expired_card", OWN, 0) == (case.decline and case.decline.code, case.invoice.method, case.method_changes)
    assert ["pm_0", "pm_1"] == [decline.raw.method and decline.raw.method.id for decline in case.refused]
    assert [] == list(case.counting_attempts)
    assert case.tried_method is None


def test_r10_a_card_that_comes_later_beside_the_invoices_own_is_tried() -> None:
    """The customer's default changed, and the subscription goes on naming the expired card (failure 21 of others)."""
    added = [(at("04-05 12:00"), new_method("b1", MethodChange.BESIDE)), (at("04-05 12:01"), new_method("b1"))]
    lived = live(unpaid(), answers=wallet(), told=added, until=at("04-06 00:00"))

    assert ["04-01 10:00 o0-0-1-charge", "04-05 12:00 o0-1-1-charge"] == others(lived.table)
    assert 0 == lived.case.method_changes


@pytest.mark.parametrize("code", ["insufficient_funds", "authentication_required", "revocation_of_authorization"])
def test_r10_another_card_is_not_used_where_the_invoices_own_can_pay_or_the_customer_has_said_no(code: str) -> None:
    """Money may come, the customer may confirm; and who took the consent back, took it back from the merchant."""
    lived = live(unpaid(code=code), answers=wallet("paid"), until=at("04-10 00:00"))

    assert [] == others(lived.table)


def test_r10_a_new_card_of_the_invoices_own_goes_first() -> None:
    """It is what the customer has just chosen."""
    lived = live(unpaid(), answers=wallet(), told=[(at("04-05 12:00"), new_method("m1"))], until=at("04-06 00:00"))

    assert "04-05 12:00 m1-charge" in lived.table
    assert lived.table.index("04-05 12:00 m1-charge") > lived.table.index("04-01 10:00 o0-0-1-charge")


def test_r10_a_wallet_of_cards_is_not_tried_in_one_day() -> None:
    """Three changed or other cards a day, five in all."""
    lived = live(unpaid(), answers=wallet(*["generic_decline"] * 9), until=at("04-10 00:00"))

    days = [line[:5] for line in others(lived.table)]
    assert ["04-01"] * 3 + ["04-02"] * 2 == days


def test_r10_no_message_announces_a_try_for_which_there_may_be_no_card() -> None:
    """The fourth card would be tried tomorrow: whether there is one is seen then."""
    lived = live(unpaid(), answers=wallet(*["generic_decline"] * 3), until=at("04-01 20:00"))

    said = facts_of(lived.case, Stage.ACTION, at("04-01 12:00"))

    assert ["04-01"] * 3 == [line[:5] for line in others(lived.table)]
    assert (None, DeclineClass.NEW_METHOD) == (said.next_charge_on, said.action)


def test_r10_a_number_that_was_used_up_leaves_the_card_to_be_tried() -> None:
    """Stripe stored a failure of its own: under the next number it is tried again."""
    spent = [ChargeResult(outcome=ChargeOutcome.KEY_SPENT, invoice=InvoiceNow(method=OWN))]

    def answer(case: Case, effect: Effect, now: datetime) -> ChargeResult | None:
        task = effect.task
        other = isinstance(task, ChargeTask) and task.kind is AttemptKind.OTHER_METHOD
        return spent.pop() if other and spent else wallet("paid")(case, effect, now)

    lived = live(unpaid(), answers=answer)

    assert ["o0-0-1-charge"] * 2 == [line[12:] for line in others(lived.table)]
    assert [1, 2] == [attempt.number for attempt in lived.case.attempts]


def test_r10_an_answer_that_points_at_the_merchant_stops_for_an_operator() -> None:
    """Whichever card it came from."""
    lived = live(unpaid(), answers=wallet("testmode_decline"), until=at("04-02 00:00"))

    assert [HoldReason.OPERATOR_NEEDED] == [hold.reason for hold in lived.case.holds]


def test_r10_the_record_says_that_another_one_is_on_file() -> None:
    fact = events.PaymentMethodChanged(event_id="b1", change=MethodChange.BESIDE)
    case = life.hear(unpaid(), "payment_method_changed", fact, NOON + timedelta(days=1))

    assert "another payment method on file" == case.record[-1].what
    assert case is life.hear(case, "payment_method_changed", fact, NOON + timedelta(days=1))
