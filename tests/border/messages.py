"""What cases are told, with all that can stand in it: each form as the product's own sender makes it."""

from datetime import UTC, datetime
from random import Random

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from domain import changes, events, orders
from domain.agency import Handoff
from domain.base import Message
from domain.case import Case, Outcome
from domain.events import AgencyReport, ContactResult, DisputeOutcome, MethodChange
from domain.invoice import InvoiceState, MethodRef, SubscriptionState
from domain.steps import Channel
from runtime.converter import data_converter
from sandbox.providers.journal import Json
from tests.border.spoil import TEXTS, as_bytes, spoiled, written
from tests.domain.builders import a_case, a_decline, at, usd

NOW = at("04-03 11:00")
LATER = datetime(2030, 5, 1, 9, tzinfo=UTC)
METHOD = MethodRef(id="pm_1", fingerprint="fp_1", expiry="12/2031")

MESSAGES: dict[str, Message] = {
    "payment_received": events.PaymentReceived(event_id="evt_1", amount=usd("20"), remaining=usd("80")),
    "invoice_changed": events.InvoiceChanged(
        event_id="evt_2",
        state=InvoiceState.OPEN,
        remaining=usd("70"),
        paying=False,
        verifying=False,
        sent=False,
        due_at=LATER,
        subscription=SubscriptionState.RUNS,
        customer_deleted=False,
        method=METHOD,
        attempt=events.ReportedAttempt(at=NOW, decline=a_decline("do_not_honor", network="visa")),
    ),
    "payment_method_changed": events.PaymentMethodChanged(
        event_id="evt_3", change=MethodChange.NEW, method=METHOD.but(id="pm_2", fingerprint="fp_2")
    ),
    "dispute_opened": events.DisputeOpened(event_id="evt_4", dispute_id="dp_1"),
    "dispute_closed": events.DisputeClosed(event_id="evt_5", dispute_id="dp_1", outcome=DisputeOutcome.WON),
    "contact_reported": events.ContactReported(event_id="evt_6", channel=Channel.EMAIL, result=ContactResult.BOUNCED),
    "contact_changed": events.ContactChanged(event_id="evt_7", channels=(Channel.EMAIL, Channel.SMS)),
    "agency_reported": events.AgencyReported(event_id="evt_8", report=AgencyReport.PAYMENT, amount=usd("20")),
    "pause": events.Pause(by="mia", note="customer called", until=LATER),
    "resume": events.Resume(by="mia", note="new API key"),
    "settle": events.Settle(amount=usd("20"), paid=True, by="mia", note="agreed by phone"),
    "write_off": events.WriteOff(by="mia", note="goodwill"),
}

_OPEN = a_case()
CASES: dict[str, Case] = {
    "open": _OPEN,
    "paused": orders.pause(_OPEN, events.Pause(), NOW),
    "disputed": changes.disputed(_OPEN, "dp_1", NOW, "evt_0"),
    "waits for an operator": changes.needs_operator(_OPEN, "the key is wrong", NOW),
    "with the agency": changes.changed(_OPEN, handoff=Handoff(at=NOW, references=("agency-1",))),
    "ending": changes.close(_OPEN, Outcome.WRITTEN_OFF, "given up", NOW),
    "sent": changes.changed(_OPEN, invoice=_OPEN.invoice.but(sent=True, due_at=LATER)),
}
_NAMES = ("", "x" * 500, "pa\nuse", "\x00", "раuse", "__temporal_x", "Pause", "status")
_ENCODINGS = ("json/plain", "json/protobuf", "json/", "", "binary/plain", "binary/null", "binary/protobuf", "x")


def payload(text: str, encoding: str = "json/plain") -> RawValue:
    """What the Temporal UI or another sender makes of a text."""
    return RawValue(Payload(metadata={"encoding": encoding.encode()}, data=as_bytes(text)))


def shape_of(name: str) -> Json:
    """The message's JSON, as the product's own converter writes it."""
    [made] = data_converter.payload_converter.to_payloads([MESSAGES[name]])
    return dict(data_converter.payload_converter.from_payloads([made])[0])


SHAPES = {name: shape_of(name) for name in MESSAGES}


def a_bad_message(rng: Random) -> tuple[str, list[RawValue]]:
    """A message with something wrong in it: in what it says, or in how."""
    name = rng.choice(list(SHAPES))
    text = written(rng, spoiled(rng, SHAPES[name]))
    match rng.randrange(20):
        case 0:
            name = rng.choice((*_NAMES, *SHAPES))
        case 1:
            return name, [payload(rng.choice(TEXTS))]  # no JSON at all
        case 2:
            return name, [payload(text, rng.choice(_ENCODINGS))]
        case 3:
            return name, [payload(text)] * rng.choice((0, 2, 3))
    return name, [payload(text)]
