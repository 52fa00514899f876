"""Journals of the stand-ins as a test makes them up, and what the audit counts in them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.play.audit import PROMISES, audit
from sandbox.play.audit_of_law import LAW
from sandbox.play.case_history import CaseHistory, Effect, OrderGiven
from sandbox.play.evidence import Evidence, Subject
from sandbox.providers.journal import LogEntry
from sandbox.providers.merchant import Told

INVOICE, CUSTOMER = "in_1", "cus_1"
SECOND = "in_2"  # another invoice of the same customer
MORNING = datetime(2030, 4, 4, 3, 5, tzinfo=UTC)  # Thursday, 10:05 in Bangkok
THAI = "เรียน ลูกค้า กรุณาชำระใบแจ้งหนี้"
SUBJECT = Subject(INVOICE, CUSTOMER, country="TH", time_zone="Asia/Bangkok", reads="th")

Happened = tuple[str, str, str | None, dict[str, Any]]
FINALIZED: Happened = ("stripe", "invoice.finalized", None, {"amount_remaining": 2000})
PAID: Happened = ("stripe", "invoice.paid", None, {})


def charge(kind: str, attempt: int | None = 1, charge_id: str = "ch_1", amount: int = 2000) -> Happened:
    """A charge; `attempt` None: the customer's own."""
    key = f"dun:{INVOICE}:{attempt}" if attempt else None
    data = {"amount": amount, "brand": "visa", "fingerprint": "fp", "charge": charge_id}
    return "stripe", f"charge.{kind}", key, data


def email(step: str = "d03-remind-email-friendly", text: str = THAI) -> Happened:
    return "sendgrid", "email.accepted", f"dun:{INVOICE}:{step}:email", {"to": "someone@a.example", "subject": text}


def sms(step: str, text: str = THAI) -> Happened:
    return "twilio", "sms.accepted", f"dun:{INVOICE}:{step}:sms", {"to": "+66812345678", "body": text}


def called(result: str = "reached", text: str = THAI, step: str = "d07-call", **said: Any) -> Happened:
    """A call that somebody made; `said`: what else is known of it."""
    stranger = result in ("wrong_number", "voicemail", "no_answer")
    number = "+66812345678"
    data = {
        "to": number,
        "number": number,
        "text": text,
        "result": result,
        "promised": "",
        "stranger": stranger,
        **said,
    }
    return "phone", "phone.called", f"dun:{INVOICE}:{step}:phone", data


def by_machine(result: str = "reached", text: str = THAI, unasked: str = "", **said: Any) -> Happened:
    """A call that no person made, as the driver writes it down; `unasked`: what was said before a key was pressed."""
    more = {"automatic": True, "unasked": unasked, "locales": ["th-TH"], "call": "CA1"}
    return called(result, text, **more | said)


def dialled(call: str = "CA1", to: str = "+66812345678") -> Happened:
    """Twilio has taken a call."""
    return "twilio", "call.accepted", None, {"to": to, "call": call}


def agrees(number: str = "+66812345678") -> Happened:
    """The customer agrees to calls that no person makes."""
    return "customer", "agrees_to_calls", None, {"number": number}


def queued(step: str = "d07-call", at: datetime = MORNING) -> Effect:
    """A call was put into the queue."""
    return Effect(1, "queue_call", step, began=at, stage="reminder")


def did(what: str) -> Happened:
    return "customer", what, None, {}


def about(happened: Happened, invoice: str) -> Happened:
    """The same, about another invoice."""
    provider, kind, key, data = happened
    return provider, kind, key and key.replace(INVOICE, invoice), {**data, "invoice": invoice}


def contact(
    step: str = "d03-remind-email-friendly",
    channel: str = "email",
    at: datetime = MORNING,
    stage: str = "friendly",
    said_with: str | None = None,
    **facts: str,
) -> Effect:
    return Effect(
        1,
        "contact",
        step,
        began=at,
        ended=at + timedelta(seconds=1),
        channel=channel,
        stage=stage,
        facts={"stage": stage, **facts},
        said_with=said_with,
    )


def tried(attempt: int, at: datetime) -> Effect:
    return Effect(1, "charge", f"c{attempt}", began=at, attempt=attempt)


def end(at: datetime, activity: str = "hand_off", step: str = "d28-escalate") -> Effect:
    return Effect(9, activity, step, began=at)


def counts(
    happened: Sequence[Happened],
    effects: Sequence[Effect] = (),
    outcome: str | None = None,
    seen_at: dict[int, datetime] | None = None,
    second: Sequence[Effect] | None = None,
    mails: Mapping[str, str] | None = None,
    orders: Sequence[OrderGiven] = (),
    told: Sequence[Told] | None = None,
    before: tuple[str, ...] = (),
    law: bool = False,
    second_customer: str = CUSTOMER,
    closed_at: datetime | None = None,
    second_closed_at: datetime | None = None,
    **known: Any,
) -> dict[str, int]:
    """The audit's counts that are not zero. `known`: what else the script knows of the customer; `second`: the effects
    of another invoice's case, `second_customer`: whose it is; `law`: also what the law of the place says, which has its
    own tests."""
    journal = [
        LogEntry(
            seq=number,
            at=datetime(2026, 1, 1, tzinfo=UTC),
            provider=provider,
            kind=kind,
            subjects={
                "invoice": data.get("invoice", INVOICE),
                "customer": CUSTOMER,
                "charge": data.get("charge", ""),
                "dispute": data.get("dispute", ""),
                "call": data.get("call", ""),
            },
            key=key,
            data=data,
        )
        for number, (provider, kind, key, data) in enumerate(happened, start=1)
    ]
    history = CaseHistory(
        INVOICE,
        events=10,
        wakeups=1,
        effects=tuple(effects),
        outcome=outcome,
        orders=tuple(orders),
        ended_before=before,
        closed_at=closed_at,
    )
    histories, subjects = {INVOICE: history}, [replace(SUBJECT, **known)]
    if second is not None:
        histories[SECOND] = CaseHistory(SECOND, events=10, wakeups=1, effects=tuple(second), closed_at=second_closed_at)
        subjects.append(replace(subjects[0], invoice=SECOND, customer=second_customer, number="NB-2"))
    found = audit(Evidence(journal, mails or {}, histories, subjects, seen_at or {}, told))

    assert set(PROMISES) == set(found)
    asked = (promise for promise in found if law or promise not in LAW)
    return {promise: len(found[promise]) for promise in asked if found[promise]}
