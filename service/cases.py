"""Lists of cases, from the ledger alone: a list needs neither Temporal nor a worker."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.base import Frozen, unchecked
from domain.case import CaseStatus, HoldReason
from domain.retries import BESIDE
from gateways.ports.case_list import CaseList
from gateways.ports.rows import CaseRow, Cursor
from service.requests import WrongRequest

OPENING = "opening"
"""The case's row is written, and its workflow does not run yet."""
STATUSES = (OPENING, *(status.value for status in CaseStatus))
PAGE = 50


class Listed(Frozen):
    """One line of the list of cases."""

    invoice_id: str
    customer_id: str
    status: str  # one of STATUSES
    outcome: str | None
    due: str
    decline: str | None
    policy: str
    opened_at: datetime
    next_step_at: datetime | None
    next_step: str | None
    holds: tuple[HoldReason, ...] = ()
    hold: str | None  # why it stands still, in words
    why: str
    two_owners: bool = False  # Stripe tries the invoice by itself as well: see `show`
    owed_again: bool = False  # money that had ended it was taken back, and was not billed anew
    reopened_as: str | None = None  # the invoice by which that was billed anew
    reopens: str | None = None  # the invoice whose payment was taken back, which this one bills anew
    refund_due: str | None = None  # what came in twice, to be given back


_new_listed = unchecked(Listed)  # from a row that was validated


class CasePage(Frozen):
    """One page, oldest case first; `after` leads to the next one, None on the last."""

    cases: tuple[Listed, ...]
    after: str | None = None


class Cases:
    """Lists cases. Raises WrongRequest, or ProviderTrouble when the ledger does not answer."""

    def __init__(self, ledger: CaseList) -> None:
        self._ledger = ledger

    def page(
        self,
        status: str | None = None,
        customer_id: str | None = None,
        after: str | None = None,
        limit: int = PAGE,
        owed_again: bool = False,
        customers: Sequence[str] | None = None,
    ) -> CasePage:
        """The cases with this status and of this customer, after the page that ended with `after`. `owed_again`: only
        those whose money was taken back after their end, and was not billed anew. `customers`: only those of these."""
        if status not in (None, *STATUSES):
            raise WrongRequest(f"There is no status {status!r}: use one of {', '.join(STATUSES)}.")
        if limit < 1:
            raise WrongRequest("A page has at least one case: give a limit of 1 or more.")
        cursor = _cursor(after) if after else None
        page = self._ledger.cases(
            status, customer_id, after=cursor, limit=limit, owed_again=owed_again, customers=customers
        )
        return CasePage(cases=tuple(map(_listed, page.rows)), after=_text(page.after) if page.after else None)


def _listed(row: CaseRow) -> Listed:
    return _new_listed(
        invoice_id=row.invoice_id,
        customer_id=row.customer_id,
        status=row.status,
        outcome=row.outcome.value if row.outcome else None,
        due=str(row.remaining),
        decline=row.decline_code,
        policy=row.policy,
        opened_at=row.opened_at,
        next_step_at=row.next_at,
        next_step=row.next_step,
        holds=_holds(row.hold or ""),
        hold=row.hold,
        why=row.why,
        two_owners=row.status != CaseStatus.CLOSED.value and BESIDE in row.why,
        owed_again=row.owed_again,
        reopened_as=row.reopened_as,
        reopens=row.reopens,
        refund_due=str(row.refund_due) if row.refund_due else None,
    )


def _holds(said: str) -> tuple[HoldReason, ...]:
    """The kinds of the holds that the row has in words: `operator needed: why; dispute: why`."""
    if not said:
        return ()
    named = {part.partition(":")[0] for part in said.split("; ")}
    return tuple(reason for reason in HoldReason if reason.in_words in named)


def _text(cursor: Cursor) -> str:
    # Without a plus: in a query that would be a space, for whoever forgets to escape it.
    return f"{cursor.opened_at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}/{cursor.invoice_id}"


def _cursor(text: str) -> Cursor:
    moment, _, invoice_id = text.partition("/")
    try:
        opened_at = datetime.fromisoformat(moment)
    except ValueError:
        opened_at = None
    if opened_at is None or opened_at.tzinfo is None or not invoice_id:
        raise WrongRequest(f"{text!r} is no place in the list: take the one that was printed below the page before.")
    return Cursor(opened_at=opened_at, invoice_id=invoice_id)
