"""How a case begins."""

from datetime import timedelta

import pytest

from domain.case import CaseStatus, HoldReason
from domain.kinds.charge import ChargeStep
from domain.opening import day_zero
from tests.domain.builders import a_case, a_decline, at, live

FAILED = at("04-01 10:00")


@pytest.mark.parametrize(("hours", "late"), [(0, False), (1, False), (96, False), (97, True), (24 * 365, True)])
def test_day_zero_is_the_failed_payment_unless_that_is_history(hours: int, late: bool) -> None:
    """Providers repeat an undelivered event for three days; what is older begins anew."""
    now = FAILED + timedelta(hours=hours)

    assert (now if late else FAILED) == day_zero(FAILED, now)


def test_a_case_opens_with_the_answer_to_the_failed_payment() -> None:
    """It is not one of our attempts, and its record says what it began with."""
    case = a_case("insufficient_funds")

    assert CaseStatus.OPEN is case.status
    assert "insufficient_funds" == (case.decline.code if case.decline else None)
    assert FAILED == case.declined_at
    assert () == case.attempts
    [entry] = case.record
    assert (FAILED, "case opened", "100.00 USD due by policy standard@1") == (entry.at, entry.what, entry.why)
    assert () == case.unwritten, "whoever opens the case writes its first entry"


def test_a_technical_fault_counts_its_quick_tries_from_the_failed_payment() -> None:
    """Half an hour after the fault, not after the case was opened."""
    assert FAILED == a_case("processing_error").quick_since
    assert a_case("generic_decline").quick_since is None


def test_a_merchant_side_fault_opens_on_hold() -> None:
    """An operator looks before anybody is bothered."""
    assert [HoldReason.OPERATOR_NEEDED] == [h.reason for h in a_case("invalid_amount").holds]


def test_a_case_without_any_known_answer_begins_with_its_first_try() -> None:
    """Nothing stands in the way."""
    case = a_case(None)

    assert case.decline_class is None
    assert "04-02 10:00 d01-charge" == live(case, until=at("04-03 00:00")).table[0]


def test_a_case_that_is_heard_of_three_days_late_catches_up() -> None:
    """One charge and the newest message, on the day it is heard of."""
    life = live(a_case(), start=at("04-04 12:00"), until=at("04-05 00:00"))

    assert ["04-04 12:00 d03-charge"] == life.of(ChargeStep)
    assert 2 == len(life.messages)


def test_the_day_of_the_opening_is_the_customers_day() -> None:
    """Late in the evening in New York it is already tomorrow in UTC."""
    case = a_case(zone="America/New_York", opened="04-01 22:00")

    assert "2030-04-01" == f"{case.opened_on}"
    assert "04-02 10:00 d01-charge" == live(case, until=at("04-03 00:00", "America/New_York")).table[0]


def test_quick_tries_of_a_late_heard_fault_are_one_try() -> None:
    """Three quick tries and a try of the timeline are due at once: one charge is made."""
    life = live(a_case(a_decline("processing_error")), start=at("04-02 12:00"), until=at("04-02 12:01"))

    assert 1 == len(life.charges)
