"""The standard policy's whole life, one dated table for each class of decline."""

from datetime import datetime

import pytest

from domain import events, news
from domain.case import Case, ChargeOutcome, Outcome
from domain.decisions import Act, Effect, Wait
from domain.declines import DeclineClass
from domain.kinds.access import standing_access
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.write_off import WriteOffStep
from domain.steps import Access
from tests.domain.builders import (
    STANDARD,
    a_case,
    a_decline,
    a_policy,
    at,
    booked,
    decide,
    declines,
    key_of,
    live,
    new_method,
    of_class,
    pays_on,
    resumed,
    usd,
)

WHOLE_LIFE = [
    "04-02 10:00 d01-charge",
    "04-04 10:00 d03-charge",
    "04-04 10:00 d03-remind-email-friendly",
    "04-04 10:00 d03-remind-notice-friendly",
    "04-06 10:00 d05-charge",
    "04-06 10:00 d05-remind-sms-reminder",
    "04-08 10:00 d07-charge",
    "04-08 10:00 d07-remind-email-reminder",
    "04-11 10:00 d10-charge",
    "04-11 10:00 d10-remind-email-firm",
    "04-11 10:00 d10-restrict-read_only",
    "04-15 10:00 d14-charge",
    "04-22 10:00 d21-remind-email-final",
    "04-22 10:00 d21-remind-sms-final",
    "04-29 10:00 d28-cancel_subscription",
    "04-29 10:00 d28-escalate",
]


@pytest.mark.parametrize("zone", ["Asia/Bangkok", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
def test_a_case_that_nobody_pays_lives_twenty_eight_days_of_its_own_time_zone(zone: str) -> None:
    """Six retries, seven messages, the announced end; in each zone on the same local dates and times."""
    life = live(a_case(zone=zone))

    with_agency = ["05-04 10:00 handoff-again", "05-13 10:00 collections"]
    assert WHOLE_LIFE + with_agency == life.table
    assert life.skips == []


def test_the_small_debt_is_written_off_at_the_end() -> None:
    """Below the agency's minimum the announced end is a write-off, and nothing follows it."""
    life = live(a_case(due=usd("49.99")))

    assert [*WHOLE_LIFE, "04-29 10:00 written_off"] == life.table
    assert isinstance(life.acts[-1][1].step, WriteOffStep)


def test_insufficient_funds_moves_each_try_to_a_likely_payday_before_its_next_neighbour() -> None:
    """1, 2, 3, 15, 16 and Fridays; at least 48 hours after the decline; else the timeline's own day."""
    life = live(a_case("insufficient_funds"), answers=declines("insufficient_funds"))

    expected = [
        "04-03 10:00 d01-charge",  # the third of the month, 48 hours after the failed payment
        "04-05 10:00 d03-charge",  # Friday
        "04-06 10:00 d05-charge",  # no payday before day 7
        "04-08 10:00 d07-charge",  # Friday 12 comes after the neighbour: no payday from day 8 to day 9
        "04-11 10:00 d10-charge",  # before the restriction of that day, not on Friday behind it
        "04-15 10:00 d14-charge",  # the fifteenth itself
    ]
    assert expected == life.charges
    assert [line for line in WHOLE_LIFE if "remind" in line] == life.messages


@pytest.mark.parametrize("opened", [f"04-{day:02d} 10:00" for day in range(1, 29)])
@pytest.mark.parametrize("restricts_on", [10, 12])
def test_a_try_that_a_payday_moved_was_overtaken_by_the_restriction(opened: str, restricts_on: int) -> None:
    """The messages name both, and the try is the last chance to keep the access."""
    policy = a_policy(
        {"day": 1, "do": [{"remind": {"channel": "email", "stage": "friendly"}}]},
        {"day": 10, "do": ["charge", *([{"restrict": "read_only"}] if restricts_on == 10 else [])]},
        *([{"day": 12, "do": [{"restrict": "read_only"}]}] if restricts_on == 12 else []),
        {"day": 14, "do": ["charge"]},
        {"day": 21, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 28, "do": ["escalate"]},
    )
    case = a_case("insufficient_funds", opened=opened, policy=policy)

    life = live(case, answers=declines("insufficient_funds"))

    keys = [act.step.key for _, act in life.acts]
    assert keys.index("d10-charge") < keys.index(f"d{restricts_on}-restrict-read_only") < keys.index("d14-charge")


@pytest.mark.parametrize("opened", [f"04-{day:02d} 10:00" for day in range(1, 29)])
def test_paydays_never_reorder_nor_join_the_tries(opened: str) -> None:
    """Whatever day the case begins on: six tries, each on or after its own day and before the next one's day."""
    case = a_case("insufficient_funds", opened=opened, policy=STANDARD)
    life = live(case, answers=declines("insufficient_funds"))
    days = [
        (life.local(moment).date() - case.opened_on).days
        for moment, act in life.acts
        if act.step.key[1:3].isdigit() and "charge" in act.step.key
    ]

    assert 6 == len(days)
    for own, day, following in zip([1, 3, 5, 7, 10, 14], days, [3, 5, 7, 10, 14, 21], strict=True):
        assert own <= day < following


def test_a_technical_fault_is_tried_again_after_half_an_hour_four_hours_and_a_day() -> None:
    """Quick tries count from the first fault, each happens once, and the timeline goes on beside them."""
    life = live(a_case("processing_error", opened="04-01 12:00"), answers=declines("processing_error"))

    expected = [
        "04-01 12:30 q1-charge",
        "04-01 16:00 q2-charge",
        "04-02 10:00 d01-charge",
        "04-02 12:00 q3-charge",
        "04-04 10:00 d03-charge",
    ]
    assert expected == life.charges[:5]
    assert 9 == len(life.charges)
    assert 6 == len(life.case.counting_attempts)


def test_quick_tries_happen_once_per_case_even_when_the_fault_comes_back() -> None:
    """A second technical fault weeks later finds the quick tries used."""

    def answers(case: Case, act: Effect, now: datetime) -> ChargeResult | None:
        if not isinstance(act.step, ChargeStep):
            return None
        code = "processing_error" if act.step.key in ("q1-charge", "d07-charge") else "generic_decline"
        return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline(code, now))

    life = live(a_case("processing_error", opened="04-01 09:00"), answers=answers)
    quick = [line for line in life.charges if " q" in line]

    # q1 fails technically, q2 fails otherwise; on day 7 the fault returns: only q3 is left.
    assert ["04-01 09:30 q1-charge", "04-01 13:00 q2-charge", "04-09 10:00 q3-charge"] == quick


@pytest.mark.parametrize("code", ["expired_card", "incorrect_cvc", "authentication_required", "stolen_card"])
def test_what_only_the_customer_can_mend_is_never_charged_and_asked_for_at_once(code: str) -> None:
    """new_method, fix_data, authenticate and never: an e-mail at once, all messages, no charge, the same end."""
    life = live(a_case(code))

    messages = [line for line in WHOLE_LIFE if "charge" not in line]
    expected = ["04-01 10:00 ask-0", *messages, "05-04 10:00 handoff-again", "05-13 10:00 collections"]
    assert expected == life.table
    assert [f"d{day:02d}-charge" for day in (1, 3, 5, 7, 10, 14)] == [key for key, _ in life.skips]


@pytest.mark.parametrize(
    ("channel", "said"), [("email", "e-mail at once"), ("sms", "SMS at once"), ("notice", "in-app notice at once")]
)
def test_the_reason_names_the_channel_that_asks(channel: str, said: str) -> None:
    """The policy's choice, or the fallback of a closed one."""
    [(_, act), *_] = live(a_case("expired_card", policy=a_policy(contacts={"action_request": channel}))).acts

    assert f"{said}: expired card, which only the customer can put right" == act.why


def test_the_action_mail_waits_for_the_morning_and_for_monday() -> None:
    """At once means at once within the allowed hours."""
    at_night = live(a_case("expired_card", opened="04-02 22:15"), until=at("04-03 12:00"))
    on_sunday = live(a_case("expired_card", opened="04-06 21:00"), until=at("04-08 09:30"))

    assert ["04-03 09:00 ask-0"] == at_night.messages[:1]
    assert ["04-08 09:00 ask-0"] == on_sunday.messages


def test_the_action_mail_is_not_sent_beside_a_message_of_the_same_day() -> None:
    """A try on day 10 says that the card expired; the firm e-mail of that morning tells it."""
    life = live(
        a_case(),
        answers=lambda case, act, now: (
            declines("expired_card")(case, act, now) if act.step.key == "d10-charge" else None
        ),
    )

    assert [] == [line for line in life.messages if "ask" in line]
    assert [("ask-5", "the firm e-mail on day 10 says it on the same day")] == [s for s in life.skips if "ask" in s[0]]


def test_a_new_method_is_tried_at_once_outside_the_budget_and_then_the_timeline_resumes() -> None:
    """Declined again for a softer reason, the tries of the timeline go on."""
    life = live(
        a_case("expired_card"),
        answers=declines("generic_decline"),
        told=[(at("04-05 15:20"), new_method("e1"))],
    )

    assert ["04-05 15:20 m1-charge", "04-06 10:00 d05-charge", "04-08 10:00 d07-charge"] == life.charges[:3]
    assert ["d01-charge", "d03-charge"] == [key for key, _ in life.skips]
    assert 4 == len(life.case.counting_attempts)


def test_a_new_method_that_pays_closes_the_case_and_restores_the_service() -> None:
    """Restricted on day 10, paid on day 12, restored in the same wake-up."""
    life = live(a_case("expired_card"), answers=pays_on("m1-charge"), told=[(at("04-13 03:10"), new_method("e1"))])

    assert ["04-13 03:10 m1-charge", "04-13 03:10 end-restore", "04-13 03:10 recovered"] == life.table[-3:]
    assert Access.FULL is standing_access(life.case)
    assert usd("0") == life.case.due


def test_a_new_method_that_is_dead_too_is_asked_about_again() -> None:
    """Each standing decline has its own request."""
    life = live(a_case("expired_card"), answers=declines("expired_card"), told=[(at("04-05 15:20"), new_method("e1"))])

    assert ["04-01 10:00 ask-0", "04-05 15:20 ask-1"] == [line for line in life.messages if "ask" in line]
    assert ["04-05 15:20 m1-charge"] == life.charges


def test_two_changes_of_the_method_in_a_row_are_one_try() -> None:
    """Only the newest method is worth a try."""
    told = [(at("04-05 15:20"), new_method("e1")), (at("04-05 15:20"), new_method("e2"))]
    life = live(a_case("expired_card"), answers=declines("expired_card"), told=told)

    assert ["04-05 15:20 m2-charge"] == life.charges


def test_a_method_that_changes_while_it_is_tried_is_tried_again() -> None:
    """The change that arrives during the charge is not lost."""
    case = news.payment_method_changed(
        a_case("expired_card"), events.PaymentMethodChanged(event_id="a"), at("04-02 12:00")
    )
    act = decide(case, at("04-02 12:00"))
    assert isinstance(act, Act)
    changed = news.payment_method_changed(case, events.PaymentMethodChanged(event_id="b"), at("04-02 12:01"))
    declined = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline("expired_card"))
    after = booked(changed, act.effects[0], declined, at("04-02 12:02"))

    assert "m2-charge" == key_of(decide(after, at("04-02 12:02")))


def test_do_not_honor_is_the_policys_choice() -> None:
    """Retried like any soft decline, or treated as a dead card."""
    soft = live(a_case(a_decline("do_not_honor")), answers=declines("do_not_honor"))
    hard = a_decline("do_not_honor", do_not_honor="new_method")

    assert 6 == len(soft.charges)
    assert [] == live(a_case(hard)).charges


def test_an_unknown_code_is_tried_twice_and_then_asks_for_another_method() -> None:
    """The safe default for a code that nobody has seen."""
    life = live(a_case("brand_new_code"), answers=declines("brand_new_code"))

    assert ["04-02 10:00 d01-charge", "04-04 10:00 d03-charge"] == life.charges
    assert [("ask-2", "the friendly e-mail on day 3 says it on the same day")] == [
        s for s in life.skips if "ask" in s[0]
    ]


def test_a_wait_that_the_network_asks_for_is_kept() -> None:
    """Advice 26 (wait two days) on day 1 moves the try of day 3 to the same hour two days on, not before."""
    answers = declines("generic_decline", network="mastercard", network_advice_code="26")
    life = live(
        a_case(opened="04-01 15:00"), answers=lambda c, a, n: answers(c, a, n) if a.step.key == "d01-charge" else None
    )
    waited = a_decline("generic_decline", at("04-02 10:00"), network="mastercard", network_advice_code="26")

    assert waited.not_before is not None
    assert all(moment >= waited.not_before for moment, act in life.acts if act.step.key == "d03-charge")


def test_a_wait_longer_than_the_timeline_leaves_out_the_tries_and_says_so() -> None:
    """No step vanishes silently, not even one that the network put off beyond the end."""
    far = of_class(DeclineClass.RETRY_LATER, not_before=at("06-15 10:00"))
    life = live(a_case(far))

    assert [] == life.charges
    assert Outcome.COLLECTIONS is life.outcome
    assert {f"d{day:02d}-charge" for day in (1, 3, 5, 7, 10, 14)} == {key for key, _ in life.skips}


def test_merchant_side_declines_wait_for_an_operator() -> None:
    """Nothing the customer could do: nothing is charged and nothing is sent until somebody looked."""
    life = live(a_case("duplicate_transaction"))

    assert [] == life.table
    assert isinstance(life.last, Wait)
    assert life.last.until is None

    mended = live(a_case("duplicate_transaction"), told=[(at("04-05 12:00"), resumed())])

    assert "04-06 10:00 d01-charge" == mended.table[0]
