"""What the activities expect of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.case import ChargeOutcome, Outcome
from domain.declines import Decline
from domain.money import Money
from domain.record import Entry as Note
from domain.steps import Channel
from gateways.ports.messages import Address
from gateways.ports.rows import AttemptRow, CardUse, CaseRow, ContactRow, CustomerRow, Refusal, TimelineRow


class NetworkRules(Protocol):
    """The dated ceilings of the card networks (policies/rules/networks.yaml)."""

    def refuse(self, network: str | None, uses: Sequence[CardUse], amount: Money, at: datetime) -> Refusal | None:
        """Whether one more charge now would break a ceiling. `uses` are the card's charges of the last 31 days."""


class Ledger(Protocol):
    """The SQL record of what was said and charged."""

    def open_case(self, case: CaseRow, customer: CustomerRow) -> CaseRow:
        """Inserts case and customer unless the invoice has a case already; returns the row that stands now."""

    def mark_open(self, invoice_id: str) -> None:
        """The workflow runs: status `opening` becomes `open`."""

    def case(self, invoice_id: str) -> CaseRow | None: ...

    def cases(self, status: str | None = None, customer_id: str | None = None) -> list[CaseRow]: ...

    def close_case(self, invoice_id: str, outcome: Outcome, remaining: Money, at: datetime, line: TimelineRow) -> None:
        """Closes the case's row. A second call with the same outcome changes nothing; a payment that arrived while
        the case was being given up still turns it into a recovered one."""

    def address(self, customer_id: str) -> Address: ...

    def begin_attempt(self, row: AttemptRow, rules: NetworkRules) -> AttemptRow | Refusal:
        """Reserves the attempt. In one transaction: an existing (invoice, attempt) is returned as it stands; else the
        card's uses of the last 31 days are counted across invoices and `rules` asked; a refusal is recorded on the
        row (state refused) and in the timeline, and returned; otherwise the row is inserted as `started`."""

    def finish_attempt(
        self,
        invoice_id: str,
        attempt: int,
        outcome: ChargeOutcome,
        provider_id: str | None,
        decline: Decline | None,
        line: TimelineRow,
    ) -> None:
        """started → finished, with its timeline line. Finished already: nothing happens."""

    def record_foreign_attempt(self, row: AttemptRow, event_id: str) -> None:
        """An attempt that was not ours (customer, other engine). Counted for the card. Once per event id."""

    def unfinished_attempts(self, invoice_id: str) -> list[AttemptRow]: ...

    def attempts(self, invoice_id: str) -> list[AttemptRow]: ...

    def begin_contact(self, row: ContactRow) -> tuple[ContactRow, bool]:
        """Reserves (invoice, step, channel). Returns the row that stands and whether it is this call's to send: it was
        inserted, or it had `failed` and is `sending` again with the new `started_at`."""

    def finish_contact(
        self,
        invoice_id: str,
        step: str,
        channel: Channel,
        state: str,
        provider_id: str | None,
        line: TimelineRow,
    ) -> None: ...

    def contacts(self, invoice_id: str) -> list[ContactRow]: ...

    def close_channel(self, customer_id: str, channel: Channel, why: str, event_id: str, at: datetime) -> None:
        """The customer opted out of a channel or it bounced. Once per event id."""

    def closed_channels(self, customer_id: str) -> dict[Channel, str]: ...

    def append(self, invoice_id: str, notes: Sequence[Note]) -> None:
        """Writes decisions to the timeline. The same (step, what) of a case at the same moment is written once."""

    def record_effect(self, invoice_id: str, line: TimelineRow) -> None:
        """Writes one line, once per (invoice, step, what)."""

    def timeline(self, invoice_id: str) -> list[TimelineRow]: ...

    def provider_event(self, provider: str, event_id: str, kind: str, invoice_id: str | None, at: datetime) -> bool:
        """Records that an event came in. False: it had come before."""

    def knows_event(self, provider: str, event_id: str) -> bool:
        """Whether `provider_event` has recorded it."""

    def record_handoff(self, invoice_id: str, handoff_id: str, reference: str, at: datetime) -> None: ...
