"""What lies ahead of a case, from the ledger alone."""

from domain.plan import Planned, plan
from service.standings import Standings


class Plans:
    """Reads plans. Raises ProviderTrouble."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    def of(self, invoice_id: str) -> list[Planned]:
        """The steps that lie ahead, by date. Empty for a case of which nothing can be said (`Standings.of`)."""
        now = self._standings.of(invoice_id)
        return plan(now.case, now.policy, now.circumstances, now.at) if now else []
