"""The audit of what really happens finds every fault: each test plants one and sees only that count rise."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.play.audit import PROMISES
from sandbox.play.audit_of_reality import REALITY
from tests.sandbox.play.journals import (
    CUSTOMER,
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
    email,
    sms,
    tried,
)

NOTICE = contact("d03-remind-notice", "notice")
NAMED = contact("d03-remind-notice", "notice", MORNING - timedelta(days=3), restricts_on="2030-04-04")


def ours(kind: str, provider: str = "merchant", step: str = "d10-restrict") -> Happened:
    return provider, kind, f"dun:{INVOICE}:{step}", {}


def debit(kind: str, attempt: int | None, charge_id: str, rail: str = "us_bank_account") -> Happened:
    provider, what, key, data = charge(kind, attempt, charge_id)
    return provider, what, key, {**data, "brand": rail}


def mailed_to(address: str) -> Happened:
    provider, kind, key, data = email()
    return provider, kind, key, {**data, "to": address}


def seen(*happened: Happened, at: datetime = MORNING) -> dict[int, datetime]:
    return dict.fromkeys(range(1, len(happened) + 1), at)


def test_its_table_is_a_part_of_the_audit() -> None:
    assert set(REALITY) <= set(PROMISES)


@pytest.mark.parametrize(
    "effect",
    [
        charge("failed", charge_id="ch_2"),
        ours("service.restricted"),
        ours("subscription.canceled", "stripe"),
        ours("handoff.accepted", "agency"),
        ours("invoice.marked_uncollectible", "stripe"),
    ],
)
def test_an_effect_before_the_due_date(effect: Happened) -> None:
    happened: list[Happened] = [
        ("merchant", "notice.created", f"dun:{INVOICE}:d03-remind-notice:notice", {"body": THAI}),
        effect,
    ]
    due: dict[str, Any] = {"due_at": MORNING + timedelta(hours=1)}
    late: dict[str, Any] = {"due_at": MORNING}
    known: dict[str, Any] = {"effects": [NAMED, tried(1, MORNING)], "seen_at": seen(*happened)}

    assert {"before_due": 1} == counts(happened, **known, **due)
    assert {} == counts(happened, **known, **late)


@pytest.mark.parametrize(
    "effect",
    [
        charge("failed", charge_id="ch_2"),
        email(),
        ours("subscription.canceled", "stripe"),
        ours("handoff.accepted", "agency"),
        ours("invoice.marked_uncollectible", "stripe"),
    ],
)
def test_an_effect_while_the_customers_debit_is_on_its_way(effect: Happened) -> None:
    own = charge("processing", None, "ch_own")

    assert {"while_paying": 1} == counts([own, effect], [contact()])
    assert {} == counts([own, charge("failed", None, "ch_own"), effect], [contact()])


def test_a_restriction_while_our_own_debit_is_on_its_way() -> None:
    happened = [email(), charge("processing"), ours("service.restricted")]

    assert {"while_paying": 1} == counts(happened, [contact()])


@pytest.mark.parametrize("effect", [charge("failed"), email(), ours("subscription.canceled", "stripe")])
def test_anything_about_a_sign_up(effect: Happened) -> None:
    assert {"about_sign_ups": 1} == counts([effect], [contact()], sign_up=True)


def test_a_charge_after_the_subscription_has_ended() -> None:
    cancelled: Happened = ("stripe", "subscription.canceled", None, {})

    assert {"charges_after_subscription": 1} == counts([charge("failed"), cancelled, charge("failed", 2, "ch_2")])


@pytest.mark.parametrize(("amount", "expected"), [(1201, {"charged_though_paid_outside": 1}), (1200, {})])
def test_a_charge_for_money_that_came_in_outside(amount: int, expected: dict[str, int]) -> None:
    """Eight of twenty were transferred: at most twelve may be charged, whether that succeeds or not."""
    transfer: Happened = ("customer", "transfers", None, {"amount": 800})

    assert expected == counts([FINALIZED, transfer, charge("failed", amount=amount)])


@pytest.mark.parametrize("address", ["n/a", "none", "a@b", "one@a.example, two@a.example", "someone.example"])
def test_an_e_mail_to_what_is_no_address(address: str) -> None:
    assert {"impossible_addresses": 1} == counts([mailed_to(address)], [contact()])
    assert {} == counts([mailed_to("someone@a.example")], [contact()])


@pytest.mark.parametrize("number", ["555-2671", "0812345678", "+0812345678"])
def test_a_text_message_to_what_is_no_number(number: str) -> None:
    asked: Happened = ("twilio", "sms.refused", f"dun:{INVOICE}:s:sms", {"to": number, "code": 21211, "status": 400})

    assert {"impossible_addresses": 1} == counts([asked])


@pytest.mark.parametrize(("status", "expected"), [(400, {"impossible_addresses": 1}), (429, {})])
def test_a_number_that_was_refused_is_asked_again(status: int, expected: dict[str, int]) -> None:
    data = {"to": "+66812345601", "code": 21614, "status": status}
    refused: Happened = ("twilio", "sms.refused", f"dun:{INVOICE}:s:sms", data)
    provider, kind, key, said = sms("t")

    assert expected == counts([refused, (provider, kind, key, {**said, "to": data["to"]})], [contact("t", "sms")])


@pytest.mark.parametrize("status", ["bounce", "dropped"])
def test_a_restriction_without_a_message_that_arrived(status: str) -> None:
    provider, kind, key, data = email()
    bounced: Happened = (provider, kind, key, {**data, "status": status})

    assert {"unannounced_limits": 1} == counts([bounced, ours("service.restricted")], [contact()])
    assert {} == counts([email(), ours("service.restricted")], [contact()])


@pytest.mark.parametrize("name", ["Win at www.prize.example/now", "Call 0800-123456", "https://prize.example"])
def test_a_message_that_repeats_what_stands_in_a_name(name: str) -> None:
    assert {"names_repeated": 1} == counts([email(text=f"{THAI} {name}")], [contact()], name=name)
    assert {} == counts([email()], [contact()], name=name)


def test_a_name_that_is_one_may_be_repeated() -> None:
    assert {} == counts([email(text=f"{THAI} Anne-Marie O'Neil 3rd")], [contact()], name="Anne-Marie O'Neil 3rd")


@pytest.mark.parametrize(("days", "expected"), [(179, {"rails_exceeded": 1}), (180, {})])
def test_a_bank_account_that_is_debited_too_often(days: int, expected: dict[str, int]) -> None:
    """ACH: the first debit and two more within 180 days; a debit that comes back days later is one."""
    first = [debit("processing", None, "ch_1"), debit("failed", None, "ch_1")]
    then = [debit("failed", 1, "ch_2"), debit("failed", 2, "ch_3"), debit("failed", 3, "ch_4")]
    tries = [tried(number, MORNING + timedelta(days=number)) for number in (1, 2)]

    assert expected == counts([*first, *then], [*tries, tried(3, MORNING + timedelta(days=days))], seen_at=seen(*first))


@pytest.mark.parametrize(
    ("answer", "paid", "expected"),
    [
        ("debit_not_authorized", False, {"rails_exceeded": 1}),
        ("debit_not_authorized", True, {}),
        ("insufficient_funds", False, {}),
    ],
)
def test_a_bank_account_that_is_debited_after_it_was_forbidden(
    answer: str, paid: bool, expected: dict[str, int]
) -> None:
    """By its bank's answer to an earlier debit, whoever made it, until money came from it."""
    kind, by, charge_id, data = debit("failed", None, "ch_1")
    forbidden = (kind, by, charge_id, data | {"decline_code": answer})
    between = [debit("succeeded", None, "ch_2")] if paid else []

    assert expected == counts([forbidden, *between, debit("processing", 1, "ch_3")], [tried(1, MORNING)])


@pytest.mark.parametrize(("country", "expected"), [("IN", {"indian_cards": 1}), ("US", {})])
def test_a_card_issued_in_india_that_is_tried_again(country: str, expected: dict[str, int]) -> None:
    """The first try is the provider's."""
    tries = [charge("failed", None, "ch_1"), charge("failed", 1, "ch_2")]
    cards = [(kind, what, key, data | {"country": country}) for kind, what, key, data in tries]

    assert expected == counts(cards, [tried(1, MORNING)])


@pytest.mark.parametrize(("minutes", "found"), [(-59, 1), (0, 1), (59, 1), (-60, 0), (60, 0)])
def test_a_charge_beside_stripes_own_try(minutes: int, found: int) -> None:
    """The plan is Stripe's word, as the world made it known."""
    planned = (MORNING + timedelta(minutes=minutes)).isoformat()
    happened = [("customer", "stripe_plans", None, {"planned": planned}), FINALIZED, charge("failed")]

    known = counts(happened, effects=[tried(1, MORNING)])

    assert found == known.get("beside_stripes_tries", 0)


def test_a_charge_where_stripe_makes_all_tries() -> None:
    assert {"beside_stripes_tries": 1} == counts(
        [FINALIZED, charge("failed")], effects=[tried(1, MORNING)], stripe_tries=True
    )


RESTRICTED = ours("service.restricted")
RESTORED = ours("service.restored", step="restore")


@pytest.mark.parametrize(("outcome", "expected"), [(RESTORED, {"restored_too_early": 1}), (RESTRICTED, {})])
def test_paying_one_invoice_restores_what_another_one_restricts(outcome: Happened, expected: dict[str, int]) -> None:
    """What the application is told after the first payment is what the other one wants."""
    both = [email(), RESTRICTED, about(RESTRICTED, SECOND)]

    assert expected == counts([*both, PAID, outcome], [contact()], second=[])


def test_the_last_of_two_payments_restores() -> None:
    both = [email(), RESTRICTED, about(RESTRICTED, SECOND)]
    paid = [PAID, RESTRICTED, about(PAID, SECOND), about(RESTORED, SECOND)]

    assert {} == counts([*both, *paid], [contact()], second=[])


@pytest.mark.parametrize(
    ("hours", "stage", "action", "expected"),
    [
        (1, "friendly", "", {"said_again": 1}),
        (-1, "friendly", "", {"said_again": 1}),
        (24, "friendly", "", {}),
        (1, "firm", "", {}),
        (1, "friendly", "new_method", {}),
    ],
)
def test_two_messages_of_one_day_that_could_have_been_one(
    hours: int, stage: str, action: str, expected: dict[str, int]
) -> None:
    """A firmer one, one that asks for something else, and one of another day had to go out."""
    second = contact(at=MORNING + timedelta(hours=hours), stage=stage, action=action)

    assert expected == counts([email(), about(email(), SECOND)], [contact(action="")], second=[second])


@pytest.mark.parametrize(("ending", "expected"), [("write_off", {"said_again": 1}), ("collections", {})])
def test_two_final_notices_of_one_day(ending: str, expected: dict[str, int]) -> None:
    first = contact(stage="final", ending="write_off")

    assert expected == counts(
        [email(), about(email(), SECOND)], [first], second=[contact(stage="final", ending=ending)]
    )


@pytest.mark.parametrize(("hours", "expected"), [(167, {"too_many_messages": 1}), (168, {})])
def test_more_messages_to_a_person_than_a_week_has_room_for(hours: int, expected: dict[str, int]) -> None:
    """Seven of one invoice, and one more of another within the week (a Thursday's first, a Thursday's last)."""
    steps = [f"s{number}" for number in range(7)]
    stages = {step: contact(step, at=MORNING, stage="friendly") for step in steps}
    late = contact("late", at=MORNING + timedelta(hours=hours))

    assert expected == counts([*map(email, steps), about(email("late"), SECOND)], [*stages.values()], second=[late])


def test_the_week_of_a_person_who_is_two_customers_is_one() -> None:
    steps = [f"s{number}" for number in range(7)]
    first = [contact(step, stage="friendly") for step in steps]
    late = contact("late", at=MORNING + timedelta(days=1))
    both = [*map(email, steps), about(email("late"), SECOND)]

    assert {"too_many_messages": 1} == counts(both, first, second=[late], second_customer="cus_2", person=CUSTOMER)
    assert {} == counts(both, first, second=[late], second_customer="cus_2")


@pytest.mark.parametrize(("days", "expected"), [(-1, {"texts_before_mails": 1}), (0, {}), (1, {})])
def test_the_text_took_the_place_of_the_days_e_mail(days: int, expected: dict[str, int]) -> None:
    """Both of one day of the timeline; what has taken the place of another channel has no turn of its own."""
    mail, text = "d21-remind-email-final", "d21-remind-sms-final"
    said = contact(text, "sms", at=MORNING + timedelta(days=days), stage="final")
    happened = [sms(text), email(mail)]

    assert expected == counts(happened, [contact(mail, stage="final"), said])
    fallback = contact("d21-remind-line-final", "sms", at=MORNING - timedelta(days=1), stage="final")
    assert {} == counts([sms("d21-remind-line-final"), email(mail)], [contact(mail, stage="final"), fallback])


@pytest.mark.parametrize(("days", "expected"), [(1, {"short_access_notice": 1}), (2, {})])
def test_a_restriction_right_after_the_message_that_names_it(days: int, expected: dict[str, int]) -> None:
    happened = [email(), RESTRICTED]
    named = contact(restricts_on="2030-04-05")

    assert expected == counts(happened, [named], seen_at=seen(*happened, at=MORNING + timedelta(days=days)))


def test_a_restriction_that_no_message_names() -> None:
    happened = [email(), RESTRICTED]

    assert {"short_access_notice": 1} == counts(
        happened, [contact()], seen_at=seen(*happened, at=MORNING + timedelta(days=9))
    )


def test_a_message_to_an_address_that_the_customer_had_left() -> None:
    moved: Happened = ("customer", "changes_contact", None, {"left": ["someone@a.example"]})

    assert {"left_addresses": 1} == counts([moved, email()], [contact()])
    assert {} == counts([moved, mailed_to("someone@b.example")], [contact()])
    assert {} == counts([email(), moved], [contact()])


def test_a_request_that_is_repeated_because_its_answer_was_lost() -> None:
    """It is refused a second time under the same key."""
    asked: Happened = ("twilio", "sms.refused", f"dun:{INVOICE}:s:sms", {"to": "+13125550192", "code": 21614})
    refused = (*asked[:3], asked[3] | {"status": 400})

    assert {} == counts([refused, refused])
