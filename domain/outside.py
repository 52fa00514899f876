"""Payments that the provider does not know of yet, and the steps that tell it."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.base import Message
from domain.money import Money

if TYPE_CHECKING:
    from domain.case import Case
    from domain.situation import Situation
    from domain.steps import Step


class OutsidePayment(Message):
    """Money that reached the merchant by another way."""

    key: str  # of the step that records it
    amount: Money
    at: datetime  # UTC


def taken_in(case: "Case", amount: Money, at: datetime) -> "Case":
    """The case that has to have this payment recorded."""
    payment = OutsidePayment(key=f"outside-{len(case.outside) + 1}", amount=amount, at=at)
    return case.but(outside=(*case.outside, payment))


def unrecorded(case: "Case") -> tuple[OutsidePayment, ...]:
    """Those that the provider still has to be told of."""
    return tuple([payment for payment in case.outside if payment.key not in case.steps])


def outside_payments(now: "Situation") -> list["Step"]:
    """The step for each of them."""
    return [_step(now, payment) for payment in unrecorded(now.case)] if now.case.outside else []


def _step(now: "Situation", payment: OutsidePayment) -> "Step":
    from domain.kinds.outside_payment import OutsidePaymentStep  # noqa: PLC0415 - it reads the case in turn

    return OutsidePaymentStep(
        key=payment.key, due=payment.at, day=now.schedule.day_of(payment.at), amount=payment.amount
    )
