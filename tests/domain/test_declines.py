"""Every decline code means what the provider and the networks say, by the shipped table."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.declines import (
    CUSTOMER_MUST_ACT,
    OPERATOR_MUST_ACT,
    RETRYABLE,
    Decline,
    DeclineClass,
    DeclineTable,
    RawDecline,
    Reason,
    classify,
)
from gateways.rules import load_decline_table

TABLE: DeclineTable = load_decline_table(Path(__file__).parents[2] / "policies" / "rules")
AT = datetime(2026, 11, 23, 10, tzinfo=UTC)

NOW, LATER, DATA, METHOD, AUTH, NEVER, MERCHANT = (
    DeclineClass.RETRY_NOW,
    DeclineClass.RETRY_LATER,
    DeclineClass.FIX_DATA,
    DeclineClass.NEW_METHOD,
    DeclineClass.AUTHENTICATE,
    DeclineClass.NEVER,
    DeclineClass.MERCHANT,
)

# The provider's published decline codes (edition of 2026-04-15), the outcome reason and our own code.
DECLINE_CODES = {
    "approve_with_id": LATER,
    "authentication_not_handled": AUTH,
    "authentication_required": AUTH,
    "call_issuer": LATER,
    "card_not_supported": METHOD,
    "card_velocity_exceeded": LATER,
    "currency_not_supported": METHOD,
    "do_not_honor": LATER,
    "do_not_try_again": NEVER,
    "duplicate_transaction": MERCHANT,
    "expired_card": METHOD,
    "fraudulent": NEVER,
    "generic_decline": LATER,
    "highest_risk_level": NEVER,
    "incorrect_address": DATA,
    "incorrect_cvc": DATA,
    "incorrect_number": METHOD,
    "incorrect_pin": METHOD,
    "incorrect_zip": DATA,
    "insufficient_funds": LATER,
    "invalid_account": METHOD,
    "invalid_amount": MERCHANT,
    "invalid_cvc": DATA,
    "invalid_expiry_month": DATA,
    "invalid_expiry_year": DATA,
    "invalid_number": METHOD,
    "invalid_pin": METHOD,
    "issuer_not_available": NOW,
    "lost_card": NEVER,
    "merchant_blacklist": NEVER,
    "mobile_device_authentication_required": AUTH,
    "new_account_information_available": METHOD,
    "no_action_taken": LATER,
    "no_payment_method": METHOD,
    "not_permitted": METHOD,
    "offline_pin_required": METHOD,
    "online_or_offline_pin_required": METHOD,
    "pickup_card": NEVER,
    "pin_try_exceeded": METHOD,
    "processing_error": NOW,
    "reenter_transaction": NOW,
    "restricted_card": METHOD,
    "revocation_of_all_authorizations": NEVER,
    "revocation_of_authorization": NEVER,
    "security_violation": LATER,
    "service_not_allowed": METHOD,
    "stolen_card": NEVER,
    "stop_payment_order": NEVER,
    "testmode_decline": MERCHANT,
    "transaction_not_allowed": METHOD,
    "try_again_later": LATER,
    "withdrawal_count_limit_exceeded": LATER,
}
# Local payment methods and errors that come without a decline code.
ERROR_CODES = {
    "account_closed": METHOD,
    "account_verification": AUTH,
    "amount_too_large": METHOD,
    "amount_too_small": METHOD,
    "authentication_failure": AUTH,
    "bank_account_restricted": METHOD,
    "bank_cannot_process": METHOD,
    "billing_invalid_mandate": METHOD,
    "card_decline_rate_limit_exceeded": LATER,
    "charge_exceeds_source_limit": METHOD,
    "charge_exceeds_transaction_limit": METHOD,
    "compliance_violation": NEVER,
    "customer_deleted": NEVER,
    "debit_not_authorized": NEVER,
    "expired_payment_information": METHOD,
    "expired_payment_method": METHOD,
    "incorrect_account_details": METHOD,
    "india_recurring_payment_mandate_canceled": NEVER,
    "invalid_authorization": METHOD,
    "invalid_billing_agreement": METHOD,
    "invalid_business_account": MERCHANT,
    "invalid_customer_account": METHOD,
    "invalid_payment_information": METHOD,
    "invalid_source_usage": METHOD,
    "invoice_payment_intent_requires_action": AUTH,
    "no_account": METHOD,
    "not_chargeable": METHOD,
    "partner_generic_decline": LATER,
    "partner_high_risk_customer": NEVER,
    "partner_payment_not_found": MERCHANT,
    "payment_disputed": MERCHANT,
    "payment_intent_action_required": AUTH,
    "payment_intent_authentication_failure": AUTH,
    "payment_intent_incompatible_payment_method": METHOD,
    "payment_intent_mandate_invalid": METHOD,
    "payment_intent_payment_attempt_expired": METHOD,
    "payment_intent_payment_attempt_failed": METHOD,
    "payment_intent_unexpected_state": LATER,
    "payment_limit_exceeded": LATER,
    "payment_method_bank_account_blocked": METHOD,
    "payment_method_billing_details_address_missing": DATA,
    "payment_method_currency_mismatch": METHOD,
    "payment_method_customer_decline": METHOD,
    "payment_method_microdeposit_failed": METHOD,
    "payment_method_microdeposit_verification_attempts_exceeded": METHOD,
    "payment_method_microdeposit_verification_timeout": METHOD,
    "payment_method_not_available": LATER,
    "payment_method_provider_decline": LATER,
    "payment_method_provider_timeout": NOW,
    "payment_method_restricted": METHOD,
    "payment_method_unexpected_state": METHOD,
    "payment_method_unsupported_type": METHOD,
    "refer_to_customer": LATER,
}
ADVICE_CODES = {"confirm_card_data": DATA, "do_not_try_again": NEVER, "try_again_later": LATER}
VISA_NEVER = ("04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3")
MASKED = ("lost_card", "stolen_card", "fraudulent", "merchant_blacklist", "pickup_card")


def decline(**raw: str) -> Decline:
    return classify(RawDecline(**raw), TABLE, at=AT)


@pytest.mark.parametrize(("code", "expected"), DECLINE_CODES.items())
def test_a_decline_code_has_its_class(code: str, expected: DeclineClass) -> None:
    """By the provider's own next step for it."""
    found = decline(decline_code=code, error_code="card_declined")

    assert (expected, code, f"code-{code}@2026-11-26") == (found.decline_class, found.code, found.rule)


@pytest.mark.parametrize(("code", "expected"), ERROR_CODES.items())
def test_an_error_code_decides_where_there_is_no_decline_code(code: str, expected: DeclineClass) -> None:
    """Bank debits, mandates and authentication have no decline code."""
    assert expected == decline(error_code=code).decline_class


def test_the_table_has_no_code_that_these_tests_do_not_know() -> None:
    """A row is added together with what it is expected to mean."""
    assert set(TABLE.codes) == set(DECLINE_CODES) | set(ERROR_CODES)
    assert set(TABLE.advice) == set(ADVICE_CODES)


@pytest.mark.parametrize(("code", "expected"), ADVICE_CODES.items())
def test_advice_about_this_charge_overrides_the_code(code: str, expected: DeclineClass) -> None:
    """Whatever the decline code would have meant."""
    assert expected == decline(decline_code="processing_error", advice_code=code).decline_class
    assert expected == decline(decline_code="expired_card", advice_code=code).decline_class


@pytest.mark.parametrize("code", VISA_NEVER)
def test_visas_category_1_is_never_tried_again(code: str) -> None:
    """Each further try on that card costs a fee, even if the provider's code is as vague as it can be."""
    found = decline(network="visa", network_decline_code=code, decline_code="generic_decline")

    assert (NEVER, f"visa decline {code}") == (found.decline_class, found.code)


@pytest.mark.parametrize(
    ("code", "expected"), [("54", METHOD), ("55", METHOD), ("82", DATA), ("6P", DATA), ("N7", DATA), ("1A", AUTH)]
)
def test_visas_category_3_needs_other_data_first(code: str, expected: DeclineClass) -> None:
    """What has to change depends on the code."""
    assert expected == decline(network="visa", network_decline_code=code).decline_class


@pytest.mark.parametrize(
    ("code", "expected", "hours"),
    [
        ("01", METHOD, None),
        ("02", LATER, 72),
        ("03", NEVER, None),
        ("04", MERCHANT, None),
        ("21", NEVER, None),
        ("22", MERCHANT, None),
        ("24", LATER, 1),
        ("25", LATER, 24),
        ("26", LATER, 48),
        ("27", LATER, 96),
        ("28", LATER, 144),
        ("29", LATER, 192),
        ("30", LATER, 240),
        ("40", METHOD, None),
        ("41", METHOD, None),
    ],
)
def test_mastercards_advice_has_its_class_and_its_wait(code: str, expected: DeclineClass, hours: int | None) -> None:
    """The wait counts from the decline."""
    found = decline(network="mastercard", network_advice_code=code, decline_code="insufficient_funds")

    assert (expected, hours and AT + timedelta(hours=hours)) == (found.decline_class, found.not_before)


@pytest.mark.parametrize(("code", "expected"), [("46", NEVER), ("72", METHOD)])
def test_mastercards_own_response_codes(code: str, expected: DeclineClass) -> None:
    """An account that is closed for good, and one that is not activated yet."""
    assert expected == decline(network="mastercard", network_decline_code=code).decline_class


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (
            {"network_advice_code": "24", "network_decline_code": "46", "advice_code": "do_not_try_again"},
            "mastercard-advice-24",
        ),
        ({"network_decline_code": "46", "advice_code": "try_again_later"}, "mastercard-decline-46"),
        ({"advice_code": "confirm_card_data", "decline_code": "lost_card"}, "advice-confirm_card_data"),
        ({"decline_code": "lost_card", "error_code": "expired_card"}, "code-lost_card"),
        ({"decline_code": "brand_new", "error_code": "expired_card"}, "code-expired_card"),
        ({"advice_code": "brand_new", "decline_code": "lost_card"}, "code-lost_card"),
        ({"network_advice_code": "99", "decline_code": "lost_card"}, "code-lost_card"),
    ],
)
def test_the_more_binding_code_decides(raw: dict[str, str], rule: str) -> None:
    """The network, then advice, then the decline code, then the error code; an unknown one decides nothing."""
    assert f"{rule}@2026-11-26" == decline(network="mastercard", **raw).rule


def test_a_networks_code_means_nothing_on_another_network() -> None:
    """03 is a stop on Mastercard and an invalid merchant on Visa."""
    assert LATER == decline(network="visa", network_advice_code="03", decline_code="generic_decline").decline_class
    assert LATER == decline(network_advice_code="03", decline_code="generic_decline").decline_class


@pytest.mark.parametrize("raw", [{"decline_code": "brand_new"}, {"error_code": "brand_new"}, {}])
def test_an_unknown_code_is_tried_at_most_twice_more(raw: dict[str, str]) -> None:
    """It is no error, and it is named to the operator."""
    found = decline(**raw)

    assert (LATER, 2, raw.get("decline_code") or raw.get("error_code") or "unknown") == (
        found.decline_class,
        found.max_tries,
        found.code,
    )


@pytest.mark.parametrize(("code", "tries"), [("call_issuer", 2), ("security_violation", 1), ("generic_decline", None)])
def test_some_codes_have_tries_of_their_own(code: str, tries: int | None) -> None:
    """After them the code counts as new_method."""
    assert tries == decline(decline_code=code).max_tries


@pytest.mark.parametrize("switch", [LATER, METHOD])
def test_do_not_honor_is_the_policys_switch(switch: DeclineClass) -> None:
    """On that code alone."""
    found = [
        classify(RawDecline(decline_code=code), TABLE, at=AT, do_not_honor=switch).decline_class
        for code in ("do_not_honor", "generic_decline")
    ]

    assert [switch, LATER] == found


@pytest.mark.parametrize("code", MASKED)
@pytest.mark.parametrize("network_code", [None, "41", "43", "04", "07"])
def test_a_masked_cause_has_no_word_of_its_own(code: str, network_code: str | None) -> None:
    """The customer never reads that a card is lost, stolen, blocked or suspected."""
    found = classify(
        RawDecline(decline_code=code, network="visa", network_decline_code=network_code, network_advice_code="03"),
        TABLE,
        at=AT,
    )

    assert (NEVER, Reason.DECLINED) == (found.decline_class, found.reason)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("insufficient_funds", Reason.INSUFFICIENT_FUNDS),
        ("expired_card", Reason.EXPIRED_CARD),
        ("incorrect_cvc", Reason.WRONG_CARD_DATA),
        ("authentication_required", Reason.AUTHENTICATION),
        ("card_not_supported", Reason.CARD_NOT_USABLE),
        ("issuer_not_available", Reason.BANK_UNAVAILABLE),
        ("no_payment_method", Reason.NO_PAYMENT_METHOD),
        ("do_not_honor", Reason.DECLINED),
        ("brand_new", Reason.DECLINED),
    ],
)
def test_a_cause_is_told_in_the_customers_words(code: str, reason: Reason) -> None:
    """Where the code tells one."""
    assert reason == decline(decline_code=code).reason


def test_the_cause_stays_when_the_network_only_asks_to_wait() -> None:
    """Mastercard's 26 says when; insufficient_funds still says why, and paydays follow from that."""
    found = decline(network="mastercard", network_advice_code="26", decline_code="insufficient_funds")

    assert (Reason.INSUFFICIENT_FUNDS, AT + timedelta(hours=48)) == (found.reason, found.not_before)


@pytest.mark.parametrize(
    ("status", "reached"), [("not_sent_to_network", False), ("declined_by_network", True), (None, True)]
)
def test_a_charge_blocked_by_the_provider_did_not_reach_the_network(status: str | None, reached: bool) -> None:
    """It uses up no network's budget."""
    found = classify(RawDecline(decline_code="generic_decline", network_status=status), TABLE, at=AT)

    assert reached == found.reached_network


CODE = st.one_of(st.none(), st.sampled_from([*DECLINE_CODES, *ERROR_CODES, *VISA_NEVER, "03"]), st.text(max_size=8))


@given(
    raw=st.builds(
        RawDecline,
        decline_code=CODE,
        error_code=CODE,
        advice_code=st.one_of(st.none(), st.sampled_from([*ADVICE_CODES]), st.text(max_size=8)),
        network_advice_code=CODE,
        network_decline_code=CODE,
        network=st.sampled_from([None, "visa", "mastercard", "amex", "unknown"]),
    )
)
def test_whatever_comes_is_classified_and_kept(raw: RawDecline) -> None:
    """No answer of a bank is an error, and the raw codes are kept as they came."""
    found = classify(raw, TABLE, at=AT)

    assert raw == found.raw
    assert found.not_before is None or found.not_before > AT
    if raw.decline_code in MASKED and raw.advice_code not in ADVICE_CODES and raw.network not in ("visa", "mastercard"):
        assert (NEVER, Reason.DECLINED) == (found.decline_class, found.reason)


def test_every_class_says_who_has_to_act() -> None:
    """The bank, the customer or an operator, and exactly one of them."""
    parts = [RETRYABLE, CUSTOMER_MUST_ACT, OPERATOR_MUST_ACT]

    assert set(DeclineClass) == set().union(*parts)
    assert len(DeclineClass) == sum(map(len, parts))
