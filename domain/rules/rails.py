"""The ceilings of rails: how often a bank account may be debited again, after which returns, and how soon."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pydantic import Field

from domain.base import Frozen
from domain.case import ChargeOutcome
from domain.codes import Country
from domain.gates import ALLOW, Answer, Postpone, Refuse
from domain.invoice import RAILS, Rail
from domain.rules.origin import Origin
from domain.rules.uses import MethodUse, NextCharge

_WINDOW = timedelta(days=400)
"""How far back the ledger looks: past the longest period of any rail, and a year of a yearly invoice."""
_ANSWERED = timedelta(days=14)
"""Within how long a bank answers; what is not known by then counts as returned."""


class RailRule(Frozen):
    """One row: what may be tried again on an account, or on a card where a mandate needs its holder to be told."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    name: str  # as operators read it: "ACH"
    debits: int = Field(ge=1)  # of one invoice, the first one included; and returned ones in a row, over all invoices
    within_days: int = Field(ge=1, le=366)  # from the invoice's first debit on
    apart_days: int = Field(ge=0)  # between two debits of one account
    again_after: tuple[str, ...] = ()  # the only answers after which there may be another debit
    origin: Origin

    @property
    def rule(self) -> str:
        return f"{self.id}@{self.origin.edition.isoformat()}"

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:
        """Refuses what the rail never allows, and postpones what is only too soon."""
        failed = _since_paid(uses)
        own = [use.at for use in uses if use.invoice_id == charge.invoice_id and use.failed]
        known = [use for use in failed if use.outcome is ChargeOutcome.DECLINED or charge.at - use.at >= _ANSWERED]
        if why := self._returned(known) or self._used_up(own, charge.at):
            return Refuse(why=why, rule=self.rule)
        if len(failed) >= self.debits:
            until = min(use.at for use in failed if use not in known) + _ANSWERED
            why = "the bank's answer to another debit of the account comes first"
        else:
            until = max((use.at for use in failed), default=charge.at) + timedelta(days=self.apart_days)
            why = f"{self.apart_days} days lie between two debits of one account by {self.name}"
        return Postpone(until=until, why=why, rule=self.rule) if failed and charge.at < until else ALLOW

    def _returned(self, known: Sequence[MethodUse]) -> str | None:
        """Why what came back from the account lets no other debit follow, or None."""
        for use in known:
            if use.outcome is ChargeOutcome.DECLINED and use.code not in self.again_after:
                return self._no_more(f"after the answer {use.code}" if use.code else "after an answer without a code")
        return self._no_more(f"after {self.debits} that came back in a row") if len(known) >= self.debits else None

    def _used_up(self, own: Sequence[datetime], at: datetime) -> str | None:
        """Why the invoice's own debits leave no other one, or None."""
        if len(own) >= self.debits:
            return self._no_more(f"after {self.debits} of one invoice")
        late = own and at >= own[0] + timedelta(days=self.within_days)
        return self._no_more(f"{self.within_days} days after the first") if late else None

    def _no_more(self, after: str) -> str:
        return f"no further debit by {self.name} {after}"


class RailTable(Frozen):
    """`rails.yaml`."""

    edition: date
    rails: dict[Rail, RailRule]
    cards_issued_in: dict[Country, RailRule]  # ISO 3166-1 alpha-2, where mandates of cards have rules of their own

    def _rule(self, charge: NextCharge) -> RailRule | None:
        if charge.network in RAILS:
            return self.rails.get(Rail(charge.network))
        return self.cards_issued_in.get(charge.country or "")

    def window(self, charge: NextCharge) -> timedelta:
        return _WINDOW if self._rule(charge) else timedelta(0)

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:
        rule = self._rule(charge)
        return rule.ask(charge, uses) if rule else ALLOW


def _since_paid(uses: Sequence[MethodUse]) -> list[MethodUse]:
    """Those that failed, or may have, since money last came from the account. Of several at one moment, as when many
    cases wake together, one that is paid says nothing of the others."""
    paid = max((use.at for use in uses if use.outcome is ChargeOutcome.PAID), default=None)
    return [use for use in uses if use.failed and (paid is None or use.at >= paid)]
