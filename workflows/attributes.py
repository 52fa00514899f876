"""The registry of search attributes: code, set-up and tests read this one list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from domain.case import Case

STATUS = SearchAttributeKey.for_keyword("DunningStatus")
STAGE = SearchAttributeKey.for_keyword("DunningStage")
SEGMENT = SearchAttributeKey.for_keyword("DunningSegment")
POLICY = SearchAttributeKey.for_keyword("DunningPolicy")
DECLINE_CLASS = SearchAttributeKey.for_keyword("DunningDeclineClass")
CURRENCY = SearchAttributeKey.for_keyword("DunningCurrency")
CUSTOMER = SearchAttributeKey.for_keyword("DunningCustomer")
AMOUNT = SearchAttributeKey.for_int("DunningAmount")  # minor units still due
NEXT_STEP_AT = SearchAttributeKey.for_datetime("DunningNextStepAt")

ALL: tuple[SearchAttributeKey[Any], ...] = (
    STATUS,
    STAGE,
    SEGMENT,
    POLICY,
    DECLINE_CLASS,
    CURRENCY,
    CUSTOMER,
    AMOUNT,
    NEXT_STEP_AT,
)

_LONGEST_KEYWORD = 100  # letters; the merchant's own text, and Temporal's SQL stores take 255


def of_case(case: Case, next_at: datetime | None) -> TypedSearchAttributes:
    """What the case can be searched by now. No personal data: the customer is an opaque id."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(STATUS, case.status.value),
        SearchAttributePair(STAGE, case.stage),
        SearchAttributePair(SEGMENT, case.facts.segment[:_LONGEST_KEYWORD]),
        SearchAttributePair(POLICY, f"{case.policy.name}@{case.policy.version}"),
        SearchAttributePair(CURRENCY, case.due.currency),
        SearchAttributePair(CUSTOMER, case.facts.customer_id),
        SearchAttributePair(AMOUNT, case.due.amount),
    ]
    if case.decline_class:
        pairs.append(SearchAttributePair(DECLINE_CLASS, case.decline_class.value))
    if next_at:
        # Whole seconds: the server keeps no more, and equal values must compare equal.
        pairs.append(SearchAttributePair(NEXT_STEP_AT, next_at.replace(microsecond=0)))
    return TypedSearchAttributes(pairs)


def changes(before: TypedSearchAttributes, after: TypedSearchAttributes) -> Iterable[SearchAttributeUpdate[Any]]:
    """The updates that lead from one state to the other; empty when nothing changed, and then nothing is written."""
    for key in ALL:
        old, new = before.get(key), after.get(key)
        if old != new:
            yield key.value_set(new) if new is not None else key.value_unset()
