"""Whose decline it is: an answer is about one payment method, and only new data earns a try."""

from datetime import datetime, timedelta

import pytest

from domain import events, life, news
from domain.case import Case, ChargeOutcome
from domain.changes import invoice_is
from domain.decisions import Act, Effect
from domain.declines import Decline, DeclineClass
from domain.invoice import NO_METHOD, InvoiceNow, MethodRef
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.steps import AttemptKind
from tests.domain.builders import a_case, a_decline, at, decide, live

NOON = at("04-05 12:00")
OLD = MethodRef(id="pm_1", fingerprint="fp_1", expiry="1/2030")
AGAIN = MethodRef(id="pm_2", fingerprint="fp_1", expiry="1/2030")
RENEWED = MethodRef(id="pm_1", fingerprint="fp_1", expiry="1/2034")
OTHER = MethodRef(id="pm_3", fingerprint="fp_3", expiry="5/2033")


def on(method: MethodRef, code: str = "lost_card", when: datetime = NOON) -> Decline:
    """What the bank answered to one payment method."""
    decline = a_decline(code, when)
    return decline.model_copy(update={"raw": decline.raw.model_copy(update={"method": method})})


def a_declined_case(method: MethodRef = OLD, code: str = "lost_card") -> Case:
    return invoice_is(a_case(on(method, code)), InvoiceNow(method=method), NOON, "opening")


def changed_to(case: Case, method: MethodRef, change: events.MethodChange = events.MethodChange.NEW) -> Case:
    fact = events.PaymentMethodChanged(event_id=f"e-{method.id}", change=change, method=method)
    return news.payment_method_changed(case, fact, NOON)


@pytest.mark.parametrize("method", [RENEWED, OTHER], ids=["new expiry", "another card"])
def test_a_decline_of_the_old_card_does_not_stand_against_the_new_one(method: MethodRef) -> None:
    """Found while reading, without any news: it is tried at once, and its cause is not the old card's."""
    case = invoice_is(a_declined_case(), InvoiceNow(method=method), NOON, "d05-remind-email")

    decision = decide(case, NOON)

    assert case.decline is None
    assert isinstance(decision, Act)
    assert "m1-charge" == decision.effects[0].step.key


@pytest.mark.parametrize("change", [events.MethodChange.NEW, events.MethodChange.UPDATED])
def test_a_nightly_sync_of_names_and_addresses_earns_no_try(change: events.MethodChange) -> None:
    """The same number and expiry, under its own id or saved anew: a bank would see no difference."""
    for method in (OLD, AGAIN):
        case = changed_to(a_declined_case(), method, change)

        assert 0 == case.method_changes
        assert DeclineClass.NEVER is case.decline_class
        assert "payment method not changed" == case.record[-1].what


def test_the_same_card_that_the_customer_confirmed_with_the_bank_is_tried() -> None:
    case = changed_to(a_declined_case(code="authentication_required"), OLD, events.MethodChange.AUTHENTICATED)

    assert 1 == case.method_changes


def told_of(case: Case, decline: Decline, kind: AttemptKind = AttemptKind.CUSTOMER) -> Case:
    attempt = events.ReportedAttempt(at=NOON, kind=kind, decline=decline)
    return news.invoice_changed(case, events.InvoiceChanged(event_id="x", attempt=attempt), NOON)


@pytest.mark.parametrize("kind", [AttemptKind.CUSTOMER, AttemptKind.OTHER_ENGINE])
def test_a_card_that_was_declined_for_good_elsewhere_is_not_tried_by_us_either(kind: AttemptKind) -> None:
    """The customer tried the very card on the hosted page, and the bank said never."""
    case = told_of(a_declined_case(code="insufficient_funds"), on(OLD), kind)

    assert DeclineClass.NEVER is case.decline_class


def test_a_decline_of_a_card_that_we_would_not_charge_changes_nothing() -> None:
    """The customer tried another card, once, on the hosted page; the one on file is as good as before."""
    case = told_of(a_declined_case(code="insufficient_funds"), on(OTHER))

    assert DeclineClass.RETRY_LATER is case.decline_class


def test_cards_that_are_tried_one_after_the_other_have_a_bound_per_day() -> None:
    """A thief tests cards on somebody's account: three a day are tried at once, the fourth waits for tomorrow."""
    cards = [MethodRef(id=f"pm_{n}", fingerprint=f"fp_{n}", expiry="1/2033") for n in range(10, 18)]

    def declines(case: Case, act: Effect, now: datetime) -> ChargeResult | None:
        if not isinstance(act.step, ChargeStep):
            return None
        method = case.invoice.method or OLD
        return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=on(method, "incorrect_cvc", now))

    told = [
        (
            NOON + timedelta(minutes=10 * n),
            lambda case, now, card=card: life.hear(
                case, "payment_method_changed", events.PaymentMethodChanged(event_id=card.id, method=card), now
            ),
        )
        for n, card in enumerate(cards)
    ]
    lived = live(a_declined_case(), told=told, answers=declines, until=at("04-08 00:00"))

    made = [line for line in lived.of(ChargeStep) if "-charge" in line and " m" in line]
    assert 3 == len([line for line in made if line.startswith("04-05")])
    assert 1 == len([line for line in made if line.startswith("04-06")])


def a_case_without_method(code: str | None = "no_payment_method") -> Case:
    case = a_case(a_decline(code) if code else None, tried_before=False)
    return invoice_is(case, InvoiceNow(method=NO_METHOD), NOON, "opening")


@pytest.mark.parametrize("code", [None, "no_payment_method"])
def test_a_card_was_added_and_its_event_was_lost(code: str | None) -> None:
    """It is seen at the next reading of the invoice, and tried at once as if it had been told."""
    case = invoice_is(a_case_without_method(code), InvoiceNow(method=OTHER), NOON, "d05-remind-email")

    decision = decide(case, NOON)

    assert "a payment method is on file that was not there before" == case.record[-1].why
    assert isinstance(decision, Act)
    assert "m1-charge" == decision.effects[0].step.key


def test_it_is_seen_as_well_when_other_news_of_the_invoice_comes() -> None:
    case = a_case_without_method()

    case = news.invoice_changed(case, events.InvoiceChanged(event_id="credit", method=OTHER), NOON)

    assert 1 == case.method_changes


def test_the_event_that_comes_late_earns_no_second_try() -> None:
    """Neither before the try, nor after it; and the try itself is no news."""
    seen = invoice_is(a_case_without_method(), InvoiceNow(method=OTHER), NOON, "d05-remind-email")
    declined = ChargeResult(
        outcome=ChargeOutcome.DECLINED, decline=on(OTHER, "insufficient_funds"), invoice=InvoiceNow(method=OTHER)
    )

    late = live(changed_to(seen, OTHER), answers=lambda *_: None, until=NOON, start=NOON)
    act = decide(seen, NOON)
    assert isinstance(act, Act)
    tried = life.book(seen, act.effects[0], declined, NOON)

    assert 1 == len([line for line in late.charges if " m" in line])
    assert (1, 1) == (tried.method_changes, tried.method_tried)
    assert 1 == changed_to(tried, OTHER).method_changes


@pytest.mark.parametrize("method", [OLD, AGAIN])
def test_the_declined_card_that_is_taken_away_and_added_again_is_no_new_one(method: MethodRef) -> None:
    gone = invoice_is(a_declined_case(), InvoiceNow(method=NO_METHOD), NOON, "d05-remind-email")

    back = invoice_is(gone, InvoiceNow(method=method), NOON, "d07-remind-email")

    assert 0 == back.method_changes


def test_what_cannot_be_seen_is_nothing_new() -> None:
    """A reading that shows no method, and the first one that shows any."""
    blind = invoice_is(a_case_without_method(), InvoiceNow(), NOON, "d05-remind-email")
    first = invoice_is(a_case(), InvoiceNow(method=OTHER), NOON, "opening")

    assert [0, 0] == [blind.method_changes, first.method_changes]


def test_an_invoice_that_was_sent_is_charged_on_no_card() -> None:
    sent = invoice_is(a_case_without_method(), InvoiceNow(sent=True), NOON, "opening")

    assert 0 == invoice_is(sent, InvoiceNow(method=OTHER), NOON, "d05-remind-email").method_changes
