"""The audit of ways to pay that take time or change meanwhile: each test plants one fault and sees only that count."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.play.journals import (
    FINALIZED,
    INVOICE,
    MORNING,
    PAID,
    SECOND,
    THAI,
    Happened,
    about,
    charge,
    contact,
    counts,
    did,
    email,
    tried,
)

MAIL = f"dun:{INVOICE}:d03-remind-email-friendly:email"


def on_card(kind: str, attempt: int | None, charge_id: str, card: str, **data: Any) -> Happened:
    provider, what, key, said = charge(kind, attempt, charge_id)
    return provider, what, key, {**said, "fingerprint": card, **data}


@pytest.mark.parametrize(
    ("card", "answer", "expected"),
    [
        ("fp_lost", "lost_card", {"refused_for_good": 1}),
        ("fp_lost", "stolen_card", {"refused_for_good": 1}),
        ("fp_lost", "do_not_honor", {}),
        ("fp_other", "lost_card", {}),
    ],
)
def test_a_lost_card_that_is_charged_for_another_invoice(card: str, answer: str, expected: dict[str, int]) -> None:
    lost = about(on_card("failed", None, "ch_1", "fp_lost", decline_code=answer), SECOND)

    assert expected == counts([lost, on_card("failed", 1, "ch_2", card)], second=[])


@pytest.mark.parametrize(
    ("advice", "hours", "expected"),
    [("26", 47, {"network_waits": 1}), ("26", 48, {}), ("02", 71, {"network_waits": 1}), ("24", 1, {}), (None, 0, {})],
)
def test_a_try_before_the_time_that_mastercard_asked_for(
    advice: str | None, hours: int, expected: dict[str, int]
) -> None:
    """An operator may order it: the network's wish stands."""
    first = on_card("failed", None, "ch_1", "fp", network_advice=advice)
    again = on_card("failed", 1, "ch_2", "fp")

    assert expected == counts([first, again], [tried(1, MORNING + timedelta(hours=hours))], seen_at={1: MORNING})


@pytest.mark.parametrize("deed", ["new_card", "new_card_while_we_charge"])
def test_the_old_card_is_charged_after_a_new_one_was_given(deed: str) -> None:
    first = on_card("failed", None, "ch_1", "fp_old")

    assert {"old_cards": 1} == counts([first, did(deed), on_card("failed", 1, "ch_2", "fp_old")])
    assert {} == counts([first, did(deed), on_card("failed", 1, "ch_2", "fp_new")])


def test_what_was_on_its_way_before_the_new_card_may_arrive_after_it() -> None:
    begun = on_card("processing", 1, "ch_1", "fp_old")

    assert {} == counts([FINALIZED, begun, did("new_card"), on_card("succeeded", 1, "ch_1", "fp_old")])


CREDITED: Happened = ("stripe", "invoice.credited", None, {"amount": 500})
VOIDED: Happened = ("stripe", "invoice.credit_voided", None, {"amount": 500})
PART = charge("succeeded", None, "ch_1", amount=700)
OUTSIDE: Happened = ("stripe", "payment_record.attached", None, {"amount": 700})


@pytest.mark.parametrize(
    ("before", "asked", "right"),
    [
        ([], "฿20.00", True),
        ([], "฿15.00", False),
        ([CREDITED], "15,00 ฿", True),
        ([CREDITED, VOIDED], "฿15.00", False),
        ([CREDITED, VOIDED], "฿20.00", True),
        ([PART], "฿13.00", True),
        ([OUTSIDE], "฿20.00", False),
    ],
)
def test_an_e_mail_that_asks_for_another_amount_than_is_due(before: list[Happened], asked: str, right: bool) -> None:
    mails = {MAIL: f"{THAI} NB-1: {asked}"}

    expected = {} if right else {"wrong_amounts": 1}
    assert expected == counts([FINALIZED, *before, email()], [contact()], mails=mails, number="NB-1")


def test_thousands_are_read_as_each_language_writes_them() -> None:
    for asked in ("1.234,56", "1,234.56", "1\u202f234,56", "1’234.56"):
        due: Happened = ("stripe", "invoice.finalized", None, {"amount_remaining": 123_456})
        assert {} == counts([due, email()], [contact()], mails={MAIL: f"{THAI} NB-1: {asked}"}, number="NB-1")


@pytest.mark.parametrize(("days", "expected"), [(9, {"stood_still": 1}), (8, {})])
def test_a_case_that_stands_still_after_a_part_has_arrived(days: int, expected: dict[str, int]) -> None:
    begun, arrived = on_card("processing", None, "ch_1", "ba"), on_card("succeeded", None, "ch_1", "ba")
    part = (*arrived[:3], arrived[3] | {"amount": 500, "amount_remaining": 1500})
    seen = {1: MORNING, 2: MORNING, 3: MORNING}

    later = tried(1, MORNING + timedelta(days=days))
    assert expected == counts([FINALIZED, begun, part, charge("failed", amount=1500)], [later], seen_at=seen)
    assert {"stood_still": 1} == counts([FINALIZED, begun, part], seen_at=seen)
    assert {} == counts([FINALIZED, begun, part, PAID], seen_at=seen | {4: MORNING})


@pytest.mark.parametrize(("kind", "provider"), [("service.restricted", "merchant"), ("handoff.accepted", "agency")])
def test_something_is_taken_away_while_a_voucher_may_be_paid(kind: str, provider: str) -> None:
    taken: Happened = (provider, kind, f"dun:{INVOICE}:d10-restrict", {})
    told = [email(), did("takes_voucher")]

    assert {"beside_vouchers": 1} == counts([*told, taken], [contact()])
    assert {} == counts([*told, did("voucher_paid"), taken], [contact()])
    assert {} == counts([email(), did("chooses_transfer"), taken], [contact()])


@pytest.mark.parametrize(
    ("begins", "ends", "promise"),
    [
        ("takes_voucher", "voucher_paid", "beside_vouchers"),
        ("chooses_transfer", "transfer_arrives", "beside_transfers"),
    ],
)
def test_a_charge_beside_what_the_customer_is_paying_elsewhere(begins: str, ends: str, promise: str) -> None:
    assert {promise: 1} == counts([did(begins), charge("failed")])
    assert {} == counts([did(begins), did(ends), charge("failed")])


def test_anything_while_another_system_takes_the_money_in() -> None:
    """Until that has failed, of which nobody tells."""
    assert {"while_paying": 1} == counts([did("reports_payment"), email()], [contact()])
    assert {} == counts([did("reports_payment"), did("reports_fail"), email()], [contact()])
