"""The audit of orders finds what was ordered and not done, and what was left out and done."""

from typing import Any

import pytest

from tests.sandbox.play.journals import FINALIZED, Happened, charge, counts, did, sms, tried
from tests.sandbox.play.journals import MORNING as AT

SKIPPED = "d05-remind-sms-reminder"
HANDED: Happened = ("agency", "handoff.accepted", "dun:in_1:d28-escalate", {})
RECALLED: Happened = ("agency", "handoff.recalled", "dun:in_1:d28-escalate", {})


def ordered(what: str, **data: Any) -> Happened:
    kind, name, key, _ = did(f"operator_{what}")
    return kind, name, key, data


def unheeded(*happened: Happened) -> int:
    return counts([FINALIZED, *happened], [tried(1, AT), tried(2, AT)]).get("orders_unheeded", 0)


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        (ordered("retries"), charge("failed")),
        (ordered("hands_off"), HANDED),
        (ordered("recalls"), RECALLED),
        (ordered("reopens", channel="sms"), sms("d07")),
    ],
)
def test_an_order_that_nothing_comes_of(order: Happened, answer: Happened) -> None:
    assert 0 == unheeded(order, answer)
    assert 1 == unheeded(answer, order)


def test_a_step_that_was_left_out_and_is_done_all_the_same() -> None:
    assert 0 == unheeded(ordered("skips", step=SKIPPED), sms("d07-remind-sms-final"))
    assert 1 == unheeded(ordered("skips", step=SKIPPED), sms(SKIPPED))


def test_the_customers_own_payment_is_no_try_that_was_ordered() -> None:
    assert 1 == unheeded(ordered("retries"), charge("succeeded", attempt=None))
