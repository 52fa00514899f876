"""What a card or a bank account was charged before, and the charge that is asked about: what ceilings are judged by."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.base import Frozen
from domain.case import Case, ChargeOutcome, Limit
from domain.gates import Allow, Answer, Refuse
from domain.invoice import NO_METHOD, RAILS
from domain.money import Money

_ANSWERS = (ChargeOutcome.PAID, ChargeOutcome.DECLINED)
_NOT_CHARGED = (ChargeOutcome.NOT_OPEN, ChargeOutcome.REFUSED, ChargeOutcome.KEY_SPENT)


class MethodUse(Frozen):
    """One charge on a card or a bank account that reached its network, across all invoices."""

    at: datetime
    amount: Money
    outcome: ChargeOutcome
    invoice_id: str = ""
    code: str | None = None  # of what came back: "R01", "insufficient_funds"
    final: bool = False  # the answer was that it is never to be tried again
    expiry: str | None = None  # of the card that was declined, as far as it is known

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
    expiry: str | None = None  # of the card: "12/2031"

    @property
    def of_card(self) -> bool:
        return self.network is not None and self.network not in RAILS


class NetworkRules(Protocol):
    """The dated ceilings of card networks and of rails (networks.yaml and rails.yaml in policies/rules)."""

    def window(self, charge: NextCharge) -> timedelta:
        """How far from the charge the uses are that count."""

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:
        """Whether one more charge may be made. `uses` are its card's or account's within `window`, oldest first."""


def is_refused_for_good(charge: NextCharge, uses: Sequence[MethodUse]) -> bool:
    """Whether the newest answer to the card, on whichever invoice, was that it is never to be tried again.

    A payment that goes through is a newer answer, and so is a decline for another reason. With a new expiry it is
    another card.
    """
    answers = [use for use in uses if use.outcome in _ANSWERS and _is_of_card(charge, use)]
    newest = max((use.at for use in answers), default=None)
    return charge.of_card and any(use.final for use in answers if use.at == newest)


def _is_of_card(charge: NextCharge, use: MethodUse) -> bool:
    return charge.expiry is None or use.expiry is None or charge.expiry == use.expiry


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
        expiry=method.expiry,
    )
    used = uses(charge, rules.window(charge))
    answer = rules.ask(charge, used)
    if isinstance(answer, Allow):
        return None
    spent = method.network in RAILS or is_refused_for_good(charge, used)
    return Limit(answer=answer, spent=isinstance(answer, Refuse) and spent)
