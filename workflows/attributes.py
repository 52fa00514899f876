"""The registry of search attributes: code, set-up and tests read this one list."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from temporalio.common import (
    SearchAttributeIndexedValueType,
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)

STATUS = SearchAttributeKey.for_keyword("DunningStatus")
NEXT_STEP_AT = SearchAttributeKey.for_datetime("DunningNextStepAt")

BY_NAME: dict[str, SearchAttributeKey[Any]] = {
    "status": STATUS,
    "stage": SearchAttributeKey.for_keyword("DunningStage"),
    "segment": SearchAttributeKey.for_keyword("DunningSegment"),
    "policy": SearchAttributeKey.for_keyword("DunningPolicy"),
    "decline_class": SearchAttributeKey.for_keyword("DunningDeclineClass"),
    "hold": SearchAttributeKey.for_keyword_list("DunningHold"),
    "outcome": SearchAttributeKey.for_keyword("DunningOutcome"),
    "currency": SearchAttributeKey.for_keyword("DunningCurrency"),
    "customer": SearchAttributeKey.for_keyword("DunningCustomer"),
    "amount": SearchAttributeKey.for_int("DunningAmount"),  # minor units still due
    "next_step_at": NEXT_STEP_AT,
}
"""By the short names that a decision uses (`domain.projection.searchable`).

A name that decisions once used stays here: a replay has to write what the first run wrote.
"""

ALL: tuple[SearchAttributeKey[Any], ...] = tuple(BY_NAME.values())

Searchable = Mapping[str, str | int]


def initial(values: Searchable) -> TypedSearchAttributes:
    """What a case is started with."""
    return TypedSearchAttributes([SearchAttributePair(BY_NAME[n], _typed(BY_NAME[n], v)) for n, v in values.items()])


def changes(before: Searchable, after: Searchable) -> Iterable[SearchAttributeUpdate[Any]]:
    """The updates that lead from one decision's values to the next one's; empty when nothing changed.

    Both stand in the history, so a replay comes to the same updates, whatever today's release makes searchable.
    """
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            key = BY_NAME[name]
            yield key.value_set(_typed(key, new)) if new is not None else key.value_unset()


def _typed(key: SearchAttributeKey[Any], value: str | int) -> Any:
    if key.indexed_value_type is SearchAttributeIndexedValueType.KEYWORD_LIST:
        return str(value).split()
    return datetime.fromtimestamp(int(value), UTC) if key.origin_value_type is datetime else value
