"""The audit finds every broken promise: each test breaks one in a journal and sees only that count rise."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.play.case_history import Effect, OrderGiven
from tests.sandbox.play.journals import (
    FINALIZED,
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
    end,
    sms,
    tried,
)


def test_a_case_that_keeps_every_promise_is_clean() -> None:
    happened = [FINALIZED, charge("failed"), email(), charge("succeeded", 2, "ch_2"), PAID]

    assert {} == counts(happened, [tried(1, MORNING), contact(), tried(2, MORNING)], "recovered")


def test_two_successful_charges_are_double() -> None:
    happened = [charge("succeeded"), charge("succeeded", 2, "ch_2")]

    assert {"double_charges": 1} == counts(happened)


def test_two_charges_under_one_key_are_double() -> None:
    happened = [charge("failed"), charge("failed", 1, "ch_2")]

    assert {"double_charges": 1} == counts(happened)


def test_a_debit_that_is_confirmed_later_is_one_charge() -> None:
    happened = [FINALIZED, charge("processing"), charge("succeeded", None, "ch_1"), PAID]

    assert {} == counts(happened)


def test_taking_more_than_the_invoice_is_double() -> None:
    happened = [FINALIZED, charge("succeeded", None, "ch_1"), charge("succeeded", 1, "ch_2")]

    assert {"double_charges": 1} == counts(happened)


@pytest.mark.parametrize(
    "ending",
    [
        PAID,
        ("stripe", "invoice.paid_out_of_band", None, {}),
        ("stripe", "invoice.voided", None, {}),
        ("stripe", "invoice.marked_uncollectible", None, {}),
        did("operator_settles"),
        did("operator_writes_off"),
    ],
)
def test_a_charge_and_a_message_after_the_end(ending: Happened) -> None:
    happened = [ending, charge("failed"), email()]

    assert {"charges_after_end": 1, "contacts_after_payment": 1} == counts(happened, [contact()])


@pytest.mark.parametrize(
    ("begins", "ends"), [("dispute.opened", "dispute.closed"), ("operator_pauses", "operator_resumes")]
)
def test_a_charge_and_a_message_during_a_hold(begins: str, ends: str) -> None:
    happened = [did(begins), charge("failed"), email(), did(ends), charge("failed", 2, "ch_2")]

    assert {"charges_on_hold": 1, "contacts_on_hold": 1} == counts(happened, [contact()])


def test_a_charge_when_only_one_of_two_disputes_is_over() -> None:
    first, second = ("customer", "dispute.opened", None, {"dispute": "dp_1"}), did("dispute.opened")
    over: Happened = ("customer", "dispute.closed", None, {"dispute": "dp_1"})

    assert {"charges_on_hold": 1} == counts([first, second, over, charge("failed")])


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2030, 4, 4, 1, 59, tzinfo=UTC),  # 08:59 in Bangkok
        datetime(2030, 4, 4, 13, 0, tzinfo=UTC),  # 20:00
        datetime(2030, 4, 7, 3, 0, tzinfo=UTC),  # a Sunday
        datetime(2030, 4, 15, 3, 0, tzinfo=UTC),  # Songkran
    ],
)
def test_a_message_out_of_hours(moment: datetime) -> None:
    assert {"contacts_out_of_hours": 1} == counts([email()], [contact(at=moment)])


def test_a_message_that_begins_in_time_and_ends_too_late() -> None:
    late = Effect(
        1,
        "contact",
        "d03-remind-email-friendly",
        began=datetime(2030, 4, 4, 12, 59, tzinfo=UTC),
        handed_out=datetime(2030, 4, 4, 13, 9, tzinfo=UTC),
        channel="email",
    )

    assert {"contacts_out_of_hours": 1} == counts([email()], [late])


def test_a_message_is_judged_by_the_effect_that_sent_it_and_not_by_one_that_came_too_late() -> None:
    """Temporal was away: a first effect was handed out at night, and did nothing."""
    night, morning = datetime(2030, 4, 3, 18, 0, tzinfo=UTC), MORNING
    tries = [contact(at=night), contact(at=morning)]

    assert {} == counts([email()], tries, seen_at={1: morning + timedelta(minutes=1)})
    assert {"contacts_out_of_hours": 1} == counts([email()], tries, seen_at={1: night + timedelta(minutes=1)})


def test_an_sms_after_the_customer_opted_out() -> None:
    assert {"contacts_after_opt_out": 1} == counts([did("opts_out"), sms("s")], [contact("s", "sms")])


def test_an_e_mail_after_the_customer_unsubscribed() -> None:
    assert {"contacts_after_opt_out": 1} == counts([did("unsubscribes"), email()], [contact()])


def test_the_same_message_twice() -> None:
    assert {"messages_twice": 1} == counts([email(), email()], [contact()])


def test_a_message_that_no_case_asked_for() -> None:
    assert {"unexplained_messages": 1} == counts([email()])


@pytest.mark.parametrize("word", ["stolen", "LOST", "fraudulent", "บัตรถูกขโมย"])
def test_a_word_that_must_not_be_said(word: str) -> None:
    assert {"masked_words": 1} == counts([email(text=f"{THAI} {word}")], [contact()])


def test_a_word_that_only_looks_like_it() -> None:
    assert {} == counts([email(text=f"{THAI} Lostwithiel")], [contact()])


def test_a_message_in_the_wrong_language() -> None:
    assert {"wrong_language": 1} == counts([email(text="Please pay your invoice")], [contact()])


@pytest.mark.parametrize(
    ("reads", "text"),
    [
        ("de", "Ihre Rechnung ist offen"),
        ("es", "Su factura está pendiente"),
        ("fr", "Votre facture reste à régler"),
        ("ja", "お支払いをお願いします"),
        ("pt", "Sua fatura está em aberto"),
        ("en", "Your invoice is unpaid"),
    ],
)
def test_each_language_is_told_from_the_others(reads: str, text: str) -> None:
    """A link in it says `invoice` in English."""
    message = email(text=f"{text} https://pay.example/invoice/1")

    assert {} == counts([message], [contact()], reads=reads)
    assert {"wrong_language": 1} == counts([message], [contact()])


def test_the_end_without_a_final_notice() -> None:
    assert {"short_notice": 1} == counts([], [end(MORNING)])


@pytest.mark.parametrize(("days", "expected"), [(6, {"short_notice": 1}), (7, {})])
def test_the_end_days_after_the_final_notice(days: int, expected: dict[str, int]) -> None:
    """Counted in the customer's own days; the day of the notice is day 0."""
    final = contact("d21-remind-email-final", stage="final")

    assert expected == counts([email("d21-remind-email-final")], [final, end(MORNING + timedelta(days=days))])


def test_a_final_notice_that_was_never_sent_is_none() -> None:
    final = contact("d21-remind-email-final", stage="final")

    assert {"short_notice": 1} == counts([], [final, end(MORNING + timedelta(days=7))])


@pytest.mark.parametrize("status", ["bounce", "dropped"])
def test_a_final_notice_that_did_not_arrive_is_none(status: str) -> None:
    """Unless a human was asked, and said that the customer knows."""
    provider, kind, key, data = email("d21-remind-email-final")
    final = contact("d21-remind-email-final", stage="final")
    known: dict[str, Any] = {"effects": [final, end(MORNING + timedelta(days=12))]}
    resumed = OrderGiven(5, "resume", MORNING + timedelta(days=11))

    assert {"short_notice": 1} == counts([(provider, kind, key, data | {"status": status})], **known)
    assert {} == counts([(provider, kind, key, data | {"status": status})], orders=[resumed], **known)


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        ("delivered", "NB-1 NB-2", {}),
        ("bounce", "NB-1 NB-2", {"short_notice": 1}),
        ("delivered", "NB-2", {"short_notice": 1}),
    ],
)
def test_a_final_notice_of_two_invoices(status: str, text: str, expected: dict[str, int]) -> None:
    """Decision 0029: said with the other one's, as far as that arrived and names both."""
    step = "d21-remind-email-final"
    provider, kind, key, data = about(email(step), SECOND)
    final = contact(step, stage="final")
    said = contact(step, stage="final", said_with=SECOND)

    assert expected == counts(
        [(provider, kind, key, data | {"status": status})],
        [said, end(MORNING + timedelta(days=7))],
        second=[final],
        mails={key or "": f"{THAI} {text}"},
        number="NB-1",
    )


@pytest.mark.parametrize(("before", "expected"), [(19, {}), (20, {"ceilings_exceeded": 1})])
def test_a_card_that_is_tried_too_often(before: int, expected: dict[str, int]) -> None:
    """The customer's own tries count, ours must not be the one too many."""
    own = [charge("failed", None, f"ch_{number}") for number in range(before)]
    seen_at = dict.fromkeys(range(1, before + 1), MORNING)
    happened = [*own, charge("failed", 1, "ch_ours")]

    assert expected == counts(happened, [tried(1, MORNING + timedelta(days=1))], seen_at=seen_at)


@pytest.mark.parametrize("outcome", ["recovered", "settled", "written_off"])
def test_a_customer_who_paid_or_is_given_up_and_is_still_restricted(outcome: str) -> None:
    happened = [email(), ("merchant", "service.restricted", None, {}), PAID]

    assert {"service_not_restored": 1} == counts(happened, [contact()], outcome=outcome)


def test_a_customer_who_paid_and_is_restored() -> None:
    happened: list[Happened] = [
        email(),
        ("merchant", "service.restricted", None, {}),
        PAID,
        ("merchant", "service.restored", None, {}),
    ]

    assert {} == counts(happened, [contact()], outcome="recovered")
