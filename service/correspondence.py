"""What customers were told, as they saw it: by a case, and before their renewals."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from domain.base import Frozen
from domain.events import ContactResult
from domain.steps import CHANNEL_NAMES, Channel
from gateways.ports.ledger import Ledger
from gateways.ports.renewals import NoticeRow
from gateways.ports.rows import ContactRow
from service.naming import invoice_named, no_case

_STATES = {
    "sent": "sent",
    "sending": "on its way, or nobody knows yet",
    "failed": "not sent, to be tried again",
    "unknown": "perhaps sent, not repeated",
    "unreachable": "not delivered: the provider does not take it for this address",
    "left_out": "left out",
}


class Said(Frozen):
    """One message. Text and address are personal."""

    at: datetime  # UTC, the case's own time
    channel: Channel
    to: str | None  # the address; None: it needs none, or was not kept
    stage: str  # of a notice before a renewal what it is about: card_expires
    state: str  # in words
    subject: str
    text: str
    page: str  # HTML that a browser opens: as it was sent, or the text where it had none
    file: str  # a name for that page

    @property
    def head(self) -> str:
        to = f" to {self.to}" if self.to else ""
        return f"{self.at:%Y-%m-%d %H:%M}  {CHANNEL_NAMES[self.channel]}{to}, {self.stage}: {self.state}"


def messages_of(ledger: Ledger, invoice: str) -> tuple[str, list[Said]]:
    """The invoice's id, and its case's messages with what the customer was told before renewals, oldest first. Raises
    Refused when there is no such case."""
    invoice_id = invoice_named(ledger, invoice)
    case = ledger.case(invoice_id)
    if case is None:
        raise no_case(invoice_id)
    sent = [row for row in ledger.notices_of(case.customer_id) if row.state != "left_out"]
    return invoice_id, _in_order([*ledger.contacts(invoice_id), *sent])


def before_renewals(ledger: Ledger, customer_id: str) -> list[Said]:
    """What a customer was told before renewals, and what was left out with why, oldest first."""
    return _in_order(ledger.notices_of(customer_id))


def _in_order(rows: Sequence[ContactRow | NoticeRow]) -> list[Said]:
    return [_said(number, row) for number, row in enumerate(sorted(rows, key=lambda row: row.as_of), start=1)]


def _said(number: int, row: ContactRow | NoticeRow) -> Said:
    stage = _stage(row)
    return Said(
        at=row.as_of,
        channel=row.channel,
        to=row.address,
        stage=stage,
        state=_state(row),
        subject=row.subject,
        text=row.text,
        page=row.html or _page(row),
        file=f"{number:02}-{row.as_of:%Y-%m-%d}-{row.channel.value}-{stage}.html",
    )


def _stage(row: ContactRow | NoticeRow) -> str:
    return row.notice.value if isinstance(row, NoticeRow) else row.stage


def _state(row: ContactRow | NoticeRow) -> str:
    """What became of it, as far as anybody has said."""
    if row.delivery is None:
        why = f" ({row.why})" if isinstance(row, NoticeRow) and row.why else ""
        return f"{_STATES[row.state]}{why}"
    heard = f"{ContactResult(row.delivery).words} {row.delivery_at:%Y-%m-%d %H:%M}" if row.delivery_at else row.delivery
    return f"{_STATES[row.state]}, {heard}{f' ({row.delivery_why})' if row.delivery_why else ''}"


def _page(row: ContactRow | NoticeRow) -> str:
    """A text message as a page: as wide as a telephone, with its own line breaks."""
    title = escape(row.subject or f"{CHANNEL_NAMES[row.channel]}, {_stage(row)}")
    return (
        f'<!doctype html>\n<meta charset="utf-8">\n<title>{title}</title>\n<h3>{title}</h3>\n'
        f'<p style="white-space: pre-wrap; max-width: 24em; font-family: sans-serif">{escape(row.text)}</p>\n'
    )
