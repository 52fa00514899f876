"""The card networks' ceilings: how many declined charges one card may have, over all invoices, and after which answer
it may have no other one."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pydantic import Field

from domain.base import Frozen
from domain.case import ChargeOutcome
from domain.gates import ALLOW, Answer, Postpone, Refuse, strictest
from domain.invoice import Network
from domain.money import Money
from domain.rules.origin import Origin
from domain.rules.uses import MethodUse, NextCharge, is_refused_for_good

_CLOCKS = timedelta(hours=1, minutes=1)
"""By how much the moment that the network counts may differ from ours: a charge is tried for up to an hour after it was
decided, and clocks differ."""
_FURTHEST = timedelta(days=181)
"""How far back the ledger looks: past the longest window of a ceiling, and for an answer that binds for good past the
longest case."""
_FOR_GOOD = "card-refused-for-good"


class Ceiling(Frozen):
    """At most `limit` declined charges on one card within the window before one more."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    limit: int = Field(ge=1)
    window_hours: int = Field(ge=1, le=31 * 24)
    same_amount: bool  # only charges of the same amount and currency count
    approval_resets: bool  # an approved charge sets the count back to nothing
    origin: Origin

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.window_hours) + _CLOCKS

    @property
    def rule(self) -> str:
        return f"{self.id}@{self.origin.edition.isoformat()}"

    def counted(self, uses: Sequence[MethodUse], amount: Money, at: datetime) -> list[datetime]:
        """When the charges were made that count against one more at `at`, oldest first.

        Also those of up to a window later: a charge that was delayed on its way still shares a window with them.
        """
        near = sorted((use for use in uses if abs(use.at - at) < self.window), key=lambda use: use.at)
        if self.same_amount:
            near = [use for use in near if use.amount == amount]
        if self.approval_resets:
            approved = max((use.at for use in near if use.outcome is ChargeOutcome.PAID), default=None)
            near = [use for use in near if approved is None or use.at >= approved]
        return [use.at for use in near if use.failed]

    def ask(self, network: str, uses: Sequence[MethodUse], amount: Money, at: datetime) -> Answer:
        """Whether there is room for one more charge at `at`, and if not, from when on."""
        counted = self.counted(uses, amount, at)
        if len(counted) < self.limit:
            return ALLOW
        days, hours = divmod(self.window_hours, 24)
        span = f"{self.window_hours} hours" if hours or days == 1 else f"{days} days"
        what = f"{self.limit} declined charges{' of the same amount' if self.same_amount else ''}"
        return Postpone(
            # The first moment at which so many have left the window that there is room for one.
            until=counted[len(counted) - self.limit] + self.window,
            why=f"The card has had {len(counted)} of the {what} that {network} allows within {span}.",
            rule=self.rule,
        )


class CeilingTable(Frozen):
    """`networks.yaml`: the ceilings by card brand; `other` is for every card brand without rows of its own."""

    edition: date
    networks: dict[Network, tuple[Ceiling, ...]]
    other: tuple[Ceiling, ...] = Field(min_length=1)

    def window(self, charge: NextCharge) -> timedelta:
        return _FURTHEST if charge.of_card else timedelta(0)

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:
        """The postponement that lasts longest, or allow; a refusal after an answer that binds for good. What is no card
        has no card network's ceiling."""
        if charge.network is None or not charge.of_card:
            return ALLOW
        if is_refused_for_good(charge, uses):
            # Of this invoice the case knows it already: here it was the answer to another one, or came meanwhile.
            why = "the bank has refused this card for good: no other charge is tried on it, for any invoice"
            return Refuse(why=why, rule=f"{_FOR_GOOD}@{self.edition.isoformat()}")
        ceilings = self.networks.get(charge.network, self.other)
        return strictest(ceiling.ask(charge.network, uses, charge.amount, charge.at) for ceiling in ceilings)
