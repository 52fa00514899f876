"""The properties, each asked of a household at its end. Counted from what the stand-ins saw, not from our own records.

A check yields a sentence for each thing that is wrong.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from domain.case import Case, ChargeOutcome, Outcome, StepState
from domain.steps import Channel, Stage
from gateways.ports.rows import ContactRow
from sandbox.providers.journal import CHARGES, CONTACTS, LogEntry
from tests.lives.checks_of_access import access_holds
from tests.lives.checks_of_calls import calls_hold
from tests.lives.checks_of_closings import closings_hold
from tests.lives.checks_of_events import events_hold
from tests.lives.checks_of_orders import orders_hold
from tests.lives.lived import Lived
from tests.lives.temporal import Held

Wrong = Iterator[str]
Check = Callable[[Lived], Wrong]

_MONTH, _DAY = timedelta(days=30), timedelta(days=1)
_LIMITS = {"visa": ((20, _MONTH, True),), "mastercard": ((10, _DAY, False), (35, _MONTH, True))}
_OTHER = ((20, _MONTH, True),)
"""Declined charges of one card: how many, within how long, and whether only those of one amount. Visa Core Rules
7.3.6.3; Mastercard's excessive attempts; Visa's for those that publish none."""
_DEBITS = {"nz_bank_account": 2, "acss_debit": 2}
_OTHER_DEBITS = 3
"""Debits of one account in a row that bring no money: two of BECS in New Zealand and of PAD, three of the others."""
_ENDS = frozenset({"handoff.accepted", "subscription.canceled", "invoice.marked_uncollectible"})
_HARSH = CHARGES | CONTACTS | _ENDS | {"service.restricted"}
_WEEK = timedelta(days=7)
_SLACK = timedelta(days=16)
"""What a rule may put off: contact hours and holidays (4 days), the person's caps (7), a provider's silence (5)."""


def ends_in_time(lived: Lived) -> Wrong:
    """a. Within the policy's days, the agency's, and as long as it was held or nobody was there to run it. One that was
    paid after its end, and taken up again, has nothing to wait for."""
    for held in (run for last in lived.cases.values() for run in last.runs):
        case = held.case
        if held.closed_at is None:
            yield f"{case.facts.invoice_id} never ends: {held.decided.decision if held.decided else 'nothing decided'}"
            continue
        horizon = held.begun_at if held.earlier else case.facts.opened_at + _horizon(lived, case)
        limit = horizon + held.stood_still + lived.away + _SLACK
        if held.closed_at > limit:
            yield f"{case.facts.invoice_id} ended on {held.closed_at:%m-%d}, {held.closed_at - limit} too late"


def _horizon(lived: Lived, case: Case) -> timedelta:
    policy = lived.policies.get(case.policy.name)
    agency = policy.endgame.collections.deadline_days if policy.endgame.collections else 0
    return timedelta(days=policy.timeline[-1].day + agency + policy.endgame.notice_days)


def ends_announced(lived: Lived) -> Wrong:
    """b. No subscription cancelled, no case handed over and no debt given up of which nobody was told."""
    for done in lived.done:
        # An agency that did not acknowledge is told once more of what it was given.
        ends = [entry for entry in done.entries if entry.kind in _ENDS and _is_ours(entry) and not _again(entry)]
        held = _case(lived, done.invoice)
        if not ends or _was_ended_by_others(lived, held, done.at):
            continue
        if not _notices(lived, done.invoice, done.at) and not lived.asked.get(done.invoice):
            yield f"{done.invoice}: {ends[0].kind} on {done.at:%m-%d %H:%M}, and no final notice had arrived"


def nothing_while_paying(lived: Lived) -> Wrong:
    """c. Nothing but giving back while a payment of the invoice is on its way, whoever began it."""
    for done in lived.done:
        if not done.paying:
            continue
        for entry in done.entries:
            # What the end gives back may still be limited for another invoice of the subscription.
            if entry.kind in _HARSH and _is_ours(entry) and ":end-restore:" not in (entry.key or ""):
                yield f"{done.invoice}: {entry.kind} on {done.at:%m-%d %H:%M} while a payment was on its way"


def money_agrees(lived: Lived) -> Wrong:
    """d. The provider, the ledger and the case say the same, and nobody was charged twice or too much."""
    stripe = lived.world.stripe
    charged: dict[str, list[LogEntry]] = defaultdict(list)
    for entry in lived.world.log:
        if entry.kind in CHARGES and _is_ours(entry):
            charged[entry.key or ""].append(entry)
    for held in lived.cases.values():
        case = held.case
        invoice = case.facts.invoice_id
        document, row = stripe.get(invoice), lived.ledger.case(invoice)
        assert row is not None
        owed = 0 if document["status"] == "paid" else document["amount_remaining"]
        owed_here = owed + _taken_back(lived, held)
        # Of one that is void nothing is owed, whatever it still shows. Below nothing: more came in than was owed.
        if document["status"] != "void" and max(0, row.remaining.amount) != owed_here:
            yield f"{invoice}: {owed_here} remain at Stripe, {row.remaining.amount} in the ledger"
        if document["status"] != "void" and max(0, case.due.amount) != owed and not _moved_after(lived, held):
            yield f"{invoice}: {owed} remain at Stripe, {case.due.amount} in the case"
        yield from _attempts_agree(lived, invoice, charged)
        yield from _outside_agrees(lived, held)
    for done in lived.done:
        for entry in done.entries:
            if entry.kind in CHARGES and _is_ours(entry) and entry.data["amount"] > done.owed:
                yield f"{done.invoice}: {entry.data['amount']} charged of {done.owed}"


def _attempts_agree(lived: Lived, invoice: str, charged: dict[str, list[LogEntry]]) -> Wrong:
    rows = {row.key: row for row in lived.ledger.attempts_of(invoice) if row.key}
    disputes = lived.world.stripe.store.of_kind("dispute")
    lost = {one["charge"] for one in disputes if one["status"] == "lost"}  # also by a debit that came back
    for key, entries in charged.items():
        if entries[0].subjects["invoice"] != invoice:
            continue
        if len({entry.subjects["charge"] for entry in entries}) > 1:
            yield f"{invoice}: charged {len(entries)} times under {key}"
        row = rows.get(key)
        if row is None:
            yield f"{invoice}: {key} was charged, and the ledger has no such attempt"
            continue
        ended = _last_word(lived, entries[-1])
        paid = ended == "charge.succeeded" and entries[-1].subjects["charge"] not in lost
        # A decline whose answer was lost may stay unknown, when the case has no further charge: no money moved.
        unknown = row.outcome is None and not paid
        if not unknown and paid != (row.outcome is ChargeOutcome.PAID):
            yield f"{invoice}: {key} ended as {ended}, and as {row.outcome} in the ledger"
    for key, row in rows.items():
        if row.outcome is ChargeOutcome.PAID and key not in charged:
            yield f"{invoice}: {key} is paid in the ledger, and Stripe has charged nothing under it"


def _outside_agrees(lived: Lived, held: Held) -> Wrong:
    """What came in another way, as far as the case has recorded it, is what Stripe knows besides what others said."""
    invoice = held.case.facts.invoice_id
    done = [one for one in held.case.outside if one.key in held.case.steps]
    ours = sum(one.amount.amount for one in done if held.case.steps[one.key].state is StepState.DONE)
    at_stripe = lived.world.stripe.store.paid_off_stripe(invoice) - lived.out_of_band.get(invoice, 0)
    # More than remained there by then (a credit note came in between) pays it, and no more can be recorded.
    paid = lived.world.stripe.get(invoice)["status"] == "paid"
    if ours < at_stripe or (ours > at_stripe and not paid):
        yield f"{invoice}: {ours} recorded as paid outside, {at_stripe} of it known at Stripe"
    if held.closed_at and len(done) < len(held.case.outside):
        yield f"{invoice}: closed before {held.case.outside[len(done)].amount} was recorded at Stripe"


def _taken_back(lived: Lived, held: Held) -> int:
    """What a bank took back of an invoice whose case had ended with the money: at Stripe it stays paid."""
    stripe = lived.world.stripe
    intents = {intent["id"] for intent in stripe.invoices.intents(stripe.store.objects[held.case.facts.invoice_id])}
    lost = [one for one in stripe.store.of_kind("dispute") if one["status"] == "lost"]
    charges = {one["charge"]: one["amount"] for one in lost if one["payment_intent"] in intents}
    got = held.case.closing and held.case.closing.outcome in (Outcome.RECOVERED, Outcome.SETTLED)
    return sum(charges.values()) if got else 0


def _last_word(lived: Lived, entry: LogEntry) -> str:
    """What became of a charge: the bank's answer to a debit comes later, and under no key."""
    charge = entry.subjects["charge"]
    return [one.kind for one in lived.world.log if one.kind in CHARGES and one.subjects.get("charge") == charge][-1]


def ceilings_hold(lived: Lived) -> Wrong:
    """e. However many invoices are charged on one card. What Stripe itself refuses, no network counts."""
    tries: dict[tuple[str, str], list[LogEntry]] = defaultdict(list)
    for entry in lived.world.log:
        answered = entry.kind in ("charge.failed", "charge.succeeded") and entry.data.get("fingerprint")
        if answered and _reached_the_network(lived, entry):
            tries[entry.data["brand"], entry.data["fingerprint"]].append(entry)
    for (brand, card), entries in tries.items():
        if brand.endswith(("_debit", "_account")):
            continue
        for limit, within, of_one_amount in _LIMITS.get(brand, _OTHER):
            failed: list[LogEntry] = []
            for entry in entries:
                amount = entry.data["amount"]
                recent = [one for one in failed if one.at > entry.at - within]
                count = sum(1 for one in recent if not of_one_amount or one.data["amount"] == amount)
                if _is_ours(entry) and count >= limit:
                    yield f"{brand} {card}: {entry.key} at {entry.at:%m-%d %H:%M} after {count} in {within}"
                if entry.kind == "charge.succeeded":
                    failed = [one for one in failed if of_one_amount and one.data["amount"] != amount]
                elif _is_ours(entry):
                    failed.append(entry)


def debits_hold(lived: Lived) -> Wrong:
    """e. However many invoices are debited from one bank account: so often in a row without money, until some comes.

    The row is that in which they were made, however late each is answered. Another's debit counts from when we were
    told that it came back: webhooks may be days late.
    """
    standing: dict[str, dict[str, LogEntry]] = defaultdict(dict)  # account → debits since one that brought money
    made: dict[str, datetime] = {}  # charge → when
    paid: dict[str, datetime] = {}  # account → when the newest debit was made that brought money
    for entry in lived.world.log:
        account, brand, charge = entry.data.get("fingerprint"), entry.data.get("brand"), entry.subjects.get("charge")
        if entry.kind not in CHARGES or not charge or not account or not str(brand).endswith(("_debit", "_account")):
            continue
        if not _reached_the_network(lived, entry):
            continue
        begun = made.setdefault(charge, entry.at)
        if entry.kind == "charge.succeeded":
            paid[account] = max(begun, paid.get(account, begun))
            row = standing[account]
            rest = {one: first for one, first in row.items() if one != charge and made[one] >= paid[account]}
            standing[account] = rest
        elif account in paid and begun < paid[account]:
            continue
        elif charge not in standing[account] and (_is_ours(entry) or entry.kind == "charge.failed"):
            known = sum(1 for one in standing[account].values() if _is_ours(one) or _told(lived, one, entry.at))
            if _is_ours(entry) and known >= _DEBITS.get(str(brand), _OTHER_DEBITS):
                yield f"{brand} {account}: {entry.key} at {entry.at:%m-%d %H:%M} after {known} without money"
            standing[account][charge] = entry


def _told(lived: Lived, failed: LogEntry, by: datetime) -> bool:
    return lived.was_told(failed.subjects["invoice"], failed.at, by)


def caps_hold(lived: Lived) -> Wrong:
    """f. Messages to one person in a week, and apart; a final notice that waited a week goes out all the same.

    Of two at one moment the second is asked about: the policy of its case counts.
    """
    went_out = {entry.key: place for place, entry in reversed(list(enumerate(lived.world.log)))}

    def when(row: ContactRow) -> tuple[datetime, int]:
        return row.as_of, went_out.get(row.key, len(lived.world.log))

    for customer in lived.house.customers:
        sent = [
            row
            for held in lived.cases.values()
            if held.case.facts.customer_id == customer
            for row in lived.ledger.contacts(held.case.facts.invoice_id)
            if row.state == "sent" and row.channel is not Channel.NOTICE
        ]
        for row in sent:
            policy = lived.policies.get(_case(lived, row.invoice_id).case.policy.name).contacts
            others = [other.as_of for other in sent if when(other) < when(row)]
            week = [at for at in others if at > row.as_of - _WEEK]
            close = [at for at in others if at + policy.distance > row.as_of]
            waited = row.stage == Stage.FINAL and _waited_a_week(lived, row.invoice_id, row.step)
            if (len(week) >= policy.per_week or close) and not waited:
                yield f"{customer}: {row.key} on {row.as_of:%m-%d %H:%M} after {len(week)} in a week"
    keys = [entry.key for entry in lived.world.log if entry.kind in CONTACTS and _is_ours(entry)]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield f"{key} was sent {keys.count(key)} times"


CHECKS: dict[str, Check] = {
    "every case ends within its horizon and its holds": ends_in_time,
    "no end without an arrived notice or a human": ends_announced,
    "nothing while a payment is on its way": nothing_while_paying,
    "money at the provider, in the ledger and in the case": money_agrees,
    "ceilings of one card over all its invoices": ceilings_hold,
    "debits of one bank account over all its invoices": debits_hold,
    "caps per person": caps_hold,
    "an operator's orders": orders_hold,
    "events out": events_hold,
    "access of who owes nothing": access_holds,
    "what is said and stands after the end": closings_hold,
    "calls that wait": calls_hold,
}


def wrong(lived: Lived) -> list[str]:
    """All that is wrong with a household. That nothing strange leaves an activity is seen while it lives."""
    return [f"{name}: {sentence}" for name, check in CHECKS.items() for sentence in check(lived)]


def _is_ours(entry: LogEntry) -> bool:
    return (entry.key or "").startswith("dun:")


def _reached_the_network(lived: Lived, entry: LogEntry) -> bool:
    """Whether it did not end at Stripe, which refuses what its own rules hold for a risk, and what it has blocked."""
    outcome = lived.world.stripe.get(entry.subjects["charge"])["outcome"] or {}
    return bool(outcome.get("network_status") != "not_sent_to_network")


def _again(entry: LogEntry) -> bool:
    return (entry.key or "").endswith(":handoff-again")


def _case(lived: Lived, invoice: str) -> Held:
    return next(held for held in lived.cases.values() if held.case.facts.invoice_id == invoice)


def _was_ended_by_others(lived: Lived, held: Held, at: datetime) -> bool:
    """A clerk's order, or an end that came from Stripe: nothing has to be announced then."""
    orders = lived.ordered.get(held.case.facts.invoice_id, ())
    ended = any(run.case.closing and run.case.closing.at <= at for run in held.runs)
    return bool({"settle", "write_off"} & set(orders)) and ended


def _notices(lived: Lived, invoice: str, at: datetime) -> list[LogEntry]:
    """Final notices that went out before `at` and of which nobody had said by then that they did not arrive: its own,
    and those of the customer's other invoices that say they are this one's as well."""
    rows = [row for held in lived.cases.values() for row in lived.ledger.contacts(held.case.facts.invoice_id)]
    finals = {
        row.key: row.invoice_id
        for row in rows
        if row.stage == Stage.FINAL and row.as_of <= at
        if row.invoice_id == invoice or (row.said and invoice in row.said.also_final)
    }
    lost = [(when, of, channel) for when, of, channel in lived.not_arrived if when <= at]
    return [
        entry
        for entry in lived.world.log
        if entry.kind in CONTACTS
        and entry.key in finals
        and entry.at <= at
        and not any(
            of == finals[entry.key] and entry.key.endswith(f":{channel}") and when >= entry.at
            for when, of, channel in lost
        )
    ]


def _moved_after(lived: Lived, held: Held) -> bool:
    """Whether money moved after the case had ended, which is the ledger's business."""
    invoice, at = held.case.facts.invoice_id, held.closed_at
    kinds = CHARGES | {"invoice.paid", "invoice.paid_out_of_band", "invoice.credited", "invoice.voided"}
    return any(
        entry.at >= at and entry.kind in kinds and entry.subjects.get("invoice") == invoice
        for entry in lived.world.log
        if at
    )


def _waited_a_week(lived: Lived, invoice: str, step: str) -> bool:
    put_off = [
        entry.at
        for entry in lived.ledger.record(invoice)
        if entry.step == step and entry.rule and "postponed" in entry.what
    ]
    return bool(put_off)
