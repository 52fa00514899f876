"""What a card or a bank account was charged before, and the charge that is asked about: what ceilings are judged by."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.base import Frozen
from domain.case import Case, ChargeOutcome, Limit
from domain.gates import Allow, Answer, Refuse
from domain.invoice import NO_METHOD, RAILS
from domain.money import Money

_NOT_CHARGED = (ChargeOutcome.NOT_OPEN, ChargeOutcome.REFUSED, ChargeOutcome.KEY_SPENT)


class MethodUse(Frozen):
    """One charge on a card or a bank account that reached its network, across all invoices."""

    at: datetime
    amount: Money
    outcome: ChargeOutcome
    invoice_id: str = ""
    code: str | None = None  # of what came back: "R01", "insufficient_funds"

    @property
    def failed(self) -> bool:
        """Whether it was declined or returned, or may be yet: what is not known counts."""
        return self.outcome is not ChargeOutcome.PAID and self.outcome not in _NOT_CHARGED


class NextCharge(Frozen):
    """One more charge, before it is made."""

    invoice_id: str
    amount: Money
    at: datetime
    network: str | None  # card brand or `Rail`
    fingerprint: str | None = None  # of the card or account; None: it is only known within its invoice
    country: str | None = None  # ISO 3166-1 alpha-2, where the card was issued

    @property
    def of_card(self) -> bool:
        return self.network is not None and self.network not in RAILS


class NetworkRules(Protocol):
    """The dated ceilings of card networks and of rails (networks.yaml and rails.yaml in policies/rules)."""

    def window(self, charge: NextCharge) -> timedelta:
        """How far from the charge the uses are that count."""

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:
        """Whether one more charge may be made. `uses` are its card's or account's within `window`, oldest first."""


def limit_of(
    case: Case, at: datetime, rules: NetworkRules, uses: Callable[[NextCharge, timedelta], Sequence[MethodUse]]
) -> Limit | None:
    """What stands in the way of a charge of the method on file, as far as the case knows it; None: nothing."""
    method = case.invoice.method
    if case.closing or method is None or method == NO_METHOD or method.network is None:
        return None
    charge = NextCharge(
        invoice_id=case.facts.invoice_id,
        amount=case.due,
        at=at,
        network=method.network,
        fingerprint=method.fingerprint,
        country=method.country,
    )
    answer = rules.ask(charge, uses(charge, rules.window(charge)))
    if isinstance(answer, Allow):
        return None
    return Limit(answer=answer, spent=isinstance(answer, Refuse) and method.network in RAILS)
