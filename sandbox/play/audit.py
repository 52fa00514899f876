"""The audit: did the system keep its promises? Computed from the stand-ins' own journal, never from its ledger.

The journal's order says what came first; the server's history says at which moment of the case's own time. Contact
hours, Sundays and public holidays are worked out anew (hearing.py).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.play.audit_of_automatic_calls import AUTOMATIC, of_automatic_calls
from sandbox.play.audit_of_calls import CALLS, of_calls
from sandbox.play.audit_of_closings import CLOSINGS, of_closings, without_closings
from sandbox.play.audit_of_customers import arrived, in_conversation, one_customer, too_many
from sandbox.play.audit_of_events import EVENTS, of_events
from sandbox.play.audit_of_law import LAW, of_law
from sandbox.play.audit_of_orders import ORDERS, unheeded
from sandbox.play.audit_of_payments import of_cards
from sandbox.play.audit_of_reality import REALITY, in_reality, indian_cards, rails_exceeded
from sandbox.play.audit_of_renewals import RENEWALS, of_renewals
from sandbox.play.case_history import CaseHistory, Effect
from sandbox.play.evidence import Evidence, Subject, effect_of, entry_about, is_ours, moment_in
from sandbox.play.hearing import follow, heard
from sandbox.providers.journal import CHANNELS, CHARGES, CONTACTS, INVOICE_ENDS, LogEntry

NOTICE_DAYS = 7
# Declined charges per card: (network, how many, within, whether only those of the same amount count). Visa Core Rules
# of April 2026 and Mastercard's excessive attempts; "" is every other card.
CEILINGS: Mapping[str, Sequence[tuple[int, timedelta, bool]]] = {
    "visa": ((20, timedelta(days=30), True),),
    "mastercard": ((10, timedelta(days=1), False), (35, timedelta(days=30), True)),
    "": ((20, timedelta(days=30), True),),
}
_BANK_DEBITS = frozenset({"sepa_debit", "bacs_debit", "us_bank_account"})
_ENDS = INVOICE_ENDS | {"operator_settles", "operator_writes_off"}
_RELEASES = {"dispute.closed": "dispute.opened", "operator_resumes": "operator_pauses"}
_HOLDS = frozenset(_RELEASES.values())
_GIVES_BACK = frozenset({"recovered", "settled", "written_off"})
_END_OF_TIMELINE = frozenset({"cancel_subscription", "hand_off", "mark_uncollectible"})

PROMISES: Mapping[str, str] = {
    "double_charges": "an invoice or an attempt is charged once",
    "charges_after_end": "nothing is charged once the invoice is paid, void, settled or written off",
    "charges_on_hold": "nothing is charged during a dispute or an operator's pause",
    "contacts_after_payment": "nobody is written to or called about an invoice that is paid or otherwise over",
    "contacts_on_hold": "nobody is written to or called during a dispute or an operator's pause",
    "contacts_out_of_hours": "messages and calls are made from 9 to 20 o'clock, never on Sundays and public holidays",
    "contacts_after_opt_out": "a channel that the customer closed stays closed",
    "messages_twice": "a step sends one message, or makes one call unless the customer wants another",
    "unexplained_messages": "every message and call belongs to a step of a case",
    "masked_words": "no message says that a card was lost, stolen or used for fraud",
    "wrong_language": "messages have the customer's language, else English",
    "short_notice": "the end comes at least 7 days after a final notice",
    "ceilings_exceeded": "a card is not tried more often than its network allows",
    "service_not_restored": "who has paid, or is given up while billing goes on, has full service",
    **ORDERS,
    **EVENTS,
    **LAW,
    **REALITY,
    **CLOSINGS,
    **CALLS,
    **AUTOMATIC,
    **RENEWALS,
}
"""Every count of the audit, and the promise behind it."""


Findings = dict[str, list[str]]


def audit(evidence: Evidence) -> Findings:
    """For every promise the sentences that say where it was broken; all lists empty when all were kept."""
    found: Findings = {promise: [] for promise in PROMISES}
    for promise, sentence in of_closings(evidence):
        found[promise].append(sentence)
    for promise, sentence in of_law(evidence):
        found[promise].append(sentence)
    for promise, sentence in of_renewals(evidence):
        found[promise].append(sentence)
    for promise, sentence in of_automatic_calls(evidence):
        found[promise].append(sentence)
    for promise, sentence in too_many(evidence):
        found[promise].append(sentence)
    evidence = without_closings(evidence)
    for subject in evidence.subjects:
        for promise, sentence in _Case(evidence, subject).broken():
            found[promise].append(f"{subject.invoice}: {sentence}")
    found["ceilings_exceeded"] += _ceilings(evidence)
    for promise, sentence in one_customer(evidence):
        found[promise].append(sentence)
    for promise, sentence in of_events(evidence):
        found[promise].append(sentence)
    for promise, sentence in of_cards(evidence):
        found[promise].append(sentence)
    found["rails_exceeded"] += rails_exceeded(evidence)
    found["indian_cards"] += indian_cards(evidence)
    return found


class _Case:
    """One case under audit."""

    def __init__(self, evidence: Evidence, subject: Subject) -> None:
        self._subject = subject
        self._evidence = evidence
        self._mails = evidence.mails
        self._history = evidence.histories.get(subject.invoice) or CaseHistory(subject.invoice, 0, 0, ())
        self._others = {one.invoice for one in evidence.subjects} - {subject.invoice}
        self._journal = [entry for entry in evidence.journal if self._is_mine(entry)]
        self._charges = [e for e in self._journal if e.kind in CHARGES and self._is_about(e)]
        self._messages = [e for e in self._journal if e.kind in CONTACTS]
        self._zone = ZoneInfo(subject.time_zone)

    def _is_mine(self, entry: LogEntry) -> bool:
        about = entry_about(entry)
        mine = {self._subject.invoice, self._subject.customer}
        return about not in self._others and bool(mine & {about, *entry.subjects.values()})

    def _is_about(self, entry: LogEntry) -> bool:
        return entry.subjects.get("invoice") == self._subject.invoice

    def broken(self) -> Iterator[tuple[str, str]]:
        yield from self._charged_twice()
        yield from self._went_on()
        yield from self._said_twice()
        for message in self._messages:
            yield from self._heard(message)
        yield from self._unannounced()
        yield from self._locked_out()
        yield from unheeded(self._journal, self._subject.invoice)
        yield from of_calls(self._evidence, self._subject, self._journal)
        yield from in_conversation(self._evidence, self._subject, self._journal)
        yield from in_reality(self._evidence, self._subject, self._journal)

    def _charged_twice(self) -> Iterator[tuple[str, str]]:
        ours = [e for e in self._charges if is_ours(e)]
        paid = [e for e in ours if e.kind == "charge.succeeded"]
        if len(paid) > 1:
            yield "double_charges", f"{len(paid)} of our charges succeeded"
        finalized = (e for e in self._journal if e.kind == "invoice.finalized" and self._is_about(e))
        total = next((e.data["amount_remaining"] for e in finalized), None)
        taken = sum(e.data["amount"] for e in self._charges if e.kind == "charge.succeeded")
        if total is not None and taken > total:
            yield "double_charges", f"{taken} was taken for an invoice over {total}"
        by_key: dict[str, set[str]] = defaultdict(set)
        for entry in ours:
            by_key[entry.key or ""].add(entry.subjects["charge"])
        for key, charges in by_key.items():
            if len(charges) > 1:
                yield "double_charges", f"{len(charges)} charges were made under the key {key}"

    def _went_on(self) -> Iterator[tuple[str, str]]:
        """Walks through the journal, and says what was done although the case had ended or was on hold."""
        ended = None
        holds: dict[tuple[str, str], str] = {}  # several disputes can be open at once
        closed_channels: set[str] = set()
        for entry in self._journal:
            about_it = self._is_about(entry)
            held = next(iter(holds.values()), None)
            dispute = entry.subjects.get("dispute", "")
            if entry.kind in _ENDS and about_it:
                ended = entry.kind
            elif entry.kind in _HOLDS:
                holds[entry.kind, dispute] = entry.kind
            elif entry.kind in _RELEASES:
                holds.pop((_RELEASES[entry.kind], dispute), None)
            elif entry.kind in CHARGES and about_it and is_ours(entry):
                yield from _too_late(f"{entry.key} was charged", "charges_after_end", ended, "charges_on_hold", held)
            elif entry.kind in CONTACTS:
                said = f"{entry.key} was made"
                yield from _too_late(said, "contacts_after_payment", ended, "contacts_on_hold", held)
                if CHANNELS.get(entry.kind) in closed_channels:
                    yield "contacts_after_opt_out", f"{said} after the customer opted out"
            follow(closed_channels, entry)

    def _said_twice(self) -> Iterator[tuple[str, str]]:
        once = (entry for entry in self._messages if entry.data.get("result") != "call_back")
        for key, times in Counter(entry.key for entry in once).items():
            if times > 1:
                yield "messages_twice", f"{key} was made {times} times"

    def _heard(self, message: LogEntry) -> Iterator[tuple[str, str]]:
        if effect_of(self._evidence, message) is None:
            yield "unexplained_messages", f"{message.key or message.kind} belongs to no step of the case"
        yield from heard(self._evidence, self._subject, message)

    def _unannounced(self) -> Iterator[tuple[str, str]]:
        ends = [e for e in self._history.effects if e.activity in _END_OF_TIMELINE and re.match(r"d\d", e.step)]
        if not ends:
            return
        finals = [e for e in self._history.effects if e.stage == "final" and self._carried(e)]
        end = min(e.began for e in ends)
        if not finals and any(order.name == "resume" and order.at <= end for order in self._history.orders):
            return  # a human was asked, and says that the customer knows
        if not finals:
            yield "short_notice", f"the end came on {end:%Y-%m-%d} without a final notice"
            return
        first = min(e.began for e in finals)
        days = (end.astimezone(self._zone).date() - first.astimezone(self._zone).date()).days
        if days < NOTICE_DAYS:
            yield "short_notice", f"the end came {days} days after the final notice"

    def _carried(self, final: Effect) -> bool:
        """Whether a final notice arrived: by its own message, or by another invoice's that was one for both."""
        if final.said_with is None:
            own = f"dun:{self._subject.invoice}:{final.step}:{final.channel}"
            return any(e.key == own and arrived(e) for e in self._messages)
        return any(
            e.stage == "final" and e.channel == final.channel and arrived(entry) and self._names_it(entry)
            for entry in self._evidence.journal
            if entry.kind in CONTACTS and entry_about(entry) == final.said_with
            for e in self._evidence.histories[final.said_with].effects
            if entry.key == f"dun:{final.said_with}:{e.step}:{e.channel}"
        )

    def _names_it(self, entry: LogEntry) -> bool:
        """A text message has no room for every number."""
        return entry.kind != "email.accepted" or self._subject.number in self._mails.get(entry.key or "", "")

    def _locked_out(self) -> Iterator[tuple[str, str]]:
        """Restricted, over and not restored; whose subscription was cancelled has no service to restore."""
        theirs = [e for e in self._evidence.journal if self._subject.customer in e.subjects.values()]
        access = [e.kind for e in theirs if e.kind in ("service.restricted", "service.restored")]
        cancelled = any(e.kind == "subscription.canceled" for e in theirs)
        outcome = self._history.outcome
        owes = any(
            one.customer == self._subject.customer
            and one.invoice in self._evidence.histories
            and self._evidence.histories[one.invoice].outcome not in _GIVES_BACK
            for one in self._evidence.subjects
        )
        if outcome in _GIVES_BACK and not owes and access and access[-1] == "service.restricted" and not cancelled:
            yield "service_not_restored", f"the case is {outcome} and the customer still restricted"


def _too_late(
    said: str, after_end: str, ended: str | None, on_hold: str, held: str | None
) -> Iterator[tuple[str, str]]:
    if ended:
        yield after_end, f"{said} after {ended}"
    if held:
        yield on_hold, f"{said} after {held}"


def _ceilings(evidence: Evidence) -> Iterator[str]:
    """Our charges that came when their card had had as many declined ones as its network allows."""
    tries: dict[tuple[str, str], list[tuple[datetime, LogEntry]]] = defaultdict(list)
    for entry in evidence.journal:
        if entry.kind not in CHARGES or entry.data.get("brand") in _BANK_DEBITS:
            continue
        moment = moment_in(evidence, entry)
        if moment is not None:
            tries[entry.data["brand"], entry.data["fingerprint"]].append((moment, entry))
    for (brand, _), made in tries.items():
        made.sort(key=lambda one: one[0])
        for position, (moment, entry) in enumerate(made):
            if not is_ours(entry):
                continue
            for limit, window, same_amount in CEILINGS.get(brand, CEILINGS[""]):
                before = [
                    e
                    for at, e in made[:position]
                    if moment - at < window
                    and e.kind == "charge.failed"
                    and (not same_amount or e.data["amount"] == entry.data["amount"])
                ]
                if len(before) >= limit:
                    yield f"{entry.key} was tried after {len(before)} declined charges within {window}"
