"""Access follows the end: nobody stays limited while billing goes on (R40)."""

import pytest

from domain import events, orders
from domain.case import Case, Outcome
from domain.invoice import InvoiceNow, SubscriptionState
from domain.kinds.access import AccessStep
from domain.policy import Policy
from tests.domain.builders import PLAIN, Event, a_case, a_policy, at, live, usd

_LAST = PLAIN.timeline[-1]
# As the standard policy, but the subscription goes on after the end.
GOES_ON = PLAIN.model_copy(
    update={"timeline": (*PLAIN.timeline[:-1], _LAST.model_copy(update={"do": _LAST.do[1:]}))},
)
KEEPS = GOES_ON.model_copy(update={"endgame": GOES_ON.endgame.model_copy(update={"restore": False})})


def written_off(case: Case, now: object) -> Case:
    return orders.write_off(case, events.WriteOff(), at("04-15 12:00"))


def settled(case: Case, now: object) -> Case:
    return orders.settle(case, events.Settle(amount=usd("40")), at("04-15 12:00"))


def accesses(policy: Policy, *told: Event, due: str = "100", **case: object) -> list[str]:
    """What happens to the access, and the outcome."""
    known = a_case(policy=policy, due=usd(due)).but(**case)
    life = live(known, told=[(at("04-15 12:00"), event) for event in told])
    return [*(line.split()[-1] for line in life.of(AccessStep)), life.outcome or ""]


@pytest.mark.parametrize("due", ["100", "20"])
def test_who_is_given_up_gets_the_service_back_while_the_subscription_goes_on(due: str) -> None:
    """With an agency, whose time is over, and without one."""
    outcome = Outcome.COLLECTIONS if due == "100" else Outcome.WRITTEN_OFF

    assert ["d10-restrict-read_only", "end-restore", outcome] == accesses(GOES_ON, due=due)


@pytest.mark.parametrize("end", [written_off, settled])
def test_an_operator_who_gives_up_gives_the_service_back(end: Event) -> None:
    """Settled in part, or written off."""
    assert ["d10-restrict-read_only", "end-restore"] == accesses(PLAIN, end)[:2]


def test_a_policy_may_keep_the_service_limited_after_giving_up() -> None:
    """Who owes nothing any more gets it back all the same."""
    assert ["d10-restrict-read_only", Outcome.WRITTEN_OFF] == accesses(KEEPS, written_off)
    assert ["d10-restrict-read_only", "end-restore", Outcome.SETTLED] == accesses(KEEPS, settled)


def test_a_subscription_that_the_case_cancelled_is_not_restored() -> None:
    """There is no service to give back."""
    assert ["d10-restrict-read_only", Outcome.WRITTEN_OFF] == accesses(PLAIN, due="20")


def test_a_subscription_that_somebody_else_ended_is_not_restored() -> None:
    """The customer, or somebody in the provider's dashboard."""

    def ended(case: Case, now: object) -> Case:
        return case.but(invoice=InvoiceNow(subscription=SubscriptionState.ENDED))

    assert ["d10-restrict-read_only", Outcome.WRITTEN_OFF] == accesses(GOES_ON, ended, due="20")


def test_a_policy_says_so_by_a_word() -> None:
    """endgame.restore, true where nothing is said."""
    assert a_policy().endgame.restore
    assert not a_policy(endgame={"restore": False}).endgame.restore
