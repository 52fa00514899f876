"""The audit of what providers, banks and people really do (docs/reality.md), counted from the stand-ins' log."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sandbox.play.audit_of_answers import ANSWERS, of_answers
from sandbox.play.audit_of_customers import ONE_CUSTOMER, arrived
from sandbox.play.audit_of_payments import PAYMENTS, of_payments
from sandbox.play.evidence import Evidence, Subject, entry_about, is_ours, moment_in
from sandbox.providers.journal import CHARGES, CONTACTS, MESSAGES, LogEntry

REALITY: Mapping[str, str] = {
    "contacts_out_of_hours": "messages and calls are made from 9 to 20 o'clock, never on Sundays and public holidays",
    "before_due": "nothing is charged, restricted or ended before the invoice is due",
    "while_paying": "nothing is done while a payment is on its way, whoever began it",
    "about_sign_ups": "who never finished the sign-up is neither charged nor written to",
    "charges_after_subscription": "nothing is charged after the subscription has ended",
    "charged_though_paid_outside": "no charge asks for money that came in outside Stripe",
    "impossible_addresses": "no provider is asked to write to what is no address, or twice to what it refused",
    "unannounced_limits": "nobody is restricted without a message that arrived before",
    "names_repeated": "no message repeats a link or a number that stands in a name",
    "rails_exceeded": "no bank account is debited more often than its rail allows, or after an answer that forbids it",
    "indian_cards": "a card issued in India is not tried again without its holder",
    "beside_stripes_tries": "nothing is charged within an hour of Stripe's own try, or where Stripe makes all tries",
    **PAYMENTS,
    **ANSWERS,
    **ONE_CUSTOMER,
}
"""Every count of this table, and the promise behind it."""

# Debits of one account for one invoice, the first one included, and within how long. ACH: Nacha's rules, 2.12.4; the
# others: what Stripe itself would do (docs.stripe.com/billing/revenue-recovery/smart-retries).
RAILS: Mapping[str, tuple[int, timedelta]] = {
    "us_bank_account": (3, timedelta(days=180)),
    "sepa_debit": (3, timedelta(days=30)),
    "bacs_debit": (3, timedelta(days=30)),
    "au_becs_debit": (3, timedelta(days=30)),
    "acss_debit": (2, timedelta(days=30)),
}
_HARSH = CHARGES | {"service.restricted", "subscription.canceled", "handoff.accepted", "invoice.marked_uncollectible"}
_EFFECTS = _HARSH | CONTACTS
_OUTSIDE = frozenset({"transfers", "operator_settles"})
_ADDRESS = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[^\s@,;.]+")
_NUMBER = re.compile(r"\+[1-9]\d{7,14}")
_TRAP = re.compile(r"https?:|www\.|[^.]\.[^\W\d_]{2,}|\d(?:-?\d){5,}", re.IGNORECASE)

Broken = Iterator[tuple[str, str]]


def in_reality(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """The promises that were broken to one customer, each with a sentence. `journal` is that customer's."""
    effects = [entry for entry in journal if entry.kind in _EFFECTS and is_ours(entry)]
    if subject.sign_up:
        yield from (("about_sign_ups", f"{_said(entry)} about a sign-up") for entry in effects)
    yield from _before_due(evidence, subject, effects)
    yield from _while_paying(subject, journal)
    yield from _beside_stripe(evidence, subject, journal)
    yield from _after_subscription(journal)
    yield from _paid_outside(subject, journal)
    yield from _impossible(journal)
    yield from _unannounced(evidence, subject)
    yield from _names(evidence, subject, effects)
    yield from of_payments(evidence, subject, journal)
    yield from of_answers(subject, journal)


def _before_due(evidence: Evidence, subject: Subject, effects: Sequence[LogEntry]) -> Broken:
    for entry in effects:
        at = moment_in(evidence, entry) if entry.kind in _HARSH else None
        if subject.due_at and at and at < subject.due_at:
            yield "before_due", f"{_said(entry)} on {at:%Y-%m-%d}, before the due date {subject.due_at:%Y-%m-%d}"


def _while_paying(subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    on_its_way: set[str] = set()
    for entry in journal:
        charge = entry.subjects.get("charge", "")
        if entry.kind == "reports_payment":
            on_its_way.add("what another system takes in")
        elif entry.kind == "reports_fail":
            on_its_way.discard("what another system takes in")
        if on_its_way and charge not in on_its_way and entry.kind in _EFFECTS and is_ours(entry):
            yield "while_paying", f"{_said(entry)} while {', '.join(sorted(on_its_way))} was on its way"
        if entry.kind == "charge.processing" and entry.subjects.get("invoice") == subject.invoice:
            on_its_way.add(charge)
        elif entry.kind in CHARGES:
            on_its_way.discard(charge)


def _beside_stripe(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    planned: datetime | None = None
    for entry in journal:
        if entry.provider == "customer" and entry.kind == "stripe_plans":
            planned = datetime.fromisoformat(entry.data["planned"])
        if entry.kind not in CHARGES or not is_ours(entry):
            continue
        at = moment_in(evidence, entry)
        if subject.stripe_tries:
            yield "beside_stripes_tries", f"{_said(entry)}, although Stripe makes all tries"
        elif planned and at and abs(at - planned) < timedelta(hours=1):
            yield "beside_stripes_tries", f"{_said(entry)} at {at:%H:%M}, and Stripe had planned {planned:%H:%M}"


def _after_subscription(journal: Sequence[LogEntry]) -> Broken:
    ended = False
    for entry in journal:
        ended = ended or entry.kind == "subscription.canceled"
        if ended and entry.kind in CHARGES and is_ours(entry):
            yield "charges_after_subscription", f"{_said(entry)} after the subscription had ended"


def _paid_outside(subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """What a charge may ask for is the invoice less what was charged and what came in outside, as the world saw it."""
    rest: int | None = None
    outside = 0
    for entry in journal:
        if entry.provider == "customer" and entry.kind in _OUTSIDE:
            outside += entry.data.get("amount", 0)
        if entry.subjects.get("invoice") != subject.invoice:
            continue
        if entry.kind == "invoice.finalized":
            rest = entry.data["amount_remaining"]
        if rest is None or entry.kind not in CHARGES:
            continue
        if outside and is_ours(entry) and entry.data["amount"] > rest - outside:
            said = f"{_said(entry)} for {entry.data['amount']}, although {outside} of {rest} had come in outside Stripe"
            yield "charged_though_paid_outside", said
        if entry.kind == "charge.succeeded":
            rest -= entry.data["amount"]


def _impossible(journal: Sequence[LogEntry]) -> Broken:
    refused: dict[str, str | None] = {}  # by the key of the request, which is repeated when the answer was lost
    for entry in journal:
        channel, _, what = entry.kind.partition(".")
        if channel not in ("email", "sms", "whatsapp", "phone") or what not in ("accepted", "refused", "called"):
            continue
        to = str(entry.data.get("to", "")).removeprefix("whatsapp:")
        if not (_ADDRESS if channel == "email" else _NUMBER).fullmatch(to):
            yield "impossible_addresses", f"{entry.key} went to {to!r}, which is no address"
        elif refused.get(to, entry.key) != entry.key:
            yield "impossible_addresses", f"{entry.key} went to {to}, which its provider had refused"
        if what == "refused" and entry.data["status"] == 400:
            refused.setdefault(to, entry.key)


def _unannounced(evidence: Evidence, subject: Subject) -> Broken:
    """A message about another invoice of the same customer tells them as well."""
    theirs = {one.invoice for one in evidence.subjects if one.customer == subject.customer}
    told = False
    for entry in evidence.journal:
        told = told or (entry.kind in MESSAGES and entry_about(entry) in theirs and arrived(entry))
        if entry.kind == "service.restricted" and entry_about(entry) == subject.invoice and not told:
            yield "unannounced_limits", f"{_said(entry)} before any message had arrived"


def _names(evidence: Evidence, subject: Subject, effects: Sequence[LogEntry]) -> Broken:
    traps = [word for word in subject.name.split() if _TRAP.search(word)]
    for entry in effects:
        if entry.kind not in CONTACTS:
            continue
        text = " ".join([evidence.mails.get(entry.key or "", ""), *(str(value) for value in entry.data.values())])
        if any(trap in text for trap in traps):
            yield "names_repeated", f"{entry.key} repeats {subject.name!r}"


def rails_exceeded(evidence: Evidence) -> Iterator[str]:
    """Our debits that came when their account had been debited as often as its rail allows."""
    tries: dict[tuple[str, str, str], dict[str, LogEntry]] = defaultdict(dict)
    for entry in evidence.journal:
        if entry.kind in CHARGES and entry.data.get("brand") in RAILS:
            account = entry.data["brand"], entry.data["fingerprint"], entry.subjects["invoice"]
            tries[account].setdefault(entry.subjects["charge"], entry)
    for (rail, _, _), debits in tries.items():
        limit, window = RAILS[rail]
        made = list(debits.values())
        for position, entry in enumerate(made):
            at = moment_in(evidence, entry)
            times = [moment_in(evidence, earlier) for earlier in made[:position]]
            before = sum(1 for time in times if time is None or at is None or at - time < window)
            if is_ours(entry) and before >= limit:
                yield f"{entry.key} was debited after {before} debits within {window.days} days"
    yield from _after_forbidding(evidence)


def _after_forbidding(evidence: Evidence) -> Iterator[str]:
    """Our debits of an account, for whatever invoice, after it had answered otherwise than with a lack of funds."""
    forbidden: dict[str, str] = {}
    for entry in evidence.journal:
        if entry.kind not in CHARGES or entry.data.get("brand") not in RAILS:
            continue
        account = entry.data["fingerprint"]
        if is_ours(entry) and entry.kind == "charge.processing" and account in forbidden:
            yield f"{entry.key} was debited after the answer {forbidden[account]}"
        if entry.kind == "charge.succeeded":
            forbidden.pop(account, None)
        elif (answer := entry.data.get("decline_code")) not in (None, "insufficient_funds"):
            forbidden[account] = answer


def indian_cards(evidence: Evidence) -> Iterator[str]:
    """Our tries of a card issued in India for an invoice on which it had been tried."""
    tried: dict[tuple[str, str], str] = {}
    for entry in evidence.journal:
        if entry.kind in CHARGES and entry.data.get("brand") not in RAILS and entry.data.get("country") == "IN":
            charge = entry.subjects["charge"]
            first = tried.setdefault((entry.data["fingerprint"], entry.subjects["invoice"]), charge)
            if is_ours(entry) and first != charge:
                yield f"{entry.key} was tried again on a card issued in India"


def _said(entry: LogEntry) -> str:
    return (
        f"{entry.key} was {entry.kind.rpartition('.')[2]}" if entry.kind in CONTACTS else f"{entry.key} ({entry.kind})"
    )
