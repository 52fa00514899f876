"""Who owes nothing more has the whole service: counted from what the merchant's application was told last."""

from collections.abc import Iterator

from domain.case import Outcome
from sandbox.providers.journal import LogEntry
from tests.lives.lived import Lived
from tests.lives.temporal import Held

_SERVICE = frozenset({"service.restricted", "service.restored"})
_OWES_NOTHING = frozenset({Outcome.RECOVERED, Outcome.SETTLED})


def access_holds(lived: Lived) -> Iterator[str]:
    """i. What was taken away is given back once every case of the subscription has brought its money or was settled;
    of one that has ended there is nothing to give."""
    last: dict[tuple[str, str | None], LogEntry] = {}
    for entry in lived.world.log:
        if entry.kind in _SERVICE:
            last[str(entry.data["customer"]), entry.data["subscription"]] = entry
    for (customer, subscription), entry in last.items():
        cases = [held for held in lived.cases.values() if _is_of(held, customer, subscription)]
        if entry.kind == "service.restored" or not all(map(_owes_nothing, cases)) or _is_over(lived, subscription):
            continue
        yield f"{customer} {subscription}: {entry.data['level']} since {entry.at:%m-%d %H:%M}, and nothing is owed"


def _is_of(held: Held, customer: str, subscription: str | None) -> bool:
    facts = held.case.facts
    return (facts.customer_id, facts.subscription_id) == (customer, subscription)


def _owes_nothing(held: Held) -> bool:
    closing = held.case.closing
    return held.closed_at is not None and closing is not None and closing.outcome in _OWES_NOTHING


def _is_over(lived: Lived, subscription: str | None) -> bool:
    return subscription is not None and lived.world.stripe.get(subscription)["status"] == "canceled"
