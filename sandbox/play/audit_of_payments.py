"""The audit of ways to pay that take time or change meanwhile: vouchers, transfers, parts, new cards, credit notes."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sandbox.play.evidence import Evidence, Subject, entry_about, is_ours, moment_in
from sandbox.providers.journal import CHARGES, LogEntry

PAYMENTS: Mapping[str, str] = {
    "refused_for_good": "a card that was reported lost or stolen is charged for no invoice",
    "network_waits": "no card is charged sooner than Mastercard asked, whoever orders it",
    "old_cards": "once a customer has given a new card, the old one is not charged",
    "wrong_amounts": "an e-mail asks for what is due at that moment, after parts, credit notes and their reversal",
    "stood_still": "when a part by bank debit has arrived, the case goes on within 8 days",
    "beside_vouchers": "nothing is charged or taken away while the customer may be paying a voucher at a shop",
    "beside_transfers": "nothing is charged while the customer is sending the bank transfer that they chose",
}
"""Every count of this table, and the promise behind it."""

# Hours by merchant advice code: Mastercard's, as in policies/rules/declines.yaml.
_WAITS = {"02": 72, "24": 1, "25": 24, "26": 48, "27": 96, "28": 144, "29": 192, "30": 240}
_FOR_GOOD = frozenset({"lost_card", "stolen_card", "pickup_card"})
_GOES_ON = timedelta(days=8)
_TAKES_AWAY = frozenset(
    {"service.restricted", "subscription.canceled", "handoff.accepted", "invoice.marked_uncollectible"}
)
_NEW_CARD = frozenset({"new_card", "new_card_while_we_charge"})
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s.,'\u2019](?=\d)")

Broken = Iterator[tuple[str, str]]


def of_payments(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """What was broken to one customer. `journal` is that customer's."""
    yield from _old_cards(journal)
    yield from _amounts(evidence, subject, journal)
    yield from _stood_still(evidence, journal)
    yield from _elsewhere(journal)


def of_cards(evidence: Evidence) -> Broken:
    """Our charges of a card that was refused for good on any invoice, and those that came too soon."""
    refused: dict[str, str] = {}
    waits: dict[tuple[str, str], tuple[str, datetime]] = {}
    for entry in evidence.journal:
        if entry.kind not in CHARGES:
            continue
        card, invoice = entry.data.get("fingerprint") or "", entry_about(entry)
        at = moment_in(evidence, entry)
        if is_ours(entry) and card in refused:
            yield "refused_for_good", f"{entry.key} was tried after the answer {refused[card]}"
        advice, until = waits.get((card, invoice), ("", None))
        if is_ours(entry) and at and until and at < until:
            early = f"{at:%Y-%m-%d %H:%M}, before {until:%Y-%m-%d %H:%M}"
            yield "network_waits", f"{entry.key} was tried at {early} (advice {advice})"
        if entry.data.get("decline_code") in _FOR_GOOD:
            refused[card] = entry.data["decline_code"]
        given = str(entry.data.get("network_advice"))
        if at and given in _WAITS:
            waits[card, invoice] = given, at + timedelta(hours=_WAITS[given])


def _old_cards(journal: Sequence[LogEntry]) -> Broken:
    seen: set[str] = set()
    begun: set[str] = set()
    old: set[str] = set()
    for entry in journal:
        if entry.kind in _NEW_CARD:
            old |= seen
        if entry.kind not in CHARGES:
            continue
        card, charge = entry.data["fingerprint"], entry.subjects["charge"]
        if is_ours(entry) and card in old and charge not in begun:
            yield "old_cards", f"{entry.key} was tried on the card before the new one"
        seen.add(card)
        begun.add(charge)


def _amounts(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """An e-mail names the minor units that remain as the world saw them, however its language writes them."""
    due: int | None = None
    for entry in journal:
        if entry_about(entry) != subject.invoice:
            continue
        amount = entry.data.get("amount") or 0
        match entry.kind:
            case "invoice.finalized":
                due = entry.data["amount_remaining"]
            case "charge.succeeded" | "invoice.credited" | "payment_record.attached" if due is not None:
                due -= amount
            case "invoice.credit_voided" if due is not None:
                due += amount
        text = evidence.mails.get(entry.key or "", "") if entry.kind == "email.accepted" else ""
        names_it = due and subject.number and subject.number in text
        if names_it and str(due) not in re.findall(r"\d+", _BETWEEN_DIGITS.sub("", text)):
            yield "wrong_amounts", f"{entry.key} does not ask for {due}, which was due"


def _stood_still(evidence: Evidence, journal: Sequence[LogEntry]) -> Broken:
    debits: set[str] = set()
    waiting: datetime | None = None
    for entry in journal:
        at, charge = moment_in(evidence, entry), entry.subjects.get("charge", "")
        if waiting and at and (is_ours(entry) or entry.kind == "invoice.paid"):
            if at - waiting > _GOES_ON:
                yield (
                    "stood_still",
                    f"after a part had arrived, {entry.key or entry.kind} came {(at - waiting).days} days later",
                )
            waiting = None
        if entry.kind == "charge.processing" and not is_ours(entry):
            debits.add(charge)
        elif entry.kind == "charge.succeeded" and charge in debits and entry.data.get("amount_remaining"):
            waiting = at
    if waiting:
        yield "stood_still", f"nothing was done after a part had arrived on {waiting:%Y-%m-%d}"


def _elsewhere(journal: Sequence[LogEntry]) -> Broken:
    """A voucher and a transfer are over when they were paid: no later word comes from a script that lets them be."""
    chosen: dict[str, bool] = defaultdict(bool)
    begins = {"takes_voucher": "voucher", "chooses_transfer": "transfer"}
    ends = {"voucher_paid": "voucher", "transfer_arrives": "transfer"}
    for entry in journal:
        if entry.kind in begins:
            chosen[begins[entry.kind]] = True
        elif entry.kind in ends:
            chosen[ends[entry.kind]] = False
        elif is_ours(entry) and entry.kind in CHARGES:
            yield from ((f"beside_{way}s", f"{entry.key} was tried meanwhile") for way, on in chosen.items() if on)
        elif is_ours(entry) and entry.kind in _TAKES_AWAY and chosen["voucher"]:
            yield "beside_vouchers", f"{entry.key} ({entry.kind}) was done meanwhile"
