"""How much of the service all cases of one subscription would leave: the strictest wish of those that are open."""

from itertools import product

import pytest

from domain.case import Outcome
from domain.kinds.access import AccessWish, Standing, strictest
from domain.steps import Access
from gateways.ledger.sql_ledger import SqlLedger
from tests.gateways.ledger.builders import DAY, NOW, RACERS, close, open_case, race

FULL, READ_ONLY, BLOCKED = Access


def a_wish(access: Access, invoice_id: str = "in_1", **fields: object) -> AccessWish:
    given = {"invoice_id": invoice_id, "customer_id": "cus_1", "subscription_id": "sub_1", "access": access}
    return AccessWish.model_validate(given | {"as_of": NOW} | fields)


@pytest.mark.parametrize("wishes", list(product(Access, repeat=2)))
def test_the_strictest_wish_holds(wishes: tuple[Access, Access]) -> None:
    """Whichever comes first."""
    assert strictest(wishes) == strictest(reversed(wishes))
    assert strictest(wishes) is max(wishes, key=[FULL, READ_ONLY, BLOCKED].index)
    assert strictest(()) is FULL


def test_two_invoices_have_what_the_strictest_leaves(ledger: SqlLedger) -> None:
    """The one that is paid first restores nothing; the last one does."""
    open_case(ledger, "in_2")
    first = [ledger.wish_access(a_wish(BLOCKED)), ledger.wish_access(a_wish(READ_ONLY, "in_2"))]
    then = [ledger.wish_access(a_wish(FULL, as_of=NOW + DAY)), ledger.wish_access(a_wish(FULL, "in_2"))]

    assert [BLOCKED, BLOCKED, READ_ONLY, FULL] == [standing.access for standing in first + then]
    assert [1, 2, 3, 4] == [standing.changes for standing in first + then]
    assert then[-1] == ledger.access_of("cus_1", "sub_1")


def test_the_same_wish_again_changes_nothing(ledger: SqlLedger) -> None:
    """An activity that runs twice."""
    assert [Standing(access=BLOCKED, changes=1)] * 2 == [ledger.wish_access(a_wish(BLOCKED)) for _ in range(2)]


def test_an_older_wish_never_replaces_a_newer_one(ledger: SqlLedger) -> None:
    """A worker that was away for an hour restricts what was restored meanwhile: its word is late."""
    ledger.wish_access(a_wish(FULL, as_of=NOW + DAY))

    assert FULL is ledger.wish_access(a_wish(BLOCKED)).access


@pytest.mark.parametrize("scope", [{"subscription_id": "sub_2"}, {"subscription_id": None}, {"customer_id": "cus_2"}])
def test_other_subscriptions_and_customers_have_an_access_of_their_own(
    ledger: SqlLedger, scope: dict[str, str | None]
) -> None:
    """An invoice that is for no subscription concerns the customer, and no subscription."""
    open_case(ledger, "in_2", customer_id=scope.get("customer_id") or "cus_1")
    other = a_wish(BLOCKED, "in_2").model_copy(update=scope)
    ledger.wish_access(other)

    assert FULL is ledger.access_of("cus_1", "sub_1").access
    assert BLOCKED is ledger.access_of(other.customer_id, other.subscription_id).access


def test_a_closed_case_restricts_no_more(ledger: SqlLedger) -> None:
    """Its subscription was cancelled, or its policy keeps the restriction: what is paid later goes by what is open."""
    open_case(ledger, "in_2")
    ledger.wish_access(a_wish(BLOCKED))
    ledger.wish_access(a_wish(READ_ONLY, "in_2"))
    close(ledger, Outcome.WRITTEN_OFF)

    assert READ_ONLY is ledger.access_of("cus_1", "sub_1").access


def test_workers_that_race_see_each_others_wishes(ledger: SqlLedger) -> None:
    """Every change is counted, and whoever comes last restores: nobody read before another one wrote."""
    for number in range(RACERS):
        open_case(ledger, f"in_race_{number}")
        ledger.wish_access(a_wish(BLOCKED, f"in_race_{number}"))
    standings = race(lambda number: ledger.wish_access(a_wish(FULL, f"in_race_{number}", as_of=NOW + DAY)))

    assert [*range(RACERS + 1, 2 * RACERS + 1)] == sorted(standing.changes for standing in standings)
    assert [FULL] == [standing.access for standing in standings if standing.changes == 2 * RACERS]
    assert RACERS - 1 == sum(standing.access is BLOCKED for standing in standings)
